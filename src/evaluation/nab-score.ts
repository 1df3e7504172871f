import { ForewarnError } from '../errors.ts';

/**
 * The scoring of the Numenta Anomaly Benchmark v1.1 (Lavin and Ahmad, ICMLA 2015, arXiv 1510.03336; numenta/NAB,
 * nab/sweeper.py). A row is detected when its score is at least the threshold. NAB counts every detected row
 * outside a window, so a standing alarm costs once a row: score the row on which an alert is raised.
 */

/** Weights of a caught window, of a detected row outside windows, and of a missed window. */
export interface NabProfile {
  readonly truePositive: number;
  readonly falsePositive: number;
  readonly falseNegative: number;
}

/** The three application profiles of NAB's config/profiles.json. */
export const NAB_PROFILES = {
  standard: { truePositive: 1, falsePositive: 0.11, falseNegative: 1 },
  reward_low_FP_rate: { truePositive: 1, falsePositive: 0.22, falseNegative: 1 },
  reward_low_FN_rate: { truePositive: 1, falsePositive: 0.11, falseNegative: 2 },
} as const satisfies Record<string, NabProfile>;

/** A labelled window by its first and last row, both inside, counted from 0. */
export interface NabWindow {
  readonly first: number;
  readonly last: number;
}

/** One file: a score from 0 to 1 for every row, and its windows in order, none touching another's rows. */
export interface NabFile {
  readonly scores: Float64Array;
  readonly windows: readonly NabWindow[];
}

/** A file's score at one threshold; `tp`, `fp`, `tn` and `fn` count rows after probation. */
export interface NabPoint {
  readonly threshold: number;
  readonly score: number;
  readonly tp: number;
  readonly fp: number;
  readonly tn: number;
  readonly fn: number;
}

interface NabCorpusScore {
  readonly threshold: number;
  readonly score: number;
  /** 100 for every window caught at its first row, 0 for silence; null where the corpus has no window. */
  readonly normalised: number | null;
}

/** NAB's first threshold: above every score, so that nothing is detected. */
const ABOVE_ALL_SCORES = 1.1;
/** In {@link windowOfRow}: the row is in no window. */
const NO_WINDOW = -1;

/** NAB's scaled sigmoid, `2 / (1 + exp(5y)) - 1`, and -1 from just above 3: from 1 (early) to -1 (false). */
export function nabSigmoid(position: number): number {
  return position > 3 ? -1 : 2 / (1 + Math.exp(5 * position)) - 1;
}

/** Rows at the start of a file that are neither right nor wrong: 15 % of it, at most 750. */
export function nabProbationRows(rows: number): number {
  return Math.min(Math.floor(0.15 * rows), 750);
}

/**
 * What detecting each row is worth, `[rows]`: inside a window from `truePositive` at its first row to about 0 at
 * its last; outside from about 0 just behind a window to `-falsePositive`, which rows before any window cost too.
 * Throws `EVALUATION_INVALID` for windows out of order, overlapping or outside the rows.
 */
export function nabRowScores(rows: number, windows: readonly NabWindow[], profile: NabProfile): Float64Array {
  checkWindows(rows, windows);
  const worth = new Float64Array(rows).fill(-profile.falsePositive);
  const best = nabSigmoid(-1);
  for (const [index, { first, last }] of windows.entries()) {
    const width = last - first + 1;
    for (let row = first; row <= last; row++) {
      worth[row] = (nabSigmoid(-(last - row + 1) / width) / best) * profile.truePositive;
    }
    const until = windows[index + 1]?.first ?? rows;
    for (let row = last + 1; row < until; row++) {
      worth[row] = nabSigmoid((row - last) / (width - 1)) * profile.falsePositive;
    }
  }
  return worth;
}

/**
 * The score of a file at every threshold at which it changes, from 1.1 (nothing detected) down to the smallest
 * score. Throws `EVALUATION_INVALID` for a score outside 0 to 1 (map others by a rising function, such as
 * `s / (1 + s)`) and for windows that {@link nabRowScores} refuses.
 */
export function nabSweep({ scores, windows }: NabFile, profile: NabProfile): NabPoint[] {
  checkScores(scores);
  const worth = nabRowScores(scores.length, windows, profile);
  const windowOf = windowOfRow(scores.length, windows);
  const probation = nabProbationRows(scores.length);
  const order = Array.from({ length: scores.length - probation }, (_, index) => probation + index);
  order.sort((left, right) => scores[right] - scores[left] || left - right);

  // A window that ends in probation has no row left to be detected: NAB does not know of it.
  const caught = windows.map(({ last }) => (last < probation ? 0 : -profile.falseNegative));
  let falseAlarms = 0;
  let tp = 0;
  let fp = 0;
  let fn = order.filter((row) => windowOf[row] !== NO_WINDOW).length;
  let tn = order.length - fn;
  const points: NabPoint[] = [];
  let threshold = ABOVE_ALL_SCORES;
  const closePoint = () => {
    const score = caught.reduce((sum, part) => sum + part, falseAlarms);
    points.push({ threshold, score, tp, fp, tn, fn });
  };
  for (const row of order) {
    if (scores[row] !== threshold) {
      closePoint();
      threshold = scores[row];
    }
    const window = windowOf[row];
    if (window === NO_WINDOW) {
      fp++;
      tn--;
      falseAlarms += worth[row];
      continue;
    }
    tp++;
    fn--;
    caught[window] = Math.max(caught[window], worth[row]);
  }
  closePoint();
  return points;
}

/** The score of a file at one threshold; throws as {@link nabSweep} does. */
export function nabScoreAt(file: NabFile, profile: NabProfile, threshold: number): NabPoint {
  const points = nabSweep(file, profile);
  // The lowest point that is not below `threshold` detects the same rows; above all points nothing is detected.
  const point = points.findLast((candidate) => candidate.threshold >= threshold) ?? points[0];
  return { ...point, threshold };
}

/** `100 (score - null) / (perfect - null)`, with null = all windows missed and perfect = all at their first row. */
export function nabNormalise(score: number, windowCount: number, profile: NabProfile): number | null {
  if (windowCount === 0) return null;
  const silence = -profile.falseNegative * windowCount;
  return (100 * (score - silence)) / (profile.truePositive * windowCount - silence);
}

/** The sum over files at one threshold for all, and the normalised score of that sum. */
export function nabCorpusScore(
  files: readonly NabFile[],
  profile: NabProfile,
  threshold: number,
): NabCorpusScore {
  const score = files.reduce((sum, file) => sum + nabScoreAt(file, profile, threshold).score, 0);
  return { threshold, score, normalised: nabNormalise(score, countWindows(files), profile) };
}

/**
 * The best score any one threshold for all files could have had: NAB's own protocol. It looks at the labels, so
 * it is an oracle; report it as one, beside {@link nabCorpusScore} at the threshold that was in use.
 */
export function nabOracleCorpusScore(files: readonly NabFile[], profile: NabProfile): NabCorpusScore {
  const sweeps = files.map((file) => nabSweep(file, profile));
  const steps = sweeps.flatMap((points) =>
    points.slice(1).map((point, index) => ({
      threshold: point.threshold,
      change: point.score - points[index].score,
    })),
  );
  steps.sort((left, right) => right.threshold - left.threshold);
  let score = sweeps.reduce((sum, points) => sum + points[0].score, 0);
  let best = score;
  let bestThreshold = ABOVE_ALL_SCORES;
  for (const [index, { threshold, change }] of steps.entries()) {
    score += change;
    // Files that share a score move together: the sum is only real once all have moved.
    if (steps[index + 1]?.threshold === threshold) continue;
    if (score <= best) continue;
    best = score;
    bestThreshold = threshold;
  }
  return nabCorpusScore(files, profile, bestThreshold);
}

function countWindows(files: readonly NabFile[]): number {
  return files.reduce((sum, file) => sum + file.windows.length, 0);
}

function windowOfRow(rows: number, windows: readonly NabWindow[]): Int32Array {
  const windowOf = new Int32Array(rows).fill(NO_WINDOW);
  for (const [index, { first, last }] of windows.entries()) windowOf.fill(index, first, last + 1);
  return windowOf;
}

function checkScores(scores: Float64Array): void {
  const bad = scores.findIndex((score) => !(score >= 0 && score <= 1));
  if (bad === -1) return;
  throw new ForewarnError('EVALUATION_INVALID', `NAB scores go from 0 to 1, row ${bad} has ${scores[bad]}`);
}

function checkWindows(rows: number, windows: readonly NabWindow[]): void {
  let free = 0;
  for (const { first, last } of windows) {
    const fits = Number.isInteger(first) && Number.isInteger(last) && first >= free && last >= first;
    if (!fits || last >= rows) {
      throw new ForewarnError(
        'EVALUATION_INVALID',
        `window ${first}..${last} is out of order or of the rows`,
      );
    }
    free = last + 1;
  }
}
