import { describe, expect, it } from 'vitest';
import { fitWhitening } from '../../src/models/decision/whitening.ts';
import { createRandom } from '../../src/models/random.ts';

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

/** Largest distance of `shrunk * precision` from the identity. */
function distanceFromInverse(shrunk: number[][], precision: Float32Array): number {
  const p = shrunk.length;
  let worst = 0;
  for (let i = 0; i < p; i++) {
    for (let j = 0; j < p; j++) {
      let product = 0;
      for (let k = 0; k < p; k++) product += shrunk[i][k] * precision[k * p + j];
      worst = Math.max(worst, Math.abs(product - (i === j ? 1 : 0)));
    }
  }
  return worst;
}

describe('fitWhitening', () => {
  it.each([
    [12, 4, 0.5],
    [60, 4, 1],
    [300, 6, 2],
    [2000, 3, 0.8],
  ])(
    'is the textbook estimate, inverted: %i rows of %i channels, common part %d',
    (count, channels, common) => {
      const rows = correlated(count, channels, common);
      const reference = ledoitWolf(rows, channels);
      const { shrinkage, precision } = fitWhitening([rows], channels);
      expect(reference.shrinkage).toBeGreaterThan(0);
      expect(shrinkage).toBeCloseTo(reference.shrinkage, 6);
      expect(distanceFromInverse(reference.shrunk, precision)).toBeLessThan(1e-4);
    },
  );

  it('does not care how the rows are cut into pieces', () => {
    const rows = correlated(90, 3, 1);
    const whole = fitWhitening([rows], 3);
    const pieces = fitWhitening([rows.subarray(0, 30), new Float32Array(0), rows.subarray(30)], 3);
    expect([...pieces.precision]).toEqual([...whole.precision]);
  });

  it('shrinks less the more rows there are, and all the way with hardly any', () => {
    const of = (count: number) => fitWhitening([correlated(count, 4, 1)], 4).shrinkage;
    expect(of(2000)).toBeLessThan(0.02);
    expect(of(60)).toBeGreaterThan(of(2000));
    // More channels than rows: no sample covariance could be inverted.
    const few = fitWhitening([correlated(3, 8, 1)], 8);
    expect(few.precision.every(Number.isFinite)).toBe(true);
  });

  it('is the identity without rows and with one', () => {
    const identity = [1, 0, 0, 1];
    expect([...fitWhitening([], 2).precision]).toEqual(identity);
    const one = fitWhitening([Float32Array.of(1, 1)], 2);
    expect(one.shrinkage).toBe(1);
    expect([...one.precision]).toEqual(identity);
    const alike = new Float32Array(40).fill(1);
    expect(fitWhitening([alike], 2).precision.every(Number.isFinite)).toBe(true);
  });

  it('does not blow up a channel that hardly moves', () => {
    const rows = correlated(1000, 2, 0).map((value, i) => (i % 2 === 0 ? value : value * 1e-4));
    expect(fitWhitening([rows], 2).precision[3]).toBeLessThan(1.1);
  });
});
