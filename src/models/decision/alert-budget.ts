import { ForewarnError } from '../../errors.ts';
import { createRandom, type Random } from '../random.ts';
import { quantileOfSorted } from '../scaling.ts';
import {
  type EpisodeCurve,
  episodesAbove,
  episodesOf,
  fitEpisodeCurve,
  type StatisticStream,
  weeklyDrift,
} from './episode-rate.ts';
import { type GeneralisedPareto, tailOf } from './generalised-pareto.ts';

export interface AlertBudgetOptions {
  /** At most so many alerts per asset and week are wanted; above 0. */
  readonly alertsPerWeek: number;
  /** Time from one row to the next. */
  readonly rowEveryMs: number;
  /** Exceedances no further apart than this are one alert; 0 or more. */
  readonly holdMs: number;
  /** For the interval only; the threshold does not depend on it. */
  readonly seed: number;
}

/** A threshold, in the statistic's unit, that keeps the budget; an exceedance is a value above it. */
export interface AlertBudget {
  readonly reason: null;
  readonly threshold: number;
  /** Alerts per asset and week to expect in the week after, with a 90 % interval of that rate. */
  readonly rate: { readonly expected: number; readonly low: number; readonly high: number };
  /** Standard deviation by which the statistic's level may move until then, as a logarithm. */
  readonly driftDeviation: number;
}

/** Why there is no threshold that keeps the budget, and how much data would do. */
export interface UnsupportedBudget {
  /**
   * `too_short`: so few rows were judged that not even one alert would be expected in them.
   * `too_few_episodes`: the statistic leaves its level too seldom, or the rows are too few, for a tail to be fitted.
   * `saturated`: the greatest value (a clipped one?) comes more often than the budget allows.
   */
  readonly reason: 'too_short' | 'too_few_episodes' | 'saturated';
  /** Weeks of normal data, summed over assets: those given, and those that would be needed (null: no amount helps). */
  readonly weeks: number;
  readonly weeksNeeded: number | null;
}

const dayMs = 86_400_000;
const weekMs = 7 * dayMs;
/** Less than one alert expected in the data is a guess: on real machines the rate came out twice as high. */
const leastExpected = 1;
const leastEpisodes = 10;
const leastRowsPerAsset = 40;
/** A level that moves by more than a factor of e is another way of running, not drift. */
const greatestDrift = 1;
/** Standard normal, for the expectation over drift: at these points with these weights. */
const drifts = Array.from({ length: 21 }, (_, i) => -4 + 0.4 * i);
const driftWeight = drifts.map((z) => Math.exp(-0.5 * z * z));
const driftTotal = driftWeight.reduce((sum, weight) => sum + weight, 0);
const bootstraps = 400;
/** What one look at a drift is helped by: without it the interval of a single asset would be nearly all rates. */
const priorFreedom = 2;

/**
 * The threshold for "at most k alerts per asset and week", from statistics of normal data that the statistic was not
 * fitted on. Alerts are counted as episodes, since neighbouring rows are not independent. The rate that is held to the
 * budget is the expected one of the week to come, over what is not known: the tail's parameters (see
 * fitGeneralisedPareto) and how far the level wanders (see weeklyDrift). As the rate grows faster than the level,
 * a best estimate in place of that expectation promises too little. Streams of several assets share one threshold.
 * A greater budget never gives a greater threshold. Work and memory grow with the rows; bring a few million at most.
 *
 * @throws ForewarnError BUDGET_INVALID for options or statistics outside their ranges.
 */
export function thresholdForBudget(
  streams: readonly StatisticStream[],
  options: AlertBudgetOptions,
): AlertBudget | UnsupportedBudget {
  check(streams, options);
  const { alertsPerWeek, rowEveryMs } = options;
  const holdRows = options.holdMs / rowEveryMs;
  const sorted = sortedValues(streams);
  const weeks = (sorted.length * rowEveryMs) / weekMs;
  const weeksOfRows = (rows: number) => (rows * rowEveryMs) / weekMs;
  const weeksNeeded = Math.max(
    leastExpected / alertsPerWeek,
    weeksOfRows(leastRowsPerAsset * Math.max(1, streams.length)),
  );
  if (weeks < weeksNeeded) return { reason: 'too_short', weeks, weeksNeeded };

  const curve = fitEpisodeCurve(streams, sorted, holdRows);
  const greatest = sorted[sorted.length - 1];
  const ties = streams.reduce(
    (sum, stream) => sum + episodesAbove(stream, below(greatest), holdRows).length,
    0,
  );
  if (ties > 1 && ties > alertsPerWeek * weeks) return { reason: 'saturated', weeks, weeksNeeded: null };
  if (curve.counts[0] < leastEpisodes || curve.tail === null) {
    const needed = (weeks * leastEpisodes) / Math.max(1, curve.counts[0]);
    return { reason: 'too_few_episodes', weeks, weeksNeeded: curve.tail === null ? null : needed };
  }

  const drift = weeklyDrift(streams, dayMs / rowEveryMs, weekMs / rowEveryMs);
  const length = streams.reduce((sum, stream) => sum + stream.length, 0) / streams.length;
  const driftDeviation = Math.min(greatestDrift, Math.sqrt(drift * driftedWeeks(weeksOfRows(length))));
  const rateAt = (threshold: number) => expectedEpisodes(curve, threshold, driftDeviation) / weeks;
  const threshold = lowestWithin(rateAt, alertsPerWeek, curve);
  const rates = resampledRates(streams, curve, { ...options, threshold, driftDeviation, weeks });
  return {
    reason: null,
    threshold,
    rate: {
      expected: rateAt(threshold),
      low: quantileOfSorted(rates, 0.05),
      high: quantileOfSorted(rates, 0.95),
    },
    driftDeviation,
  };
}

/**
 * By how many weeks of a random walk's variance the level of the following week differs from the mean of the `length`
 * weeks before it, on average over that week (length / 3 + 1 / 2), less what these weeks show already (length / 6).
 */
function driftedWeeks(length: number): number {
  return length / 6 + 1 / 2;
}

/** A level that has moved by a factor f is exceeded as often as the threshold divided by f was. */
function expectedEpisodes(curve: EpisodeCurve, threshold: number, deviation: number): number {
  let sum = 0;
  for (const [i, z] of drifts.entries()) {
    sum += driftWeight[i] * episodesOf(curve, threshold * Math.exp(-z * deviation));
  }
  return sum / driftTotal;
}

/** Where the rate never reaches the budget, this is the lowest level at which it was counted. */
function lowestWithin(rateAt: (threshold: number) => number, budget: number, curve: EpisodeCurve): number {
  let low = curve.levels[curve.levels.length - 1];
  if (rateAt(low) <= budget) return low;
  let high = Math.max(curve.levels[0], Number.MIN_VALUE);
  while (rateAt(high) > budget) high *= 2;
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (rateAt(middle) > budget) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * Rates that the next week could have, ascending: whole days of episodes drawn with replacement (block bootstrap,
 * Kuensch 1989), parameters of the tail drawn by their weights, and a drift whose size itself was seen only once a stream.
 */
function resampledRates(
  streams: readonly StatisticStream[],
  curve: EpisodeCurve,
  at: AlertBudgetOptions & { threshold: number; driftDeviation: number; weeks: number },
): Float64Array {
  const random = createRandom(at.seed);
  const candidates = curve.tail?.candidates ?? [];
  const freedom = streams.length + priorFreedom;
  const rowsPerBlock = Math.max(1, Math.round(dayMs / at.rowEveryMs));
  const blocks = streams.flatMap((stream) => {
    // Blocks of less than a day where a stream has less than five of them.
    const count = Math.max(5, Math.ceil(stream.length / rowsPerBlock));
    const counts = new Array<number>(count).fill(0);
    for (const episode of episodesAbove(stream, curve.levels[0], at.holdMs / at.rowEveryMs)) {
      counts[Math.floor((episode.at / stream.length) * count)]++;
    }
    return counts;
  });
  return Float64Array.from({ length: bootstraps }, () => {
    let drawn = 0;
    for (let i = 0; i < blocks.length; i++) drawn += blocks[random.integer(blocks.length)];
    const deviation = Math.min(greatestDrift, at.driftDeviation / rootOfChiSquare(freedom, random));
    const level = at.threshold * Math.exp(-deviation * random.gaussian());
    const counted =
      level < curve.levels[0]
        ? episodesOf(curve, level) / curve.counts[0]
        : tailOf(drawCandidate(candidates, random), level - curve.levels[0]);
    return (drawn * counted) / at.weeks;
  }).sort();
}

/** Root of a mean of `freedom` squared standard normals. */
function rootOfChiSquare(freedom: number, random: Random): number {
  let sum = 0;
  for (let i = 0; i < freedom; i++) sum += random.gaussian() ** 2;
  return Math.sqrt(sum / freedom);
}

function drawCandidate(candidates: GeneralisedPareto['candidates'], random: Random) {
  let left = random.uniform();
  for (const candidate of candidates) {
    left -= candidate.weight;
    if (left <= 0) return candidate;
  }
  return candidates[candidates.length - 1];
}

function sortedValues(streams: readonly StatisticStream[]): Float64Array {
  const values = new Float64Array(streams.reduce((sum, stream) => sum + stream.length, 0));
  let count = 0;
  for (const stream of streams) {
    for (let row = 0; row < stream.length; row++)
      if (!Number.isNaN(stream[row])) values[count++] = stream[row];
  }
  return values.subarray(0, count).sort();
}

/** The greatest threshold that `value` still exceeds, for practical purposes. */
function below(value: number): number {
  return value - 1e-9 * Math.abs(value) - Number.MIN_VALUE;
}

function check(streams: readonly StatisticStream[], options: AlertBudgetOptions): void {
  const { alertsPerWeek, rowEveryMs, holdMs } = options;
  const refuse = (field: string, value: number, hint: string): never => {
    throw new ForewarnError('BUDGET_INVALID', `${field} is ${value}`, { hint });
  };
  if (!(alertsPerWeek > 0 && alertsPerWeek < Number.POSITIVE_INFINITY)) {
    refuse('alertsPerWeek', alertsPerWeek, 'Give a number above 0.');
  }
  if (!(rowEveryMs > 0 && rowEveryMs < Number.POSITIVE_INFINITY)) {
    refuse('rowEveryMs', rowEveryMs, 'Give a number of milliseconds above 0.');
  }
  if (!(holdMs >= 0 && holdMs < Number.POSITIVE_INFINITY)) {
    refuse('holdMs', holdMs, 'Give a number of milliseconds from 0.');
  }
  for (const [i, stream] of streams.entries()) {
    for (let row = 0; row < stream.length; row++) {
      if (stream[row] < 0 || Math.abs(stream[row]) === Number.POSITIVE_INFINITY) {
        refuse(`statistic ${row} of stream ${i}`, stream[row], 'Statistics are finite, from 0, or NaN.');
      }
    }
  }
}
