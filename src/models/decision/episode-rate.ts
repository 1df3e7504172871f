import { quantileOf } from '../scaling.ts';
import { fitGeneralisedPareto, type GeneralisedPareto, tailProbability } from './generalised-pareto.ts';

/**
 * Statistics of one asset in order of time at a fixed row step, none negative; NaN where nothing was judged. An
 * asset's blocks belong into one stream, one after the other, or the wander between them goes unseen.
 */
export type StatisticStream = ArrayLike<number>;

/** An episode: exceedances that are no further apart than the hold. */
export interface Episode {
  /** Row of the first exceedance. */
  readonly at: number;
  readonly peak: number;
}

/** Peaks that the tail is fitted on, where the streams have as many: enough to see a slope, few enough to be tail. */
const tailPeaks = 30;
const levels = 70;
/** The lowest level is exceeded by this share of rows; below it "exceedance" means little. */
const greatestShare = 0.7;

/** Episodes of the values above `level`; an exceedance more than `holdRows` rows after the last one begins another. */
export function episodesAbove(stream: StatisticStream, level: number, holdRows: number): Episode[] {
  const episodes: { at: number; peak: number }[] = [];
  let last = Number.NEGATIVE_INFINITY;
  for (let row = 0; row < stream.length; row++) {
    const value = stream[row];
    if (!(value > level)) continue;
    if (row - last > holdRows) episodes.push({ at: row, peak: value });
    else if (value > episodes[episodes.length - 1].peak) episodes[episodes.length - 1].peak = value;
    last = row;
  }
  return episodes;
}

/** How many episodes there are above any level: counted up to a high level, from a fitted tail beyond it. */
export interface EpisodeCurve {
  /** Levels, descending, from the one where the tail begins. */
  readonly levels: Float64Array;
  /** Episodes above each, never falling. */
  readonly counts: Float64Array;
  /** Excesses of the peaks over `levels[0]`; null where the peaks are all alike. */
  readonly tail: GeneralisedPareto | null;
}

/** The curve of all streams together; `sorted` are their values, ascending and without NaN, at least one. */
export function fitEpisodeCurve(
  streams: readonly StatisticStream[],
  sorted: Float64Array,
  holdRows: number,
): EpisodeCurve {
  const candidates = levelsOf(sorted);
  const countAbove = (level: number) =>
    streams.reduce((sum, stream) => sum + episodesAbove(stream, level, holdRows).length, 0);
  const counts = candidates.map(countAbove);
  let start = counts.findIndex((count) => count >= tailPeaks);
  // Where no level has so many, the tail begins where there are most.
  if (start < 0) start = counts.indexOf(Math.max(...counts));
  const excesses = streams.flatMap((stream) =>
    episodesAbove(stream, candidates[start], holdRows).map(({ peak }) => peak - candidates[start]),
  );
  // Lower down episodes grow together and the count falls again: a lower threshold never promises fewer alerts.
  let most = 0;
  return {
    levels: Float64Array.from(candidates.slice(start)),
    counts: Float64Array.from(counts.slice(start), (count) => {
      most = Math.max(most, count);
      return most;
    }),
    tail: fitGeneralisedPareto(excesses),
  };
}

/** Expected episodes above `level` in as much time as the curve was fitted on, interpolated between its levels. */
export function episodesOf(curve: EpisodeCurve, level: number): number {
  const { levels, counts, tail } = curve;
  if (level >= levels[0]) return tail === null ? 0 : counts[0] * tailProbability(tail, level - levels[0]);
  let low = 0;
  let high = levels.length - 1;
  if (level <= levels[high]) return counts[high];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (levels[middle] > level) low = middle;
    else high = middle;
  }
  const share = (levels[low] - level) / (levels[low] - levels[high]);
  return counts[low] + share * (counts[high] - counts[low]);
}

/** Distinct values at ranks that grow geometrically from the greatest value down. */
function levelsOf(sorted: Float64Array): number[] {
  const lowest = Math.max(1, greatestShare * sorted.length);
  const values = Array.from({ length: levels }, (_, i) => {
    const rank = Math.floor(lowest ** (i / (levels - 1)));
    return sorted[sorted.length - rank];
  });
  return values.filter((value, i) => i === 0 || value < values[i - 1]);
}

/** Quantile whose change over time stands for the level of the statistic; 0.5 to 0.9 gave the same in measurements. */
const levelQuantile = 0.8;
const leastRowsInPart = 20;

/**
 * Variance a week of the logarithm of the statistic's level, taken as a random walk: from how the level differs
 * between the first and the last part of each stream. Two means of a random walk over `a` weeks with `g` weeks in
 * between differ with variance `(g + 2a/3)` times that of a week. Parts are whole days, where the stream has
 * them, so that a daily cycle does not count as drift. 0 where nothing can be seen of it.
 */
export function weeklyDrift(
  streams: readonly StatisticStream[],
  rowsPerDay: number,
  rowsPerWeek: number,
): number {
  let squares = 0;
  let weights = 0;
  for (const stream of streams) {
    const days = Math.floor(stream.length / 2 / rowsPerDay);
    const part = days > 0 ? Math.round(days * rowsPerDay) : Math.floor(stream.length / 2);
    const first = logLevel(stream, 0, part);
    const last = logLevel(stream, stream.length - part, stream.length);
    if (first === null || last === null) continue;
    squares += (last - first) ** 2;
    weights += (stream.length - 2 * part + (2 * part) / 3) / rowsPerWeek;
  }
  return weights === 0 ? 0 : squares / weights;
}

function logLevel(stream: StatisticStream, from: number, to: number): number | null {
  const values: number[] = [];
  for (let row = from; row < to; row++) if (!Number.isNaN(stream[row])) values.push(stream[row]);
  if (values.length < leastRowsInPart) return null;
  // A statistic that is 0 most of the time has its level in its mean.
  const level =
    quantileOf(values, levelQuantile) || values.reduce((sum, value) => sum + value, 0) / values.length;
  return level > 0 ? Math.log(level) : null;
}
