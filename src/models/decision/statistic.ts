/**
 * One step of the running mean `m <- m + smoothing (r - m)` in place (Roberts 1959). NaN (a missing reading) leaves its
 * channel as it was; without smoothing there is nothing to go on with, and it counts as no error at all.
 */
export function smooth(running: Float32Array, residual: Float32Array, smoothing: number): void {
  for (let channel = 0; channel < running.length; channel++) {
    const value = residual[channel];
    if (!Number.isNaN(value)) running[channel] += smoothing * (value - running[channel]);
    else if (smoothing === 1) running[channel] = 0;
  }
}

/**
 * Squared Mahalanobis distance of a smoothed residual from its mean on normal windows, over C. Channels that err together
 * when all is well count once. Leaves `precision * (running - mean)` in `weighted`.
 */
export function squaredDistance(
  running: Float32Array,
  shape: { readonly mean: Float32Array; readonly precision: Float32Array },
  weighted: Float32Array,
): number {
  const { mean, precision } = shape;
  const channels = mean.length;
  weighted.fill(0);
  for (let i = 0; i < channels; i++) {
    const error = running[i] - mean[i];
    const from = i * channels;
    for (let j = 0; j < channels; j++) weighted[j] += error * precision[from + j];
  }
  let sum = 0;
  for (let i = 0; i < channels; i++) sum += (running[i] - mean[i]) * weighted[i];
  return Math.max(0, sum) / channels;
}

/**
 * The cube root of a chi-squared variable over its degrees of freedom is nearly normal (Wilson and Hilferty 1931). So a
 * distance from C channels becomes standard deviations, and a margin means the same for 5 channels as for 50: the
 * distance itself hardly varies where many channels are added up.
 */
export function toDeviations(distance: number, channels: number): number {
  const part = 2 / (9 * channels);
  return (Math.cbrt(distance ** 2) - (1 - part)) / Math.sqrt(part);
}

/** The inverse of {@link toDeviations}. */
export function fromDeviations(deviations: number, channels: number): number {
  const part = 2 / (9 * channels);
  return Math.max(0, deviations * Math.sqrt(part) + 1 - part) ** 1.5;
}

/** The statistic of each smoothed residual `[n x C]` in order, as a decider would have it in the middle of its work. */
export function statisticsOf(
  rows: Float32Array,
  shape: { readonly mean: Float32Array; readonly precision: Float32Array },
  energySmoothing: number,
): number[] {
  const channels = shape.mean.length;
  const weighted = new Float32Array(channels);
  const statistics: number[] = [];
  let energy = Number.NaN;
  for (let at = 0; at < rows.length; at += channels) {
    const square = squaredDistance(rows.subarray(at, at + channels), shape, weighted);
    energy = Number.isNaN(energy) ? square : energy + energySmoothing * (square - energy);
    statistics.push(Math.sqrt(energy));
  }
  return statistics;
}
