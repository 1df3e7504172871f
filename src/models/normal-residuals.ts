import type { Calibration, ResidualRun } from './decision/calibration.ts';
import { createDecider } from './decision/decider.ts';
import type { Engine, ScoringOptions } from './engine.ts';
import type { TrainingOrder } from './trainer.ts';
import { type WindowStart, windowStarts } from './training-set.ts';

const batch = 256;

/**
 * Residuals of the last row of every training window, fitted and held out, in runs without a break and as live scoring
 * would see them.
 */
export async function normalResiduals(
  order: TrainingOrder,
  engine: Engine,
  network: ScoringOptions,
): Promise<ResidualRun[]> {
  const channels = order.channels.length;
  const options = { ...order, channels, length: order.windowLength };
  const starts = windowStarts(order.assets, options, (rows) => [0, rows]).filter(
    ({ row }) => row % order.stride === 0,
  );
  const residuals = new Float32Array(starts.length * channels);
  const session = await engine.createScoring(network);
  try {
    for (let first = 0; first < starts.length; first += batch) {
      const some = starts.slice(first, first + batch);
      const { lastResidual } = await session.score(windowsAt(order, some), some.length);
      residuals.set(lastResidual, first * channels);
    }
  } finally {
    await session.dispose();
  }
  return splitIntoRuns(order, starts, residuals);
}

/** Scores of the windows from `position` on (see {@link ResidualRun}), run after run. */
export function scoresFrom(
  runs: readonly ResidualRun[],
  position: number,
  calibration: Calibration,
): number[] {
  const decider = createDecider(calibration);
  const channels = calibration.mean.length;
  const attribution = new Float32Array(channels);
  const scores: number[] = [];
  for (const [asset, run] of runs.entries()) {
    for (const [row, when] of run.position.entries()) {
      const residual = run.residuals.subarray(row * channels, (row + 1) * channels);
      const score = decider.decide(asset, residual, attribution);
      if (when >= position) scores.push(score);
    }
  }
  return scores;
}

/** The windows from `starts` on, `[n x T x C]` in raw units. */
export function windowsAt(
  { assets, windowLength, channels }: TrainingOrder,
  starts: readonly WindowStart[],
): Float32Array {
  const size = windowLength * channels.length;
  const windows = new Float32Array(starts.length * size);
  for (const [i, { asset, row }] of starts.entries()) {
    const from = row * channels.length;
    windows.set(assets[asset].values.subarray(from, from + size), i * size);
  }
  return windows;
}

function splitIntoRuns(
  { assets, windowLength, stride, channels }: TrainingOrder,
  starts: readonly WindowStart[],
  residuals: Float32Array,
): ResidualRun[] {
  const runs: ResidualRun[] = [];
  const count = channels.length;
  let from = 0;
  for (let i = 1; i <= starts.length; i++) {
    const { asset, row } = starts[i - 1];
    const next = starts[i];
    if (next !== undefined && next.asset === asset && next.row === row + stride) continue;
    const run = residuals.slice(from * count, i * count);
    const { at, measured } = assets[asset];
    const position = new Float32Array(i - from);
    for (let k = 0; k < position.length; k++) {
      const lastRow = starts[from + k].row + windowLength - 1;
      position[k] = lastRow / at.length;
      for (let channel = 0; channel < count; channel++) {
        if (measured[lastRow * count + channel] === 0) run[k * count + channel] = Number.NaN;
      }
    }
    runs.push({ residuals: run, position });
    from = i;
  }
  return runs;
}
