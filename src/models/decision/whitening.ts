import { CholeskyDecomposition, Matrix } from 'ml-matrix';

/** Rows that are all alike look like certainty, and channels that are all alike could then not be inverted. */
const leastShrinkage = 1e-6;

/** Inverse of a shrunk correlation matrix, row-major `[C x C]`. */
export interface Whitening {
  readonly precision: Float32Array;
  /** 0 = the sample's own correlations, 1 = none at all. */
  readonly shrinkage: number;
}

/**
 * Shrinks the covariance of standardised samples (`[n x C]`, rows one after the other in each array) towards the
 * identity by the intensity of Ledoit and Wolf (2004, "A well-conditioned estimator for large-dimensional covariance
 * matrices"), and inverts it. With few samples it tends to the identity, so that it can always be inverted. A channel
 * whose variance is below 1 here is one whose deviation was raised to the smallest that counts; it is taken as 1, as
 * if independent noise filled it up, since inverting the small variance would undo that floor.
 */
export function fitWhitening(samples: readonly Float32Array[], channels: number): Whitening {
  const count = samples.reduce((sum, { length }) => sum + length / channels, 0);
  const covariance = Matrix.zeros(channels, channels);
  eachRow(samples, channels, (row) => {
    for (let i = 0; i < channels; i++) {
      for (let j = 0; j <= i; j++) covariance.set(i, j, covariance.get(i, j) + (row[i] * row[j]) / count);
    }
  });
  for (let i = 0; i < channels; i++) for (let j = 0; j < i; j++) covariance.set(j, i, covariance.get(i, j));
  const shrinkage = count < 2 ? 1 : intensity(samples, channels, count, covariance);
  const mean = count === 0 ? 1 : covariance.trace() / channels;
  const shrunk = Matrix.add(
    Matrix.mul(covariance, 1 - shrinkage),
    Matrix.mul(Matrix.eye(channels), shrinkage * mean),
  );
  for (let i = 0; i < channels; i++) shrunk.set(i, i, Math.max(1, shrunk.get(i, i)));
  const inverse = new CholeskyDecomposition(shrunk).solve(Matrix.eye(channels));
  return { precision: Float32Array.from(inverse.to1DArray()), shrinkage };
}

/** Ledoit and Wolf's b² / d²: spread of the samples' own products about their mean, over its distance from the target. */
function intensity(
  samples: readonly Float32Array[],
  channels: number,
  count: number,
  covariance: Matrix,
): number {
  const mean = covariance.trace() / channels;
  const distance = Matrix.sub(covariance, Matrix.mul(Matrix.eye(channels), mean)).norm('frobenius') ** 2;
  const size = covariance.norm('frobenius') ** 2;
  let spread = 0;
  eachRow(samples, channels, (row) => {
    let square = 0;
    let across = 0;
    for (let i = 0; i < channels; i++) {
      square += row[i] ** 2;
      let weighted = 0;
      for (let j = 0; j < channels; j++) weighted += covariance.get(i, j) * row[j];
      across += row[i] * weighted;
    }
    spread += square ** 2 - 2 * across + size;
  });
  return distance === 0 ? 1 : Math.min(1, Math.max(leastShrinkage, spread / count ** 2 / distance));
}

function eachRow(
  samples: readonly Float32Array[],
  channels: number,
  visit: (row: Float32Array) => void,
): void {
  for (const sample of samples) {
    for (let at = 0; at < sample.length; at += channels) visit(sample.subarray(at, at + channels));
  }
}
