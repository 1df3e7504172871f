import { quantileOf } from '../scaling.ts';
import { fromDeviations, toDeviations } from './statistic.ts';

export interface ThresholdOptions {
  readonly channels: number;
  /** The threshold lies beyond this quantile of the statistics ... */
  readonly quantile: number;
  /** ... up to this many times as far from the usual ... */
  readonly margin: number;
  /** ... and this much more for want of data, over the root of the number of normal windows. */
  readonly want: number;
  readonly windows: number;
}

/** A quantile that lies nearer than this to the usual (in deviations) is one of too few or too quiet windows. */
const leastDeviations = 2;
/** From this spread of the blocks' quantiles on the whole margin is taken ... */
const unsteady = 0.15;
/** ... and never less than this part of it. */
const leastPart = 0.4;

/**
 * The threshold from statistics of normal windows, a block of time each. Where one block is like the next, as on a machine
 * in steady service, what follows will be too, and a part of the margin is enough; where they differ it is wholly needed.
 * Infinite without statistics.
 */
export function thresholdFrom(blocks: readonly (readonly number[])[], options: ThresholdOptions): number {
  const { channels, quantile, margin, want, windows } = options;
  const deviationsOf = (statistics: readonly number[]): number =>
    toDeviations(quantileOf(statistics, quantile), channels);
  const seen = blocks.filter(({ length }) => length > 0);
  if (seen.length === 0) return Number.POSITIVE_INFINITY;
  const part = Math.min(1, Math.max(leastPart, spread(seen.map(deviationsOf)) / unsteady));
  const factor = 1 + (margin - 1) * part + want / Math.sqrt(Math.max(1, windows));
  return fromDeviations(factor * Math.max(deviationsOf(seen.flat()), leastDeviations), channels);
}

/** Standard deviation over mean; all of it when there is one value only, which shows nothing. */
function spread(values: readonly number[]): number {
  if (values.length < 2) return 1;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return Math.sqrt(variance) / Math.max(leastDeviations, mean);
}
