import { Matrix } from 'ml-matrix';
import { createProductSum } from '../product-sum.ts';

/** Rows that are all alike look like certainty, and channels that are all alike could then not be inverted. */
const leastShrinkage = 1e-6;

/**
 * Shrinks the covariance of centred samples (`[n x C]`, rows one after the other in each array) towards a multiple of the
 * identity by the intensity of Ledoit and Wolf (2004, "A well-conditioned estimator for large-dimensional covariance
 * matrices"): 0 leaves the sample's own covariance, 1 nothing of it but the mean variance. With no samples it is the
 * identity.
 */
export function shrunkCovariance(
  samples: readonly Float32Array[],
  channels: number,
): { covariance: Matrix; shrinkage: number } {
  const count = samples.reduce((sum, { length }) => sum + length / channels, 0);
  const products = createProductSum(channels);
  const wide = new Float64Array(channels);
  eachRow(samples, channels, (row) => {
    wide.set(row);
    products.add(wide, wide);
  });
  const covariance = Matrix.from1DArray(channels, channels, products.finish()).mul(1 / Math.max(1, count));
  const shrinkage = count < 2 ? 1 : intensity(samples, channels, count, covariance);
  const mean = count === 0 ? 1 : covariance.trace() / channels;
  return {
    covariance: covariance.mul(1 - shrinkage).add(Matrix.eye(channels).mul(shrinkage * mean)),
    shrinkage,
  };
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
  const rows = covariance.to2DArray();
  let spread = 0;
  eachRow(samples, channels, (row) => {
    let square = 0;
    let across = 0;
    for (let i = 0; i < channels; i++) {
      square += row[i] ** 2;
      let weighted = 0;
      const line = rows[i];
      for (let j = 0; j < channels; j++) weighted += line[j] * row[j];
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
