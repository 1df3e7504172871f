import { CholeskyDecomposition, Matrix } from 'ml-matrix';
import { createProductSum } from '../product-sum.ts';
import { eachHeldRow } from './held-rows.ts';
import type { LinearSource } from './linear-source.ts';

/**
 * Added to the diagonal of the inputs' sum of products, in scaled units, as good as one row that says nothing: enough for
 * channels that are copies of each other. More would leave some of a slow channel's wandering in the innovations; on
 * Tennessee Eastman, 500 rows of 52 channels, the share of faulty rows found is the same within a hundredth up to 1000.
 */
const ridge = 1;

/**
 * Predicts a row from the row before by ridge regression, a vector autoregression of order 1. What is left, the
 * innovations, hardly depend on each other from row to row even where the readings do, so that smoothing them and a
 * threshold from normal data keep what they promise. `runs` are `[n x C]`, scaled, NaN = missing: as an input the last
 * value stands for it, and as a target it is left out. Null where no run has two rows.
 */
export function fitVectorAutoregression(
  runs: readonly Float32Array[],
  channels: number,
): LinearSource | null {
  const { pairs, inputMean, targetMean, counts } = means(runs, channels);
  if (pairs === 0) return null;
  const inputs = createProductSum(channels);
  const across = createProductSum(channels);
  const input = new Float64Array(channels);
  const target = new Float64Array(channels);
  eachHeldRow(runs, channels, (_held, previous, measured) => {
    if (previous === null) return;
    for (let i = 0; i < channels; i++) {
      input[i] = previous[i] - inputMean[i];
      target[i] = Number.isNaN(measured[i]) ? 0 : measured[i] - targetMean[i];
    }
    inputs.add(input, input);
    across.add(input, target);
  });

  const gram = Matrix.from1DArray(channels, channels, inputs.finish()).add(Matrix.eye(channels).mul(ridge));
  // A channel read in every fifth row has a fifth of the products; the inputs' sum is of all rows.
  const products = Matrix.from1DArray(channels, channels, across.finish()).mulRowVector(
    Array.from(counts, (count) => pairs / Math.max(1, count)),
  );
  const coefficients = new CholeskyDecomposition(gram).solve(products);
  const before = new Float32Array(channels * channels);
  const offset = Float32Array.from(targetMean);
  for (let j = 0; j < channels; j++) {
    let expected = 0;
    for (let i = 0; i < channels; i++) {
      const coefficient = coefficients.get(i, j);
      before[j * channels + i] = coefficient;
      expected += coefficient * inputMean[i];
    }
    offset[j] = targetMean[j] - expected;
  }
  return { kind: 'vector_autoregression', now: null, before, offset };
}

interface Means {
  /** Rows that have one before them. */
  readonly pairs: number;
  readonly inputMean: Float64Array;
  readonly targetMean: Float64Array;
  /** How often each channel was measured as a target. */
  readonly counts: Float64Array;
}

function means(runs: readonly Float32Array[], channels: number): Means {
  const inputMean = new Float64Array(channels);
  const targetMean = new Float64Array(channels);
  const counts = new Float64Array(channels);
  let pairs = 0;
  eachHeldRow(runs, channels, (_held, previous, measured) => {
    if (previous === null) return;
    pairs++;
    for (let i = 0; i < channels; i++) {
      inputMean[i] += previous[i];
      if (Number.isNaN(measured[i])) continue;
      targetMean[i] += measured[i];
      counts[i]++;
    }
  });
  for (let i = 0; i < channels; i++) {
    inputMean[i] /= Math.max(1, pairs);
    targetMean[i] /= Math.max(1, counts[i]);
  }
  return { pairs, inputMean, targetMean, counts };
}
