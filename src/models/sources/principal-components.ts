import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { createProductSum } from '../product-sum.ts';
import { eachHeldRow } from './held-rows.ts';
import type { LinearSource } from './linear-source.ts';

/** The usual share in process monitoring. */
const keptVariance = 0.9;
/**
 * Below this standard deviation, in scaled units, a channel counts as constant: the signal's own is about 1 but for one
 * whose movements are lost beside its size, and standardising it would blow its flutter up into all other predictions.
 */
const smallestDeviation = 0.05;

/**
 * Predicts a row by its projection onto the principal components that hold 90 % of the variance of the standardised
 * channels (Jackson and Mudholkar 1979): the residual breaks with how the channels usually go together, and its square
 * is the SPE, or Q. Hotelling's T2, of rows that keep to the pattern but go too far along it, needs no source of its
 * own: it is the whitened statistic of the robust z.
 *
 * At least one component is dropped, since a projection onto all of them predicts everything. A channel that hardly
 * varied is predicted at its mean and has no part in the components. `runs` are `[n x C]`, scaled, NaN = missing (the
 * last value stands for it). Null where there is nothing to say beyond the robust z: fewer than two channels vary.
 */
export function fitPrincipalComponents(runs: readonly Float32Array[], channels: number): LinearSource | null {
  const { mean, covariance } = moments(runs, channels);
  const deviation = covariance.diagonal().map(Math.sqrt);
  const varying = Array.from(deviation.keys()).filter((i) => deviation[i] > smallestDeviation);
  if (varying.length < 2) return null;

  const correlation = new Matrix(
    varying.map((i) => varying.map((j) => covariance.get(i, j) / deviation[i] / deviation[j])),
  );
  const kept = keptComponents(correlation);
  const projection = kept.mmul(kept.transpose());
  const now = new Float32Array(channels * channels);
  const offset = Float32Array.from(mean);
  for (const [a, i] of varying.entries()) {
    let projectedMean = 0;
    for (const [b, j] of varying.entries()) {
      const weight = (projection.get(a, b) * deviation[i]) / deviation[j];
      now[i * channels + j] = weight;
      projectedMean += weight * mean[j];
    }
    offset[i] = mean[i] - projectedMean;
  }
  return { kind: 'pca', now, before: null, offset };
}

/** The eigenvectors of the largest eigenvalues, a column each, at least one and never all. */
function keptComponents(correlation: Matrix): Matrix {
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(correlation, {
    assumeSymmetric: true,
  });
  const order = Array.from(realEigenvalues.keys()).sort((a, b) => realEigenvalues[b] - realEigenvalues[a]);
  const wanted = keptVariance * correlation.trace();
  let held = 0;
  let count = 0;
  while (count < order.length - 1 && held < wanted) held += realEigenvalues[order[count++]];
  return eigenvectorMatrix.subMatrixColumn(order.slice(0, count));
}

function moments(
  runs: readonly Float32Array[],
  channels: number,
): { mean: Float64Array; covariance: Matrix } {
  const mean = new Float64Array(channels);
  let rows = 0;
  eachHeldRow(runs, channels, (held) => {
    rows++;
    for (let i = 0; i < channels; i++) mean[i] += held[i];
  });
  for (let i = 0; i < channels; i++) mean[i] /= Math.max(1, rows);

  const products = createProductSum(channels);
  const centred = new Float64Array(channels);
  eachHeldRow(runs, channels, (held) => {
    for (let i = 0; i < channels; i++) centred[i] = held[i] - mean[i];
    products.add(centred, centred);
  });
  const covariance = Matrix.from1DArray(channels, channels, products.finish());
  return { mean, covariance: covariance.mul(1 / Math.max(1, rows)) };
}
