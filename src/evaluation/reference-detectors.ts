import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { EvaluationGroup, LabelledStream } from './protocol.ts';

/** Scores of all rows of a stream, 1.0 being the detector's threshold; flagged above it. */
export type ReferenceDetector = (stream: LabelledStream) => Float64Array;

/** The usual label-free threshold: this quantile of the training rows' own scores, times the margin. */
const quantile = 0.99;
const margin = 1.5;
const keptVariance = 0.9;

/** A score from 0 to 2, uniform: half of the rows are flagged. `uniform` gives numbers from 0 to 1. */
export function randomDetector(uniform: () => number): ReferenceDetector {
  return ({ at }) => Float64Array.from(at, () => 2 * uniform());
}

/** Just above the threshold, always. */
export const flagAllDetector: ReferenceDetector = ({ at }) => new Float64Array(at.length).fill(2);

/**
 * Both detectors that learn, from the training rows of a group: the greatest |z| over the channels, by mean and
 * population standard deviation; and the squared length of what a PCA that keeps 90 % of the variance leaves of z (Q, or
 * SPE; at least one direction is always left, or one channel alone would leave nothing). A missing value counts as the
 * mean, a constant channel is not scaled.
 */
export function fitReferences(group: EvaluationGroup): { zscore: ReferenceDetector; pca: ReferenceDetector } {
  const training = trainingRows(group);
  const centre = training.map(mean);
  const scale = training.map((column, i) => deviation(column, centre[i]) || 1);
  const standardise = (values: readonly Float64Array[]) =>
    values.map((column, i) =>
      column.map((value) => (Number.isNaN(value) ? 0 : (value - centre[i]) / scale[i])),
    );
  const scaled = standardise(training);
  const kept = principalDirections(scaled);
  const detector = (score: (z: readonly Float64Array[]) => Float64Array): ReferenceDetector => {
    const limit = margin * quantileOf(score(scaled), quantile);
    return ({ values }) => score(standardise(values)).map((one) => overLimit(one, limit));
  };
  return { zscore: detector(greatest), pca: detector((z) => leftOver(z, kept)) };
}

function overLimit(score: number, limit: number): number {
  if (limit > 0) return score / limit;
  return score > 0 ? 1 + score : 0;
}

function trainingRows({ streams, channels }: EvaluationGroup): Float64Array[] {
  const total = streams.reduce((sum, { trainRows }) => sum + trainRows, 0);
  return channels.map((_, channel) => {
    const joined = new Float64Array(total);
    let offset = 0;
    for (const { values, trainRows } of streams) {
      joined.set(values[channel].subarray(0, trainRows), offset);
      offset += trainRows;
    }
    return joined;
  });
}

function greatest(z: readonly Float64Array[]): Float64Array {
  return Float64Array.from(z[0], (_, row) =>
    z.reduce((top, column) => Math.max(top, Math.abs(column[row])), 0),
  );
}

/** `[K x C]`: as few eigenvectors of the correlation as hold 90 % of the variance, at most C - 1. */
function principalDirections(z: readonly Float64Array[]): Float64Array[] {
  const size = z.length;
  const rows = z[0].length;
  const covariance = Matrix.zeros(size, size);
  for (let i = 0; i < size; i++) {
    for (let j = i; j < size; j++) {
      let sum = 0;
      for (let row = 0; row < rows; row++) sum += z[i][row] * z[j][row];
      covariance.set(i, j, sum / rows);
      covariance.set(j, i, sum / rows);
    }
  }
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(covariance, {
    assumeSymmetric: true,
  });
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b] - realEigenvalues[a]);
  const all = realEigenvalues.reduce((sum, value) => sum + value, 0);
  const kept: Float64Array[] = [];
  let held = 0;
  for (const index of order) {
    if (held >= keptVariance * all || kept.length === size - 1) break;
    held += realEigenvalues[index];
    kept.push(Float64Array.from(eigenvectorMatrix.getColumn(index)));
  }
  return kept;
}

function leftOver(z: readonly Float64Array[], directions: readonly Float64Array[]): Float64Array {
  const left = new Float64Array(z[0].length);
  for (let row = 0; row < left.length; row++) {
    let length = 0;
    for (const column of z) length += column[row] ** 2;
    for (const direction of directions) {
      let along = 0;
      for (let channel = 0; channel < z.length; channel++) along += direction[channel] * z[channel][row];
      length -= along ** 2;
    }
    left[row] = Math.max(0, length);
  }
  return left;
}

function mean(column: Float64Array): number {
  let sum = 0;
  let count = 0;
  for (const value of column) {
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return count === 0 ? 0 : sum / count;
}

function deviation(column: Float64Array, centre: number): number {
  let sum = 0;
  let count = 0;
  for (const value of column) {
    if (Number.isNaN(value)) continue;
    sum += (value - centre) ** 2;
    count++;
  }
  return count === 0 ? 0 : Math.sqrt(sum / count);
}

/** Linear between the two nearest ranks, as NumPy has it. */
function quantileOf(values: Float64Array, share: number): number {
  const sorted = values.slice().sort();
  const position = share * (sorted.length - 1);
  const low = Math.floor(position);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (position - low) * (sorted[high] - sorted[low]);
}
