import { EVD, inverse, Matrix, solve } from 'ml-matrix';
import { shrunkCovariance } from '../../dist/models/decision/whitening.js';
import { quantileOfSorted } from '../../dist/models/scaling.js';

const smoothing = 0.3;
const ridge = 100;

/**
 * Statistics of a recording's rows, each fitted on its first `fit` rows only and causal after that. Gives an object of
 * arrays, one number a row.
 */
export function statisticsOf(recording) {
  const { channels, fit } = recording;
  const robust = standardised(recording, robustScale, 1000);
  const z = standardised(recording, plainScale);
  const rows = z.length / channels;
  const inFit = (values) => values.subarray(0, fit * channels);

  const smooth = z.slice();
  for (let i = channels; i < smooth.length; i++)
    smooth[i] = smooth[i - channels] + smoothing * (z[i] - smooth[i - channels]);
  const innovation = innovations(z, channels, rows, fit);
  return {
    max_z: each(rows, (row) => {
      let most = 0;
      for (let c = 0; c < channels; c++) most = Math.max(most, Math.abs(robust[row * channels + c]));
      return most;
    }),
    ewma_distance: distance(smooth, channels, inFit(smooth)),
    ...(channels > 2 ? { pca_residual: pcaResidual(z, channels, inFit(z)) } : {}),
    var_innovation: distance(innovation, channels, inFit(innovation)),
  };
}

function each(rows, of) {
  return Float64Array.from({ length: rows }, (_, row) => of(row));
}

function standardised({ values, channels, fit }, scaleOf, clip = 10) {
  const result = new Float64Array(values.length);
  for (let c = 0; c < channels; c++) {
    const column = Float64Array.from({ length: fit }, (_, row) => values[row * channels + c]);
    const { centre, scale } = scaleOf(column);
    for (let i = c; i < values.length; i += channels) {
      result[i] = Math.max(-clip, Math.min(clip, (values[i] - centre) / scale));
    }
  }
  return result;
}

function plainScale(column) {
  const centre = column.reduce((sum, value) => sum + value, 0) / column.length;
  const scale = Math.sqrt(column.reduce((sum, value) => sum + (value - centre) ** 2, 0) / column.length);
  return { centre, scale: Math.max(scale, 1e-3 * Math.abs(centre), 1e-3) };
}

function robustScale(column) {
  const sorted = column.slice().sort();
  const { scale } = plainScale(column);
  const robust = (quantileOfSorted(sorted, 0.75) - quantileOfSorted(sorted, 0.25)) / 1.349;
  return { centre: quantileOfSorted(sorted, 0.5), scale: robust > scale / 10 ? robust : scale };
}

/** Mahalanobis distance over the square root of C, with mean and shrunk covariance of `fitted` (`[f x C]`). */
function distance(values, channels, fitted) {
  const mean = new Float64Array(channels);
  const deviation = new Float64Array(channels);
  for (let c = 0; c < channels; c++) {
    const column = fitted.filter((_, i) => i % channels === c);
    const { centre, scale } = plainScale(column);
    mean[c] = centre;
    deviation[c] = Math.max(scale, 0.1);
  }
  const scaled = (from) =>
    Float32Array.from(from, (value, i) => (value - mean[i % channels]) / deviation[i % channels]);
  const precision = inverse(shrunkCovariance([scaled(fitted)], channels).covariance).to1DArray();
  const all = scaled(values);
  return each(values.length / channels, (row) => {
    const at = row * channels;
    let sum = 0;
    for (let i = 0; i < channels; i++)
      for (let j = 0; j < channels; j++) sum += all[at + i] * precision[i * channels + j] * all[at + j];
    return Math.sqrt(Math.max(0, sum) / channels);
  });
}

/** Root of the squared residual outside of the principal components that hold 90 % of the variance. */
function pcaResidual(z, channels, fitted) {
  const matrix = Matrix.from1DArray(fitted.length / channels, channels, fitted);
  const { realEigenvalues, eigenvectorMatrix } = new EVD(matrix.transpose().mmul(matrix), {
    assumeSymmetric: true,
  });
  const order = realEigenvalues.map((value, i) => [value, i]).sort(([a], [b]) => b - a);
  const total = realEigenvalues.reduce((sum, value) => sum + value, 0);
  const kept = [];
  for (let i = 0, sum = 0; sum < 0.9 * total; i++) {
    sum += order[i][0];
    kept.push(eigenvectorMatrix.getColumn(order[i][1]));
  }
  return each(z.length / channels, (row) => {
    let sum = 0;
    const at = row * channels;
    for (let i = 0; i < channels; i++) sum += z[at + i] ** 2;
    for (const component of kept) {
      let product = 0;
      for (let i = 0; i < channels; i++) product += component[i] * z[at + i];
      sum -= product ** 2;
    }
    return Math.sqrt(Math.max(0, sum));
  });
}

/** What a first-order vector autoregression, fitted by ridge regression, does not foresee. */
function innovations(z, channels, rows, fit) {
  const before = Matrix.from1DArray(fit - 1, channels, z.subarray(0, (fit - 1) * channels));
  const after = Matrix.from1DArray(fit - 1, channels, z.subarray(channels, fit * channels));
  const gram = before.transpose().mmul(before).add(Matrix.eye(channels).mul(ridge));
  const weights = solve(gram, before.transpose().mmul(after)).to1DArray();
  const result = new Float64Array(z.length);
  for (let row = 1; row < rows; row++) {
    for (let j = 0; j < channels; j++) {
      let foreseen = 0;
      for (let i = 0; i < channels; i++) foreseen += z[(row - 1) * channels + i] * weights[i * channels + j];
      result[row * channels + j] = z[row * channels + j] - foreseen;
    }
  }
  return result;
}
