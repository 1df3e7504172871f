import type { Random } from '../random.ts';
import type { AssetRows } from '../training-set.ts';

/** What can be wrong with one sensor or with what it measures. */
export const injectedFaults = [
  'spike',
  'level_shift',
  'ramp',
  'stuck',
  'noise_burst',
  'dropout',
  'broken_correlation',
] as const;

export type InjectedFault = (typeof injectedFaults)[number];

/** How a channel usually reads, raw units. */
export interface ChannelRange {
  readonly center: number;
  /** About one standard deviation; 0 for a channel that never moves. */
  readonly spread: number;
}

export interface Injection {
  readonly fault: InjectedFault;
  readonly channel: number;
  /** Rows `[from, to)` have the fault. */
  readonly from: number;
  readonly to: number;
}

// In spreads of the channel: what an attentive person sees in a chart of the channel, or of it and its neighbours.
const spikeHeight = 6;
const shiftHeight = 3;
const rampHeight = 4;
const burstHeight = 2;
/** A spike is this many rows long. */
const spikeRows = 2;
/** Where reading zero is nothing unusual, a sensor that drops out goes this far down. */
const dropoutDepth = 4;

/**
 * Median and spread of each channel over the measured values of all rows. The spread is the interquartile range over
 * 1.349, which is a normal distribution's standard deviation.
 */
export function channelRanges(assets: readonly AssetRows[], channels: number): ChannelRange[] {
  return Array.from({ length: channels }, (_, channel) => {
    const values: number[] = [];
    for (const rows of assets) {
      for (let at = channel; at < rows.values.length; at += channels)
        if (rows.measured[at] === 1) values.push(rows.values[at]);
    }
    const sorted = Float64Array.from(values).sort();
    const quantile = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
    return { center: quantile(0.5), spread: (quantile(0.75) - quantile(0.25)) / 1.349 };
  });
}

/** A copy of the rows with the fault in it. `random` is used by `noise_burst` alone. */
export function injectFault(
  rows: AssetRows,
  { fault, channel, from, to }: Injection,
  { center, spread }: ChannelRange,
  random: Random,
): AssetRows {
  const channels = rows.values.length / rows.at.length;
  const values = rows.values.slice();
  const before = values[Math.max(0, from - 1) * channels + channel];
  const middle = Math.floor((from + to) / 2);
  const faulty = (value: number, row: number): number => {
    switch (fault) {
      case 'spike':
        return row >= middle && row < middle + spikeRows ? value + spikeHeight * spread : value;
      case 'level_shift':
        return value + shiftHeight * spread;
      case 'ramp':
        return value + (rampHeight * spread * (row - from + 1)) / (to - from);
      case 'stuck':
        return before;
      case 'noise_burst':
        return value + burstHeight * spread * random.gaussian();
      case 'dropout':
        return Math.abs(center) > dropoutDepth * spread ? 0 : center - dropoutDepth * spread;
      case 'broken_correlation':
        // Mirrored at its centre a channel keeps its own range and contradicts every channel that goes with it.
        return 2 * center - value;
    }
  };
  for (let row = from; row < to; row++) {
    const at = row * channels + channel;
    values[at] = faulty(values[at], row);
  }
  return { ...rows, values };
}
