import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { shrunkCovariance } from './whitening.ts';

/** How smoothed residuals of normal windows lie. */
export interface ResidualShape {
  /** Length C, scaled units. */
  readonly mean: Float32Array;
  /** Inverse covariance, `[C x C]` row-major. */
  readonly precision: Float32Array;
}

/**
 * An error that no model can be blamed for, in scaled units (the signal's own deviation is about 1), in every direction.
 * Without it a channel that a source reproduces almost exactly, or a relation between channels that held to the last
 * digit so far, would alarm at the first flutter.
 */
const unavoidableError = 0.1;
const smallestDeviation = 1e-3;
/** Against which the drift of a channel that hardly moves is measured. */
const smallestDriftDeviation = 0.05;

/** Mean and inverse covariance of rows `[n x C]` in parts, each channel's deviation widened by `widening`. */
export function fitResidualShape(parts: readonly Float32Array[], widening: Float32Array): ResidualShape {
  const channels = widening.length;
  const { mean, deviation } = moments(parts, channels);
  for (let i = 0; i < channels; i++) deviation[i] = Math.max(deviation[i], smallestDeviation);
  const standardised = parts.map((part) =>
    part.map((value, at) => (value - mean[at % channels]) / deviation[at % channels]),
  );
  const covariance = shrunkCovariance(standardised, channels).covariance;
  const scale = deviation.map((value, i) => value * widening[i]);
  for (let i = 0; i < channels; i++) {
    for (let j = 0; j < channels; j++) {
      const own = i === j ? unavoidableError ** 2 : 0;
      // The product of the scales first: it is the same for (j, i), and the inverse needs exact symmetry.
      covariance.set(i, j, covariance.get(i, j) * (scale[i] * scale[j]) + own);
    }
  }
  const inverse = new CholeskyDecomposition(covariance).solve(Matrix.eye(channels));
  return { mean, precision: Float32Array.from(inverse.to1DArray()) };
}

/**
 * By how much each channel's deviation understates what is to come, from the rows `[n x C]` of each block in parts: time is
 * cut after each block in turn, and what follows is measured against the mean of what was before. A channel that wanders (a
 * temperature still rising) is further off than its deviation so far, and must not be judged as if it stood still.
 * Geometric mean over the cuts of the root mean square error over the deviation before, square root of it, never below 1.
 */
export function driftWidening(blocks: readonly (readonly Float32Array[])[], channels: number): Float32Array {
  const logs = new Float64Array(channels);
  let cuts = 0;
  for (let cut = 1; cut < blocks.length; cut++) {
    const before = blocks.slice(0, cut).flat();
    const after = blocks.slice(cut).flat();
    if (isEmpty(before) || isEmpty(after)) continue;
    cuts++;
    const past = moments(before, channels);
    const future = moments(after, channels);
    for (let i = 0; i < channels; i++) {
      const error = future.deviation[i] ** 2 + (future.mean[i] - past.mean[i]) ** 2;
      logs[i] += Math.log(Math.max(error, 1e-12) / Math.max(past.deviation[i], smallestDriftDeviation) ** 2);
    }
  }
  return Float32Array.from(logs, (log) => (cuts === 0 ? 1 : Math.sqrt(Math.max(1, Math.exp(log / cuts)))));
}

function isEmpty(parts: readonly Float32Array[]): boolean {
  return parts.every(({ length }) => length === 0);
}

function moments(
  parts: readonly Float32Array[],
  channels: number,
): { mean: Float32Array; deviation: Float32Array } {
  const sums = new Float64Array(channels);
  const squares = new Float64Array(channels);
  const count = parts.reduce((total, { length }) => total + length / channels, 0);
  for (const part of parts) for (let at = 0; at < part.length; at++) sums[at % channels] += part[at];
  const mean = Float32Array.from(sums, (sum) => sum / Math.max(1, count));
  for (const part of parts) {
    for (let at = 0; at < part.length; at++) squares[at % channels] += (part[at] - mean[at % channels]) ** 2;
  }
  return { mean, deviation: Float32Array.from(squares, (sum) => Math.sqrt(sum / Math.max(1, count))) };
}
