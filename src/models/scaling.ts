import type { Scaling } from './engine.ts';

/** Scaled values beyond this many scales are clipped: further out says nothing more, and one wild reading must not rule. */
const clip = 10;
/** The interquartile range of a normal distribution in standard deviations. */
const iqrOfNormal = 1.349;

/**
 * Robust scaling of rows `[n x C]` (NaN = missing): centre = median, scale = IQR / 1.349. Where most values are
 * equal the IQR is 0 or tiny and the standard deviation takes its place; a channel that never changed gets a scale
 * from the size of its value, so that it neither divides by zero nor turns rounding noise into a giant residual.
 */
export function fitScaling(rows: Float32Array, channels: number): Scaling {
  const center = new Float32Array(channels);
  const scale = new Float32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    const values: number[] = [];
    for (let at = channel; at < rows.length; at += channels)
      if (!Number.isNaN(rows[at])) values.push(rows[at]);
    const sorted = Float64Array.from(values).sort();
    // A channel that was never read still needs a centre: the network sees it as 0 throughout.
    center[channel] = sorted.length === 0 ? 0 : quantileOfSorted(sorted, 0.5);
    scale[channel] = spread(sorted, center[channel]);
  }
  return { center, scale, clip };
}

function spread(sorted: Float64Array, center: number): number {
  const smallest = Math.max(1e-6, 1e-4 * Math.abs(center));
  if (sorted.length === 0) return 1;
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const deviation = Math.sqrt(sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sorted.length);
  const robust = (quantileOfSorted(sorted, 0.75) - quantileOfSorted(sorted, 0.25)) / iqrOfNormal;
  // Ten times apart means that the quartiles sit on a plateau (an on-off channel), not that there are outliers.
  return Math.max(robust > deviation / 10 ? robust : deviation, smallest);
}

/** A raw value in the network's units: scaled and clipped, 0 (the centre) where it is missing. */
export function scaleValue(value: number, channel: number, { center, scale, clip }: Scaling): number {
  if (Number.isNaN(value)) return 0;
  return Math.max(-clip, Math.min(clip, (value - center[channel]) / scale[channel]));
}

/** Quantile `q` of ascending values by linear interpolation (type 7 of Hyndman and Fan 1996); NaN when empty. */
export function quantileOfSorted(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) return Number.NaN;
  const position = q * (sorted.length - 1);
  const below = Math.floor(position);
  const above = Math.min(below + 1, sorted.length - 1);
  return sorted[below] + (position - below) * (sorted[above] - sorted[below]);
}

/** The same of values in any order. */
export function quantileOf(values: ArrayLike<number>, q: number): number {
  return quantileOfSorted(Float64Array.from(values).sort(), q);
}
