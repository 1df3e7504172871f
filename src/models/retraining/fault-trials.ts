import type { Random } from '../random.ts';
import { type AssetRows, windowStarts } from '../training-set.ts';
import {
  type ChannelRange,
  type InjectedFault,
  type Injection,
  injectedFaults,
  injectFault,
} from './injected-faults.ts';
import type { ScoreRowsOptions } from './score-rows.ts';

/** What a model makes of faults written into normal rows. */
export interface FaultFindings {
  readonly tried: number;
  /** Trials with a score of `raise` or more. */
  readonly found: number;
  /** Probability that a faulty stretch peaks higher than a clean one: 0.5 is chance, 1 is perfect. */
  readonly separation: number;
  /** Share found of each kind. */
  readonly byKind: Readonly<Record<InjectedFault, number>>;
}

/** Stretches of normal rows, and the same stretches with a fault in each. */
export interface FaultTrials {
  readonly clean: readonly AssetRows[];
  /** Where the fault is in each stretch, by its rows. */
  readonly injections: readonly Injection[];
  /** The stretches with their faults; of equal random numbers come equal faults. */
  faulty(random: Random): AssetRows[];
  /** From the highest score of each stretch's faulty rows, without and with the fault. */
  findings(clean: Float64Array, faulty: Float64Array, raise: number): FaultFindings;
}

/** Trials of each kind of fault: 70 in all are scored in about a second. */
const trialsPerKind = 10;
/** Rows before the fault, in windows: one to fill the window and two for what is smoothed to settle. */
export const windowsBefore = 3;
/** A fault shorter than this many rows would be gone before a smoothed score has risen. */
const shortestFault = 16;

/** Trials evenly spread over rows and over channels that move; null where there is no room or nothing moves. */
export function createFaultTrials(
  assets: readonly AssetRows[],
  ranges: readonly ChannelRange[],
  options: ScoreRowsOptions,
): FaultTrials | null {
  const { channels, windowLength } = options;
  const lively = ranges.flatMap(({ spread }, channel) => (spread > 0 ? [channel] : []));
  const faultRows = Math.max(shortestFault, windowLength);
  const before = windowsBefore * windowLength;
  // A stretch is an unbroken run, as long windows are.
  const places = windowStarts(assets, { ...options, length: before + faultRows }, (rows) => [0, rows]);
  if (lively.length === 0 || places.length === 0) return null;

  const count = trialsPerKind * injectedFaults.length;
  const injections: Injection[] = [];
  const clean: AssetRows[] = [];
  for (let i = 0; i < count; i++) {
    const { asset, row } = places[Math.floor((i * places.length) / count)];
    injections.push({
      fault: injectedFaults[i % injectedFaults.length],
      // Not `i`, which goes round with the kinds: every kind should meet every channel.
      channel: lively[(i + Math.floor(i / injectedFaults.length)) % lively.length],
      from: before,
      to: before + faultRows,
    });
    clean.push(stretch(assets[asset], row, row + before + faultRows, channels));
  }
  return {
    clean,
    injections,
    faulty: (random) =>
      clean.map((rows, i) => injectFault(rows, injections[i], ranges[injections[i].channel], random)),
    findings: (cleanPeaks, faultyPeaks, raise) => ({
      tried: count,
      found: faultyPeaks.filter((peak) => peak >= raise).length,
      separation: separation(cleanPeaks, faultyPeaks),
      byKind: Object.fromEntries(
        injectedFaults.map((kind) => {
          const mine = faultyPeaks.filter((_, i) => injections[i].fault === kind);
          return [kind, mine.filter((peak) => peak >= raise).length / mine.length];
        }),
      ) as Record<InjectedFault, number>,
    }),
  };
}

/**
 * The share of pairs, one of each, in which the faulty one is higher, ties counting half: Mann and Whitney's U over the
 * number of pairs, which is the area under the ROC curve.
 */
export function separation(clean: Float64Array, faulty: Float64Array): number {
  let wins = 0;
  for (const high of faulty) for (const low of clean) wins += high > low ? 1 : high === low ? 0.5 : 0;
  return wins / (clean.length * faulty.length);
}

function stretch(
  { assetId, at, values, measured }: AssetRows,
  from: number,
  to: number,
  channels: number,
): AssetRows {
  return {
    // As itself: a model may know what is usual for each asset.
    assetId,
    at: at.subarray(from, to),
    values: values.subarray(from * channels, to * channels),
    measured: measured.subarray(from * channels, to * channels),
  };
}
