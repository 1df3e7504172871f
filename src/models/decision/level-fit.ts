import { quantileOf } from '../scaling.ts';
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
  /** It came slowly, as wear does: it had gone these shares of the way just before the alert began and just after. */
  | { readonly kind: 'creeping'; readonly windows: number; readonly before: number; readonly after: number }
  /** Its windows do not agree: about their own mean this share of them is still beyond the threshold. */
  | { readonly kind: 'unsteady'; readonly windows: number; readonly exceeding: number };

/** With fewer windows than this a level is not known from a passing state. */
export const fewestLevelWindows = 60;
/** Thresholds by which the halves' means may differ. A fault that creeps on moves the second half further than noise does. */
const mostMovement = 0.5;
/**
 * Shares of the whole way just before and just after an alert begins. What creeps is beyond one of them, however long it had
 * crept by then and whether it goes on or not.
 */
const mostWayBefore = 1 / 3;
const leastWayAfter = 2 / 3;
/** Share of windows that may be beyond the threshold all the same. */
const mostExceeding = 0.02;
/** What moves to another level often wavers more there: its 0.99 quantile is brought to this part of the threshold ... */
const roomOfQuantile = 0.8;
/** ... but no further than by halving the statistic, as for any asset. */
const leastFactor = 0.5;

/** Windows of one asset just before and just after its alert began. */
export interface Onset<T> {
  readonly before: T;
  readonly after: T;
}

/**
 * What would make the windows of `runs`, all of one asset, normal: their own mean residual in the place of the asset's, for
 * every detector. It is refused for what is still on its way; with an `onset`, where nobody but a rule says that it is
 * normal, for what came slowly as well. Pure.
 */
export function fitLevel(
  runs: readonly ResidualRun[],
  assetId: string,
  calibration: Calibration,
  onset: Onset<readonly ResidualRun[]> | null = null,
): LevelFit {
  const levels = calibration.detectors.map((detector, i) =>
    levelOf(runs, onset, detector, calibration.assets?.[assetId]?.[i] ?? { mean: detector.mean, factor: 1 }),
  );
  const windows = levels[0].scores.length;
  if (windows < fewestLevelWindows) return { kind: 'too_few', windows };
  const by = Math.max(...levels.map(({ movement }) => movement));
  if (by > mostMovement) return { kind: 'moving', windows, by };
  // Not every detector sees a level, and one that does not knows no way to it.
  const { way } = levels.reduce((first, level) => (level.distance > first.distance ? level : first));
  // NaN, where nothing is known of that time, proves nothing either.
  if (way !== null && !(way.before <= mostWayBefore && way.after >= leastWayAfter))
    return { kind: 'creeping', windows, ...way };
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
  /** From the asset's own mean so far to the new one, in thresholds. */
  readonly distance: number;
  /** Shares of that distance, in its direction; null when it does not matter how it came. */
  readonly way: Onset<number> | null;
}

function levelOf(
  runs: readonly ResidualRun[],
  onset: Onset<readonly ResidualRun[]> | null,
  detector: Detector,
  own: AssetPart,
): Level {
  const channels = detector.mean.length;
  const smoothed = runs.map((run) => smoothRun(run, detector, channels));
  const rows = rowsOf(smoothed);
  const half = Math.floor(rows / 2);
  const mean = meanOf(smoothed, 0, rows, channels);
  const shape = { mean, precision: detector.precision };
  const statistics = smoothed.flatMap((run) => statisticsOf(run.rows, shape, detector.energySmoothing));
  const unit = own.factor / detector.threshold;
  const scores = statistics.map((statistic) => statistic * unit);
  const quantile = scores.length === 0 ? 0 : quantileOf(scores, 0.99);
  const less = Math.max(
    Math.min(1, leastFactor / own.factor),
    Math.min(1, roomOfQuantile / Math.max(quantile, Number.MIN_VALUE)),
  );
  const first = meanOf(smoothed, 0, half, channels);
  const second = meanOf(smoothed, half, rows, channels);
  const weighted = new Float32Array(channels);
  const moved = squaredDistance(second, { ...shape, mean: first }, weighted);
  const distance = squaredDistance(mean, { ...shape, mean: own.mean }, weighted);
  /** The share of the way from the asset's own mean to the new one; NaN without rows. */
  const wayOf = (some: readonly ResidualRun[]): number => {
    const parts = some.map((run) => smoothRun(run, detector, channels));
    const reached = meanOf(parts, 0, rowsOf(parts), channels);
    const along = weighted.reduce((sum, weight, c) => sum + weight * (reached[c] - own.mean[c]), 0);
    return rowsOf(parts) === 0 ? Number.NaN : along / Math.max(distance * channels, Number.MIN_VALUE);
  };
  return {
    part: { mean, factor: own.factor * less },
    scores: scores.map((score) => score * less),
    movement: Math.sqrt(moved) * unit,
    distance: Math.sqrt(distance) * unit,
    way: onset && { before: wayOf(onset.before), after: wayOf(onset.after) },
  };
}

function rowsOf(runs: readonly SmoothedRun[]): number {
  return runs.reduce((sum, { windows }) => sum + windows.length, 0);
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
