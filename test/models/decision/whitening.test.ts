import { CholeskyDecomposition } from 'ml-matrix';
import { describe, expect, it } from 'vitest';
import { shrunkCovariance } from '../../../src/models/decision/whitening.ts';
import { createRandom } from '../../../src/models/random.ts';
import { largest } from '../sources/simulated.ts';

/** Rows `[n x C]` with correlation through one common factor, each channel then brought to mean 0 and variance 1. */
function correlated(count: number, channels: number, common: number, seed = 3): Float32Array {
  const random = createRandom(seed);
  const rows = new Float32Array(count * channels);
  for (let row = 0; row < count; row++) {
    const factor = random.gaussian();
    for (let c = 0; c < channels; c++)
      rows[row * channels + c] = common * factor + (1 + 0.2 * c) * random.gaussian();
  }
  return standardised(rows, channels);
}

function standardised(rows: Float32Array, channels: number): Float32Array {
  const count = rows.length / channels;
  const result = new Float32Array(rows.length);
  for (let c = 0; c < channels; c++) {
    const column = Array.from({ length: count }, (_, row) => rows[row * channels + c]);
    const mean = column.reduce((sum, one) => sum + one, 0) / count;
    const deviation = Math.sqrt(column.reduce((sum, one) => sum + (one - mean) ** 2, 0) / count);
    for (const [row, value] of column.entries()) result[row * channels + c] = (value - mean) / deviation;
  }
  return result;
}

/**
 * Ledoit and Wolf (2004), lemma 3.2 to 3.4, as the paper writes it, in float64 and with the whole matrices: m = <S, I>,
 * d² = ||S - mI||², b² = min(d², 1/n² sum ||x x' - S||²), all with the norm ||A||² = tr(AA') / p.
 */
function ledoitWolf(rows: Float32Array, p: number): { shrinkage: number; shrunk: number[][] } {
  const n = rows.length / p;
  const x = Array.from({ length: n }, (_, row) => Array.from(rows.subarray(row * p, (row + 1) * p)));
  const matrix = (at: (i: number, j: number) => number): number[][] =>
    Array.from({ length: p }, (_, i) => Array.from({ length: p }, (_, j) => at(i, j)));
  const norm2 = (a: number[][]): number => a.flat().reduce((sum, value) => sum + value ** 2, 0) / p;
  const s = matrix((i, j) => x.reduce((sum, row) => sum + row[i] * row[j], 0) / n);
  const m = s.reduce((sum, row, i) => sum + row[i], 0) / p;
  const d2 = norm2(matrix((i, j) => s[i][j] - (i === j ? m : 0)));
  const spread = x.reduce((sum, row) => sum + norm2(matrix((i, j) => row[i] * row[j] - s[i][j])), 0) / n ** 2;
  const shrinkage = Math.min(d2, spread) / d2;
  return {
    shrinkage,
    shrunk: matrix((i, j) => shrinkage * (i === j ? m : 0) + (1 - shrinkage) * s[i][j]),
  };
}

describe('shrunkCovariance', () => {
  it.each([
    [12, 4, 0.5],
    [60, 4, 1],
    [300, 6, 2],
    [2000, 3, 0.8],
  ])('is the textbook estimate: %i rows of %i channels, common part %d', (count, channels, common) => {
    const rows = correlated(count, channels, common);
    const reference = ledoitWolf(rows, channels);
    const { shrinkage, covariance } = shrunkCovariance([rows], channels);
    expect(reference.shrinkage).toBeGreaterThan(0);
    expect(shrinkage).toBeCloseTo(reference.shrinkage, 6);
    const furthest = reference.shrunk.flat().map((value, k) => value - covariance.to1DArray()[k]);
    expect(largest(furthest)).toBeLessThan(1e-6);
  });

  it('does not care how the rows are cut into pieces', () => {
    const rows = correlated(90, 3, 1);
    const whole = shrunkCovariance([rows], 3);
    const pieces = shrunkCovariance([rows.subarray(0, 30), new Float32Array(0), rows.subarray(30)], 3);
    expect(pieces).toEqual(whole);
  });

  it('shrinks less the more rows there are, and can be inverted with hardly any', () => {
    const of = (count: number) => shrunkCovariance([correlated(count, 4, 1)], 4).shrinkage;
    expect(of(2000)).toBeLessThan(0.02);
    expect(of(60)).toBeGreaterThan(of(2000));
    // More channels than rows: no sample covariance could be inverted.
    const few = shrunkCovariance([correlated(3, 8, 1)], 8);
    expect(new CholeskyDecomposition(few.covariance).isPositiveDefinite()).toBe(true);
  });

  it('is the identity without rows, and the mean variance with one', () => {
    const none = shrunkCovariance([], 2);
    expect([none.shrinkage, none.covariance.to1DArray()]).toEqual([1, [1, 0, 0, 1]]);
    const one = shrunkCovariance([Float32Array.of(1, 3)], 2);
    expect([one.shrinkage, one.covariance.to1DArray()]).toEqual([1, [5, 0, 0, 5]]);
  });

  it('never takes rows that are all alike for certainty', () => {
    const { covariance, shrinkage } = shrunkCovariance([new Float32Array(40).fill(1)], 2);
    expect(shrinkage).toBeGreaterThan(0);
    expect(new CholeskyDecomposition(covariance).isPositiveDefinite()).toBe(true);
  });
});
