import type { Row } from '../types.ts';

/** Consecutive rows of one asset on its grid; `n` rows of C channels. Cloneable, so that it can go to a child process. */
export interface AssetRows {
  readonly assetId: string;
  /** Epoch ms of each row, ascending. */
  readonly at: Float64Array;
  /** `[n x C]`, raw units, the last known value where `measured` is 0. */
  readonly values: Float32Array;
  readonly measured: Uint8Array;
}

type CollectedRow = Pick<Row, 'at' | 'values' | 'measured'> & { readonly asset: { readonly id: string } };

export interface RowCollector {
  add(row: CollectedRow): void;
  rows(): number;
  /** Copies what was collected, assets in order of id, so that the order of arrival does not change the model. */
  snapshot(): AssetRows[];
  clear(): void;
}

interface Buffer {
  count: number;
  at: Float64Array;
  values: Float32Array;
  measured: Uint8Array;
}

/** Keeps rows of a class until there are enough to train on; its user bounds it by asking for `rows()`. */
export function createRowCollector(channels: number): RowCollector {
  const buffers = new Map<string, Buffer>();
  let total = 0;

  const grow = (buffer: Buffer): void => {
    const capacity = buffer.at.length * 2;
    const bigger = emptyBuffer(capacity, channels);
    bigger.at.set(buffer.at);
    bigger.values.set(buffer.values);
    bigger.measured.set(buffer.measured);
    Object.assign(buffer, bigger, { count: buffer.count });
  };

  return {
    add(row) {
      let buffer = buffers.get(row.asset.id);
      if (buffer === undefined) {
        buffer = emptyBuffer(64, channels);
        buffers.set(row.asset.id, buffer);
      }
      if (buffer.count === buffer.at.length) grow(buffer);
      buffer.at[buffer.count] = row.at;
      buffer.values.set(row.values, buffer.count * channels);
      buffer.measured.set(row.measured, buffer.count * channels);
      buffer.count++;
      total++;
    },
    rows: () => total,
    snapshot: () =>
      [...buffers]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([assetId, { count, at, values, measured }]) => ({
          assetId,
          at: at.slice(0, count),
          values: values.slice(0, count * channels),
          measured: measured.slice(0, count * channels),
        })),
    clear() {
      buffers.clear();
      total = 0;
    },
  };
}

function emptyBuffer(capacity: number, channels: number): Buffer {
  return {
    count: 0,
    at: new Float64Array(capacity),
    values: new Float32Array(capacity * channels),
    measured: new Uint8Array(capacity * channels),
  };
}

/** Where a window begins: which asset's rows, and at which row. */
export interface WindowStart {
  readonly asset: number;
  readonly row: number;
}

/**
 * All windows of `length` unbroken rows that lie within rows `[from(n), to(n))` of each asset and of which at least
 * `minCoverage` was measured, in order of time. A step in time other than `sampleEveryMs` breaks a run.
 */
export function windowStarts(
  assets: readonly AssetRows[],
  options: { channels: number; length: number; sampleEveryMs: number; minCoverage: number },
  range: (rows: number) => readonly [from: number, to: number],
): WindowStart[] {
  const { channels, length, sampleEveryMs, minCoverage } = options;
  const starts: WindowStart[] = [];
  for (const [asset, { at, measured }] of assets.entries()) {
    const [from, to] = range(at.length);
    let run = 0;
    let covered = 0;
    for (let row = from; row < to; row++) {
      const unbroken = row > from && at[row] - at[row - 1] === sampleEveryMs;
      if (!unbroken) {
        run = 0;
        covered = 0;
      }
      run++;
      covered += measuredIn(measured, row, channels);
      if (run > length) covered -= measuredIn(measured, row - length, channels);
      if (run >= length && covered / (length * channels) >= minCoverage)
        starts.push({ asset, row: row - length + 1 });
    }
  }
  return starts;
}

function measuredIn(measured: Uint8Array, row: number, channels: number): number {
  let count = 0;
  for (let at = row * channels; at < (row + 1) * channels; at++) count += measured[at];
  return count;
}
