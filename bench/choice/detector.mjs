import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { driftWidening, fitResidualShape } from '../../dist/models/decision/residual-shape.js';
import { smooth, squaredDistance } from '../../dist/models/decision/statistic.js';
import { thresholdFrom } from '../../dist/models/decision/threshold.js';

/** Time is cut into so many blocks. */
const blockCount = 4;
/** The margin rule: the shipped quantile and margin, with the shift detector's want of data. */
const rule = { quantile: 0.99, margin: 1.5, want: 40 };

/** A detector: distances of smoothed residuals from how those of the fit rows lie, and the threshold by the margin rule. */
export function fitDetector(fitResiduals, channels, smoothing) {
  const parts = blocksOf(smoothed(fitResiduals, channels, smoothing), channels);
  const shape = fitResidualShape(parts, driftWidening(parts, channels));
  const measure = (rows) => distances(rows, shape);
  const perBlock = parts.map((part) => Array.from(measure(part)));
  const windows = fitResiduals.length / channels;
  return {
    channels,
    logDeterminant: logDeterminant(shape.precision, channels),
    fitDistances: perBlock.flat(),
    threshold: thresholdFrom(perBlock, { ...rule, channels, windows }),
    /** One distance a residual, running means starting at 0. */
    distancesOf: (residuals) => measure(smoothed(residuals, channels, smoothing)),
    smoothed: (residuals) => smoothed(residuals, channels, smoothing),
  };
}

/** Consecutive blocks of equal length of `[n x width]`; the last takes the remainder. */
export function blocksOf(values, width = 1) {
  const rows = Math.floor(values.length / width / blockCount);
  return Array.from({ length: blockCount }, (_, i) =>
    values.slice(i * rows * width, i + 1 === blockCount ? values.length : (i + 1) * rows * width),
  );
}

function smoothed(residuals, channels, smoothing) {
  const running = new Float32Array(channels);
  const all = new Float32Array(residuals.length);
  for (let at = 0; at < all.length; at += channels) {
    smooth(running, residuals.subarray(at, at + channels), smoothing);
    all.set(running, at);
  }
  return all;
}

function distances(rows, shape) {
  const channels = shape.mean.length;
  const weighted = new Float32Array(channels);
  return Float64Array.from({ length: rows.length / channels }, (_, i) =>
    Math.sqrt(squaredDistance(rows.subarray(i * channels, (i + 1) * channels), shape, weighted)),
  );
}

function logDeterminant(precision, channels) {
  const { lowerTriangularMatrix } = new CholeskyDecomposition(
    Matrix.from1DArray(channels, channels, precision),
  );
  return 2 * lowerTriangularMatrix.diagonal().reduce((sum, value) => sum + Math.log(value), 0);
}
