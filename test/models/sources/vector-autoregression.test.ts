import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LinearSource } from '../../../src/models/sources/linear-source.ts';
import { fitVectorAutoregression } from '../../../src/models/sources/vector-autoregression.ts';
import {
  autoregressiveRows,
  columnMeans,
  gaussianRows,
  largest,
  residualsOf,
  withGaps,
} from './simulated.ts';

function sourceOf(runs: readonly Float32Array[], channels: number): LinearSource {
  const source = fitVectorAutoregression(runs, channels);
  if (source === null) throw new Error('no source');
  return source;
}

const truth = { matrix: [0.7, 0.2, 0, -0.3, 0.5, 0.4, 0, 0, 0.8], offset: [0, 1, -0.5], deviation: 1 };

function variance(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
}

describe('fitVectorAutoregression', () => {
  it('finds the matrix and offset that rows were made with, and leaves their innovations', () => {
    const rows = autoregressiveRows(40_000, truth, 1);
    const source = sourceOf([rows], 3);
    expect(source.now).toBeNull();
    expect(largest((source.before ?? []).map((value, k) => value - truth.matrix[k]))).toBeLessThan(0.03);
    expect(largest(source.offset.map((value, k) => value - truth.offset[k]))).toBeLessThan(0.1);
    for (const channel of [0, 1, 2]) {
      const column = residualsOf(source, rows).filter((_, k) => k % 3 === channel);
      expect(variance(column.subarray(1))).toBeCloseTo(1, 1);
    }
  });

  it('is not led astray by a channel of which a third is missing', () => {
    const matrix = [0.7, 0, 0, 0, 0.5, 0, 0.6, 0, 0];
    const rows = autoregressiveRows(40_000, { ...truth, matrix }, 2);
    const { before } = sourceOf([rows.map((value, k) => (k % 9 === 8 ? Number.NaN : value))], 3);
    expect(largest((before ?? []).map((value, k) => value - matrix[k]))).toBeLessThan(0.03);
  });

  it('has residuals of mean 0 on the rows that it was fitted on', () => {
    const property = fc.property(
      fc.record({
        channels: fc.integer({ min: 1, max: 6 }),
        count: fc.integer({ min: 2, max: 80 }),
        level: fc.integer({ min: -5, max: 5 }),
        seed: fc.integer(),
      }),
      ({ channels, count, level, seed }) => {
        const rows = gaussianRows(count, channels, seed).map((value) => value + level);
        const residuals = residualsOf(sourceOf([rows], channels), rows).subarray(channels);
        expect(largest(columnMeans(residuals, channels))).toBeLessThan(1e-5);
      },
    );
    fc.assert(property, { numRuns: 40 });
  });

  it('never pairs the end of a run with the beginning of the next', () => {
    const [first, second] = [3, 4].map((seed) => autoregressiveRows(300, truth, seed));
    // Both runs end far from where the other begins; the pair across would outweigh all others.
    first.fill(1000, first.length - 3);
    second.fill(-1000, 0, 3);
    const cut = (rows: Float32Array) => [rows.subarray(0, 300), rows.subarray(300)];
    const [before, swapped] = [sourceOf([first, second], 3), sourceOf([second, first], 3)].map(
      (one) => one.before ?? [],
    );
    expect(largest(before.map((value, k) => value - swapped[k]))).toBeLessThan(1e-5);
    expect(sourceOf(cut(first), 3)).not.toEqual(sourceOf([first], 3));
  });

  it('shrinks to the mean where rows say little: few of them, and of a channel that hardly moves', () => {
    const rows = autoregressiveRows(12, { matrix: [0.9], offset: [0], deviation: 1 }, 5);
    const coefficient = (size: number) =>
      sourceOf([rows.map((value) => 5 + size * value)], 1).before?.[0] ?? Number.NaN;
    expect(coefficient(1)).toBeGreaterThan(0);
    expect(coefficient(1)).toBeLessThan(coefficient(100));
    expect(Math.abs(coefficient(0.01))).toBeLessThan(0.05);
  });

  it('shares a prediction out among channels that are copies of each other', () => {
    const one = autoregressiveRows(2000, { matrix: [0.8], offset: [0], deviation: 1 }, 8);
    const copies = Float32Array.from({ length: 6000 }, (_, i) => one[Math.floor(i / 3)]);
    const { before } = sourceOf([copies], 3);
    for (const coefficient of before ?? []) expect(coefficient).toBeCloseTo(0.8 / 3, 1);
  });

  it('expects constant and unread channels where they are, with fewer rows than channels', () => {
    const source = sourceOf([Float32Array.of(1, 5, Number.NaN, 2, 5, Number.NaN)], 3);
    expect(source.offset[1]).toBeCloseTo(5, 5);
    expect([...source.offset.subarray(2)]).toEqual([0]);
    expect(source.before?.every(Number.isFinite)).toBe(true);
  });

  it.each<[string, Float32Array[]]>([
    ['no rows', []],
    ['a single row', [Float32Array.of(1, 2)]],
    ['rows with a break after each', [Float32Array.of(1, 2), Float32Array.of(3, 4)]],
  ])('has nothing to say of %s', (_case, runs) => {
    expect(fitVectorAutoregression(runs, 2)).toBeNull();
  });

  it('takes three hundred channels with gaps', () => {
    const rows = withGaps(gaussianRows(400, 300, 6), 0.02, 7);
    const residuals = residualsOf(sourceOf([rows], 300), rows);
    expect(residuals.every((value, k) => Number.isNaN(value) === Number.isNaN(rows[k]))).toBe(true);
  });
});
