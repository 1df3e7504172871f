import type { SourceKind } from './detector.ts';
import type { DetectorPlan } from './detector-plan.ts';
import { smooth } from './statistic.ts';

/** Consecutive normal windows of one asset. */
export interface ResidualRun {
  readonly assetId: string;
  /** Signed residuals of the windows' last rows by source, `[n x C]`, scaled; NaN where the reading is missing. */
  readonly residuals: ReadonlyMap<SourceKind, Float32Array>;
  /** When each window was, as a share of its asset's training time: from 0 up to, not including, 1. */
  readonly position: Float32Array;
  /** Epoch ms of each window's last row. */
  readonly at: Float64Array;
}

/** The residuals of a run as one detector smooths them. */
export interface SmoothedRun {
  readonly assetId: string;
  /** `[m x C]`. */
  readonly rows: Float32Array;
  readonly position: Float32Array;
  /** Which window of the run each row is of. */
  readonly windows: Uint32Array;
}

/** The rows of one run that lie in one block of time. */
export interface RunPart {
  /** Which of the runs. */
  readonly run: number;
  readonly assetId: string;
  readonly rows: Float32Array;
  readonly windows: Uint32Array;
}

/** Time is cut into so many blocks. */
const blockCount = 5;
/** Smoothing begins at 0, so the first windows of a run say little about how far residuals go. */
const settlingWindows = 16;

/** Smooths a run for one detector; windows that end in a gap, and the first ones, have no row. */
export function smoothRun(
  run: ResidualRun,
  { source, smoothing }: Pick<DetectorPlan, 'source' | 'smoothing'>,
  channels: number,
): SmoothedRun {
  const { assetId, residuals, position } = run;
  const rows = residuals.get(source)!;
  const running = new Float32Array(channels);
  const smoothed = new Float32Array(rows.length);
  const when = new Float32Array(position.length);
  const windows = new Uint32Array(position.length);
  let count = 0;
  for (let at = 0; at < rows.length; at += channels) {
    const row = rows.subarray(at, at + channels);
    // A window that ends in a gap is not judged live either.
    if (row.every(Number.isNaN)) continue;
    smooth(running, row, smoothing);
    smoothed.set(running, count * channels);
    windows[count] = at / channels;
    when[count++] = position[at / channels];
  }
  const skipped = Math.min(settlingWindows, Math.floor(count / 2));
  return {
    assetId,
    rows: smoothed.subarray(skipped * channels, count * channels),
    position: when.subarray(skipped, count),
    windows: windows.subarray(skipped, count),
  };
}

/**
 * The parts of the runs by block of the time from the first window on; a run without rows in a block has no part of it.
 * With few rows the first window alone takes a good part of the time, in which there is nothing to cut.
 */
export function cutIntoBlocks(runs: readonly SmoothedRun[], channels: number): RunPart[][] {
  const first = runs.reduce((least, { position }) => Math.min(least, position[0] ?? 1), 1);
  return Array.from({ length: blockCount }, (_, block) =>
    runs.flatMap(({ assetId, rows, position, windows }, run) => {
      const within = (at: number) =>
        Math.floor(((position[at] - first) / (1 - first)) * blockCount) === block;
      let from = 0;
      while (from < position.length && !within(from)) from++;
      let to = from;
      while (to < position.length && within(to)) to++;
      if (from === to) return [];
      return [
        {
          run,
          assetId,
          rows: rows.subarray(from * channels, to * channels),
          windows: windows.subarray(from, to),
        },
      ];
    }),
  );
}
