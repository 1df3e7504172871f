import { averagePrecision } from '../../dist/evaluation/point-metrics.js';
import { createRandom } from '../../dist/models/random.js';
import { createFaultTrials } from '../../dist/models/retraining/fault-trials.js';
import { channelRanges, injectedFaults } from '../../dist/models/retraining/injected-faults.js';
import { quantileOfSorted } from '../../dist/models/scaling.js';
import { blocksOf } from './detector.mjs';
import { sampleEveryMs, slice } from './recordings.mjs';
import { windowLength } from './sources.mjs';

/** Times the heights that faults are injected with; at 1 they are those that the comparison of models uses. */
const sizes = [0.5, 1, 2];

/** What training rows alone say of a detector; all are turned so that more should be better. */
export const evidenceNames = [
  'likelihood',
  'autocorrelation',
  'autocorrelation_smoothed',
  'stability',
  'rate',
  'overshoot',
  'injected_ap',
];

/** Evidence from held-out residuals `[n x C]`, but for the injected faults'. */
export function heldOutEvidence(detector, residuals, distances) {
  const { channels, logDeterminant, fitDistances, threshold } = detector;
  const squares = distances.reduce((sum, value) => sum + value ** 2, 0) / distances.length;
  const quantiles = blocksOf(distances).map((block) => quantile(block, 0.95));
  const middle = mean(quantiles);
  const spread = Math.sqrt(mean(quantiles.map((value) => (value - middle) ** 2)));
  return {
    // Of the smoothed residual, as a normal distribution, for each channel; distances are over the channels already.
    likelihood: (logDeterminant / channels - squares - Math.log(2 * Math.PI)) / 2,
    autocorrelation: -meanAutocorrelation(residuals, channels),
    autocorrelation_smoothed: -meanAutocorrelation(detector.smoothed(residuals), channels),
    stability: middle === 0 ? 0 : -spread / middle,
    rate: -distances.filter((value) => value >= threshold).length / distances.length,
    overshoot: -(quantile(distances, 0.99) + tiny) / (quantile(fitDistances, 0.99) + tiny),
  };
}

const tiny = 1e-9;

/** Faults of every kind and size in stretches of held-out rows: the stretches, without and with them. */
export function faultTrialsOf({ rows, channels, fitRows, trainRows }, ranges) {
  const held = [slice(rows, channels, fitRows, trainRows)];
  const options = { channels, windowLength, stride: 1, sampleEveryMs, minCoverage: 0 };
  return sizes.map((size) => {
    const sized = ranges.map(({ center, spread }) => ({ center, spread: size * spread }));
    const trials = createFaultTrials(held, sized, options);
    return { size, trials, faulty: trials.faulty(createRandom(1)) };
  });
}

/** Center and spread of each channel in the fit rows. */
export function rangesOf({ rows, channels, fitRows }) {
  return channelRanges([slice(rows, channels, 0, fitRows)], channels);
}

/**
 * Mean over kinds and sizes of the average precision of rows with a fault against the same rows without; and what the
 * comparison of models makes of the faults of size 1. `residuals` has an entry a size, `{ clean, faulty }`.
 */
export function injectedEvidence(detector, sized, residuals) {
  const precisions = [];
  let findings = null;
  for (const [i, { size, trials }] of sized.entries()) {
    const scoresOf = (all) =>
      all.map((part, trial) => {
        const { from, to } = trials.injections[trial];
        return detector.distancesOf(part).subarray(from - windowLength + 1, to - windowLength + 1);
      });
    const clean = scoresOf(residuals[i].clean);
    const faulty = scoresOf(residuals[i].faulty);
    for (const kind of injectedFaults) {
      const of = trials.injections.flatMap(({ fault }, trial) => (fault === kind ? [trial] : []));
      const scores = [clean, faulty].map((all) => of.flatMap((trial) => Array.from(all[trial])));
      const labels = Uint8Array.from({ length: 2 * scores[0].length }, (_, row) =>
        row < scores[0].length ? 0 : 1,
      );
      precisions.push(averagePrecision(labels, Float64Array.from(scores.flat())));
    }
    if (size === 1) findings = trials.findings(peaks(clean, detector), peaks(faulty, detector), 1);
  }
  return { precision: mean(precisions), findings };
}

function peaks(stretches, { threshold }) {
  return Float64Array.from(stretches, (scores) => Math.max(...scores) / threshold);
}

/** Mean over channels of the absolute autocorrelation from row to row; 0 for a channel that does not move. */
function meanAutocorrelation(rows, channels) {
  const count = rows.length / channels;
  let sum = 0;
  for (let channel = 0; channel < channels; channel++) {
    const column = Float64Array.from({ length: count }, (_, row) => rows[row * channels + channel]);
    const centre = mean(column);
    let product = 0;
    let square = 0;
    for (let row = 0; row < count; row++) {
      square += (column[row] - centre) ** 2;
      if (row > 0) product += (column[row] - centre) * (column[row - 1] - centre);
    }
    if (square > tiny) sum += Math.abs(product / square);
  }
  return sum / channels;
}

function quantile(values, q) {
  return quantileOfSorted(Float64Array.from(values).sort(), q);
}

export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
