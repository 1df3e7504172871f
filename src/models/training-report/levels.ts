import { type Finding, findingOf, type Series, shown } from './finding.ts';

/**
 * Fewest rows that are a long run. Load, temperatures and supply wander over some hundred rows; in 500 simulated healthy
 * rows 5 of 100 channels seem to drift, in 2000 still 1 of 200, and in 4000 none of 3200.
 */
const fewestRows = 4000;
/** Parts of the time whose medians are compared. */
const parts = 16;
/** A move counts from so many deviations of the medians around it; by chance it comes once in some 10^5 channels. */
const clearDeviations = 6;
/** Parts to tell regimes by, and how often a regime may change to be one and no operating point. */
const regimeParts = 64;
const mostSwitches = 6;
const smallestRegime = 0.15;

/** A level that moves over the time as a trend or one step; or, where it does not, a few long stretches at two levels. */
export function findLevels(series: Series): Finding[] {
  const moved = findMove(series);
  if (moved !== null) return [moved];
  const mixed = findRegimes(series);
  return mixed === null ? [] : [mixed];
}

interface Move {
  /** From `part` on it moves, steadily to the end or at once. */
  readonly kind: 'trend' | 'step';
  readonly part: number;
  readonly change: number;
  readonly start: number;
  readonly error: number;
}

function findMove(series: Series): Finding | null {
  const { values, rows, at } = series;
  if (values.length < fewestRows) return null;
  const { medians, spread } = partsOf(values, parts);
  let best: Move | null = null;
  // A ramp over less than half of the time is too easily made by chance.
  for (let part = 0; part <= parts / 2; part++) best = better(best, fitMove(medians, 'trend', part));
  for (let part = 3; part <= parts - 3; part++) best = better(best, fitMove(medians, 'step', part));
  if (best === null) return null;
  // Three numbers were fitted: level, change and place.
  const deviation = Math.sqrt(best.error / (parts - 3));
  // What is smaller than the reading's own spread within a part is true perhaps, but of no weight.
  if (Math.abs(best.change) < clearDeviations * deviation || Math.abs(best.change) < spread) return null;
  const turn = rows[Math.floor((best.part * values.length) / parts)];
  const [from, to] = [shown(best.start), shown(best.start + best.change)];
  const moves = best.change > 0 ? 'rises' : 'falls';
  const message =
    best.kind === 'step'
      ? `Its level changes for good, from about ${from} to ${to}.`
      : `It ${moves} to the end, from about ${from} to ${to}.`;
  return findingOf(series, [turn, at.length - 1], { kind: 'drifting', severity: 'info', message });
}

function shapeAt(kind: Move['kind'], part: number, position: number): number {
  if (kind === 'step') return position >= part ? 1 : 0;
  return Math.max(0, position - part) / (parts - 1 - part);
}

function better(best: Move | null, move: Move): Move {
  return best === null || move.error < best.error ? move : best;
}

/** Least squares of the medians on the shape of a move. */
function fitMove(medians: readonly number[], kind: Move['kind'], part: number): Move {
  const n = medians.length;
  const shape = medians.map((_, i) => shapeAt(kind, part, i));
  const meanShape = mean(shape);
  const meanMedian = mean(medians);
  let covariance = 0;
  let variance = 0;
  for (let i = 0; i < n; i++) {
    covariance += (shape[i] - meanShape) * (medians[i] - meanMedian);
    variance += (shape[i] - meanShape) ** 2;
  }
  const change = covariance / variance;
  const start = meanMedian - change * meanShape;
  const error = medians.reduce((sum, median, i) => sum + (median - start - change * shape[i]) ** 2, 0);
  return { kind, part, change, start, error };
}

function findRegimes(series: Series): Finding | null {
  const { values } = series;
  if (values.length < fewestRows) return null;
  const { medians } = partsOf(values, regimeParts);
  const cut = widestCut(medians);
  if (cut === null) return null;
  const high = medians.map((median) => median > cut.at);
  const switches = high.filter((one, i) => i > 0 && one !== high[i - 1]).length;
  if (switches < 2 || switches > mostSwitches) return null;
  return findingOf(series, [0, series.at.length - 1], {
    kind: 'mixed',
    severity: 'info',
    message: `It has long stretches at about ${shown(cut.low)} and others at about ${shown(cut.high)}.`,
  });
}

/** The cut into two clusters with the least variance within (Otsu 1979), if they are far apart and both large. */
function widestCut(medians: readonly number[]): { at: number; low: number; high: number } | null {
  const sorted = [...medians].sort((a, b) => a - b);
  const fewest = Math.ceil(smallestRegime * sorted.length);
  let best: { at: number; low: number; high: number; error: number } | null = null;
  for (let cut = fewest; cut <= sorted.length - fewest; cut++) {
    const [low, high] = [sorted.slice(0, cut), sorted.slice(cut)];
    const [lowMean, highMean] = [mean(low), mean(high)];
    const error =
      low.reduce((sum, one) => sum + (one - lowMean) ** 2, 0) +
      high.reduce((sum, one) => sum + (one - highMean) ** 2, 0);
    if (best === null || error < best.error)
      best = { at: (sorted[cut - 1] + sorted[cut]) / 2, low: lowMean, high: highMean, error };
  }
  if (best === null) return null;
  const deviation = Math.sqrt(best.error / (sorted.length - 2));
  return best.high - best.low > clearDeviations * deviation ? best : null;
}

/** Medians of equal parts in order of time, and the median of the parts' spreads (interquartile range / 1.349). */
function partsOf(values: Float32Array, count: number): { medians: number[]; spread: number } {
  const medians: number[] = [];
  const spreads: number[] = [];
  for (let part = 0; part < count; part++) {
    const sorted = values
      .slice(Math.floor((part * values.length) / count), Math.floor(((part + 1) * values.length) / count))
      .sort();
    medians.push(quantile(sorted, 0.5));
    spreads.push((quantile(sorted, 0.75) - quantile(sorted, 0.25)) / 1.349);
  }
  return { medians, spread: quantile(Float32Array.from(spreads).sort(), 0.5) };
}

function quantile(sorted: Float32Array, share: number): number {
  return sorted[Math.floor(share * (sorted.length - 1))];
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
}
