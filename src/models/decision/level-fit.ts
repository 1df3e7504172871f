import { quantileOfSorted } from '../scaling.ts';
import type { AssetPart, Calibration, Detector } from './detector.ts';
import { type ResidualRun, type SmoothedRun, smoothRun } from './smoothed-run.ts';
import { squaredDistance, statisticsOf } from './statistic.ts';

/** What the windows since a shift say of an asset's new level. */
export type LevelFit =
  /** It stays where it is; with these parts, one for each detector, its windows are normal. */
  | { readonly kind: 'steady'; readonly windows: number; readonly parts: readonly AssetPart[] }
  | { readonly kind: 'too_few'; readonly windows: number }
  /** From the first half to the second it went on by so many thresholds: no new level, but one that is still going. */
  | { readonly kind: 'moving'; readonly windows: number; readonly by: number }
  /** Its windows do not agree: about their own mean this share of them is still beyond the threshold. */
  | { readonly kind: 'unsteady'; readonly windows: number; readonly exceeding: number };

/** With fewer windows than this a level is not known from a passing state. */
export const fewestLevelWindows = 60;
/** Thresholds by which the halves' means may differ. A fault that creeps on moves the second half further than noise does. */
const mostMovement = 0.5;
/** Share of windows that may be beyond the threshold all the same. */
const mostExceeding = 0.02;
/** What moves to another level often wavers more there: its 0.99 quantile is brought to this part of the threshold ... */
const roomOfQuantile = 0.8;
/** ... but no further than by halving the statistic, as for any asset. */
const leastFactor = 0.5;

/**
 * What would make the windows of `runs`, all of one asset, normal: their own mean residual in the place of the asset's, for
 * every detector. It is refused for what is still on its way. Pure.
 */
export function fitLevel(runs: readonly ResidualRun[], assetId: string, calibration: Calibration): LevelFit {
  const levels = calibration.detectors.map((detector, i) =>
    levelOf(runs, detector, calibration.assets?.[assetId]?.[i] ?? { mean: detector.mean, factor: 1 }),
  );
  const windows = levels[0].scores.length;
  if (windows < fewestLevelWindows) return { kind: 'too_few', windows };
  const by = Math.max(...levels.map(({ movement }) => movement));
  if (by > mostMovement) return { kind: 'moving', windows, by };
  const beyond = levels[0].scores.filter((_, window) => levels.some(({ scores }) => scores[window] >= 1));
  const exceeding = beyond.length / windows;
  if (exceeding > mostExceeding) return { kind: 'unsteady', windows, exceeding };
  return { kind: 'steady', windows, parts: levels.map(({ part }) => part) };
}

interface Level {
  readonly part: AssetPart;
  /** Of each window, by the part. */
  readonly scores: readonly number[];
  /** From the mean of the first half to that of the second, in thresholds. */
  readonly movement: number;
}

function levelOf(runs: readonly ResidualRun[], detector: Detector, before: AssetPart): Level {
  const channels = detector.mean.length;
  const smoothed = runs.map((run) => smoothRun(run, detector, channels));
  const rows = smoothed.reduce((sum, { windows }) => sum + windows.length, 0);
  const half = Math.floor(rows / 2);
  const mean = meanOf(smoothed, 0, rows, channels);
  const shape = { mean, precision: detector.precision };
  const statistics = smoothed.flatMap((run) => statisticsOf(run.rows, shape, detector.energySmoothing));
  const unit = before.factor / detector.threshold;
  const scores = statistics.map((statistic) => statistic * unit);
  const quantile = scores.length === 0 ? 0 : quantileOfSorted(Float64Array.from(scores).sort(), 0.99);
  const less = Math.max(
    Math.min(1, leastFactor / before.factor),
    Math.min(1, roomOfQuantile / Math.max(quantile, Number.MIN_VALUE)),
  );
  const first = { ...shape, mean: meanOf(smoothed, 0, half, channels) };
  const moved = squaredDistance(meanOf(smoothed, half, rows, channels), first, new Float32Array(channels));
  return {
    part: { mean, factor: before.factor * less },
    scores: scores.map((score) => score * less),
    movement: Math.sqrt(moved) * unit,
  };
}

/** Over the rows `[from, to)` of all runs, one after the other. */
function meanOf(runs: readonly SmoothedRun[], from: number, to: number, channels: number): Float32Array {
  const sums = new Float64Array(channels);
  let row = 0;
  for (const { rows } of runs) {
    for (let at = 0; at < rows.length; at += channels, row++) {
      if (row < from || row >= to) continue;
      for (let channel = 0; channel < channels; channel++) sums[channel] += rows[at + channel];
    }
  }
  return Float32Array.from(sums, (sum) => sum / Math.max(1, to - from));
}
