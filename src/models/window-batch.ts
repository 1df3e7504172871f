import type { Asset, Window } from '../types.ts';

/** Copies of windows on their way to the engine; reused batch after batch, so that scoring makes no garbage of them. */
export interface WindowBatch {
  readonly count: number;
  readonly assets: readonly Asset[];
  readonly at: Float64Array;
  /** Not float32, in which 0.7 is less than 0.7. */
  readonly coverage: Float64Array;
  full(): boolean;
  add(window: Window): void;
  /** `[count x T x C]`, a view. */
  values(): Float32Array;
  /** A copy of the last row of window `i`, length C; the last known value where a reading is missing. */
  lastRow(i: number): Float32Array;
  /** Whether the channel, or with null any channel, was measured in window `i`'s last row. */
  lastRowMeasured(i: number, channel: number | null): boolean;
  /** Whether anything was measured in the row before it; where it is not, the last values from before the gap stand there. */
  rowBeforeMeasured(i: number): boolean;
  clear(): void;
}

export function createWindowBatch(capacity: number, length: number, channels: number): WindowBatch {
  const size = length * channels;
  const values = new Float32Array(capacity * size);
  /** Of the last two rows of each window. */
  const measured = new Uint8Array(capacity * 2 * channels);
  const at = new Float64Array(capacity);
  const coverage = new Float64Array(capacity);
  const assets: Asset[] = [];
  let count = 0;

  return {
    get count() {
      return count;
    },
    assets,
    at,
    coverage,
    full: () => count === capacity,
    add(window) {
      values.set(window.values, count * size);
      measured.set(window.measured.subarray(size - 2 * channels), count * 2 * channels);
      at[count] = window.at;
      coverage[count] = window.coverage;
      assets[count] = window.asset;
      count++;
    },
    values: () => values.subarray(0, count * size),
    lastRow: (i) => values.slice((i + 1) * size - channels, (i + 1) * size),
    lastRowMeasured(i, channel) {
      const row = (2 * i + 1) * channels;
      if (channel !== null) return measured[row + channel] === 1;
      return measured.subarray(row, row + channels).includes(1);
    },
    rowBeforeMeasured: (i) => measured.subarray(2 * i * channels, (2 * i + 1) * channels).includes(1),
    clear() {
      count = 0;
    },
  };
}
