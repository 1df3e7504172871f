/** One file's test part: rows' epoch milliseconds, the alert state and the true changepoints, all of length n. */
export interface ChangepointSeries {
  readonly times: Float64Array;
  readonly predictions: Uint8Array;
  readonly changepoints: Uint8Array;
}

/** Scores are 100 for a perfect detector and 0 for a silent one; they can be negative. */
export interface SkabChangepointScore {
  readonly standard: number;
  readonly lowFalsePositives: number;
  readonly lowFalseNegatives: number;
  readonly trueChangepoints: number;
  readonly missed: number;
  readonly falsePositives: number;
  /** From the left edge of a window to the first predicted changepoint in it; NaN when no window is hit. */
  readonly meanDelayMs: number;
}

interface Profile {
  readonly truePositive: number;
  readonly falsePositive: number;
  readonly falseNegative: number;
}

interface Outcome {
  /** Per hit window the position of the hit, 0 at the left edge and 1 at the right. */
  readonly hitPositions: number[];
  readonly delaysMs: number[];
  missed: number;
  falsePositives: number;
}

const WINDOW_MS = 60_000;
const CURVE_POINTS = 1000;
const STANDARD: Profile = { truePositive: 1, falsePositive: -0.11, falseNegative: -1 };
const LOW_FALSE_POSITIVES: Profile = { truePositive: 1, falsePositive: -0.22, falseNegative: -1 };
const LOW_FALSE_NEGATIVES: Profile = { truePositive: 1, falsePositive: -0.11, falseNegative: -2 };

/**
 * SKAB's changepoint score (waico/SKAB core/metrics.py, `chp_score`), summed over files before it is scaled. Both
 * edges of each alarm are predicted changepoints; a true one opens a window of 60 s to its right, cut on the left
 * where the window before still runs. The first hit of a window earns a tanh of its position (not Numenta's sigmoid).
 */
export function skabChangepointScore(files: readonly ChangepointSeries[]): SkabChangepointScore {
  const outcome: Outcome = { hitPositions: [], delaysMs: [], missed: 0, falsePositives: 0 };
  for (const file of files) judge(file, outcome);
  const { delaysMs, missed, falsePositives } = outcome;
  return {
    standard: scaledScore(outcome, STANDARD),
    lowFalsePositives: scaledScore(outcome, LOW_FALSE_POSITIVES),
    lowFalseNegatives: scaledScore(outcome, LOW_FALSE_NEGATIVES),
    trueChangepoints: delaysMs.length + missed,
    missed,
    falsePositives,
    meanDelayMs: delaysMs.reduce((sum, delay) => sum + delay, 0) / delaysMs.length,
  };
}

function judge(file: ChangepointSeries, outcome: Outcome): void {
  const { times, predictions, changepoints } = file;
  const predicted = times.filter((_, row) => predictions[row] !== (row === 0 ? 0 : predictions[row - 1]));
  const openings = times.filter((_, row) => changepoints[row] === 1);
  let next = 0;
  let lastRight = Number.NEGATIVE_INFINITY;
  for (const opening of openings) {
    const left = Math.max(opening, lastRight);
    const right = opening + WINDOW_MS;
    while (next < predicted.length && predicted[next] < left) {
      if (predicted[next] > lastRight) outcome.falsePositives++;
      next++;
    }
    // An edge on the very seam of two windows belongs to both, as upstream: `next` stays on it.
    const hit = predicted[next];
    if (next < predicted.length && hit <= right) {
      outcome.hitPositions.push((hit - left) / (right - left));
      outcome.delaysMs.push(hit - left);
    } else outcome.missed++;
    lastRight = right;
  }
  for (; next < predicted.length; next++) if (predicted[next] > lastRight) outcome.falsePositives++;
}

function scaledScore(outcome: Outcome, profile: Profile): number {
  const windows = outcome.hitPositions.length + outcome.missed;
  let score = profile.falsePositive * outcome.falsePositives + profile.falseNegative * outcome.missed;
  for (const position of outcome.hitPositions) score += hitValue(position, profile);
  const silent = profile.falseNegative * windows;
  return (100 * (score - silent)) / (profile.truePositive * windows - silent);
}

/** From `truePositive` at the left edge to `falsePositive` at the right, read off a curve of 1,000 points. */
function hitValue(position: number, { truePositive, falsePositive }: Profile): number {
  const index = Math.min(Math.trunc(position * CURVE_POINTS), CURVE_POINTS - 1);
  const x = -Math.PI / 2 + (Math.PI * index) / (CURVE_POINTS - 1);
  const half = (truePositive - falsePositive) / 2;
  return (-half * Math.tanh(x)) / Math.tanh(Math.PI / 2) + half + falsePositive;
}
