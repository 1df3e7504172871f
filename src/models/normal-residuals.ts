import { createDecider, type ResidualsBySource } from './decision/decider.ts';
import type { Calibration, SourceKind } from './decision/detector.ts';
import type { ResidualRun } from './decision/smoothed-run.ts';
import type { Engine } from './engine.ts';
import type { Predictors } from './model.ts';
import { createWindowResiduals } from './sources/window-residuals.ts';
import { type AssetRows, type WindowStart, windowStarts } from './training-set.ts';

const batch = 256;

/** Rows, and how windows are cut from them. */
interface RowsInWindows {
  readonly assets: readonly AssetRows[];
  readonly windowLength: number;
  readonly stride: number;
  readonly sampleEveryMs: number;
  readonly minCoverage: number;
}

/**
 * Residuals of the last row of every training window, fitted and held out, by source, in runs without a break and as live
 * scoring would see them.
 */
export async function normalResiduals(
  order: RowsInWindows,
  engine: Engine,
  predictors: Predictors,
): Promise<ResidualRun[]> {
  const channels = predictors.scaling.center.length;
  const options = { ...order, channels, length: order.windowLength };
  const starts = windowStarts(order.assets, options, (rows) => [0, rows]).filter(
    ({ row }) => row % order.stride === 0,
  );
  const { spec, weights, scaling, linear } = predictors;
  const network = new Float32Array(starts.length * channels);
  const residuals = new Map<SourceKind, Float32Array>([['network', network]]);
  for (const { kind } of linear) residuals.set(kind, new Float32Array(network.length));
  const windowResiduals = createWindowResiduals(scaling, order.windowLength);
  const session = await engine.createScoring({ spec, weights, scaling });
  try {
    for (let first = 0; first < starts.length; first += batch) {
      const some = starts.slice(first, first + batch);
      const windows = windowsAt(order, some, channels);
      network.set((await session.score(windows, some.length)).lastResidual, first * channels);
      for (const source of linear) {
        const all = residuals.get(source.kind)!;
        for (let i = 0; i < some.length; i++) {
          const at = (first + i) * channels;
          windowResiduals.write(source, windows, i, all.subarray(at, at + channels));
        }
      }
    }
  } finally {
    await session.dispose();
  }
  return splitIntoRuns(order, starts, residuals, channels);
}

/** Scores of the windows from `position` on (see {@link ResidualRun}), run after run. */
export function scoresFrom(
  runs: readonly ResidualRun[],
  position: number,
  calibration: Calibration,
): number[] {
  const decider = createDecider(calibration, (run) => runs[run].assetId);
  const channels = calibration.detectors[0].mean.length;
  const attribution = new Float32Array(channels);
  const scores: number[] = [];
  for (const [at, run] of runs.entries()) {
    for (const [row, when] of run.position.entries()) {
      const residuals: ResidualsBySource = Object.fromEntries(
        Array.from(run.residuals, ([kind, all]) => [
          kind,
          all.subarray(row * channels, (row + 1) * channels),
        ]),
      );
      const { value } = decider.decide(at, residuals, attribution);
      if (when >= position) scores.push(value);
    }
  }
  return scores;
}

/** The windows from `starts` on, `[n x T x C]` in raw units. */
export function windowsAt(
  { assets, windowLength }: Pick<RowsInWindows, 'assets' | 'windowLength'>,
  starts: readonly WindowStart[],
  channels: number,
): Float32Array {
  const size = windowLength * channels;
  const windows = new Float32Array(starts.length * size);
  for (const [i, { asset, row }] of starts.entries()) {
    const from = row * channels;
    windows.set(assets[asset].values.subarray(from, from + size), i * size);
  }
  return windows;
}

function splitIntoRuns(
  { assets, windowLength, stride }: RowsInWindows,
  starts: readonly WindowStart[],
  residuals: ReadonlyMap<SourceKind, Float32Array>,
  channels: number,
): ResidualRun[] {
  const runs: ResidualRun[] = [];
  let from = 0;
  for (let i = 1; i <= starts.length; i++) {
    const { asset, row } = starts[i - 1];
    const next = starts[i];
    if (next !== undefined && next.asset === asset && next.row === row + stride) continue;
    const { assetId, at, measured } = assets[asset];
    const lastRows = starts.slice(from, i).map((start) => start.row + windowLength - 1);
    const blotted = (all: Float32Array): Float32Array => {
      const run = all.slice(from * channels, i * channels);
      for (let k = 0; k < run.length; k++) {
        if (measured[lastRows[Math.floor(k / channels)] * channels + (k % channels)] === 0)
          run[k] = Number.NaN;
      }
      return run;
    };
    runs.push({
      assetId,
      residuals: new Map(Array.from(residuals, ([kind, all]) => [kind, blotted(all)])),
      position: Float32Array.from(lastRows, (last) => last / at.length),
      at: Float64Array.from(lastRows, (last) => at[last]),
    });
    from = i;
  }
  return runs;
}
