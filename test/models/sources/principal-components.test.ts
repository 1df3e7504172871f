import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { LinearSource } from '../../../src/models/sources/linear-source.ts';
import { fitPrincipalComponents } from '../../../src/models/sources/principal-components.ts';
import { columnMeans, gaussianRows, largest, residualsOf, withGaps } from './simulated.ts';

/** As {@link fitPrincipalComponents} where it has something to say. */
function sourceOf(runs: readonly Float32Array[], channels: number): LinearSource {
  const source = fitPrincipalComponents(runs, channels);
  if (source === null) throw new Error('no source');
  return source;
}

/** Rows of `rank` hidden factors of equal size, each of which moves a channel of its own and a mix of all others. */
function factorRows(count: number, channels: number, rank: number, seed: number): Float32Array {
  const factors = gaussianRows(count, rank, seed);
  const loadings = gaussianRows(channels, rank, seed + 1).map((value) => value + (value < 0 ? -0.5 : 0.5));
  const rows = new Float32Array(count * channels);
  for (let row = 0; row < count; row++) {
    for (let i = 0; i < channels; i++) {
      let value = i - 1;
      for (let k = 0; k < rank; k++) value += loadings[i * rank + k] * factors[row * rank + k];
      rows[row * channels + i] = value;
    }
  }
  return rows;
}

function energy(values: Float32Array, about: Float32Array, channels: number): number {
  const means = columnMeans(about, channels);
  const deviations = means.map((mean, i) => {
    const column = about.filter((_, k) => k % channels === i);
    return Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / column.length);
  });
  return values.reduce((sum, value, k) => sum + (value / deviations[k % channels]) ** 2, 0);
}

describe('fitPrincipalComponents', () => {
  it('leaves nothing of rows on a line, wherever it points', () => {
    const property = fc.property(fc.integer({ min: 2, max: 9 }), fc.integer(), (channels, seed) => {
      const rows = factorRows(60, channels, 1, seed);
      expect(largest(residualsOf(sourceOf([rows], channels), rows))).toBeLessThan(1e-4);
    });
    fc.assert(property, { numRuns: 30 });
  });

  it('leaves nothing of rows in a plane that they fill evenly, and all that leaves the plane', () => {
    const base = gaussianRows(500, 2, 3);
    // Two factors, each seen by three channels with a factor of its own, so that both hold half of the variance.
    const rows = new Float32Array(500 * 6).map(
      (_, k) => [1, -2, 0.5][k % 3] * base[2 * Math.floor(k / 6) + (k % 6 < 3 ? 0 : 1)],
    );
    const source = sourceOf([rows], 6);
    expect(largest(residualsOf(source, rows))).toBeLessThan(1e-4);

    // Within the first factor's three channels the pattern is (1, -2, 0.5); (2, 1, 0) / deviation is at a right angle to it.
    const off = Float32Array.of(1, 2, 0, 0, 0, 0);
    const from = new Float32Array(6);
    const shift = residualsOf(source, off).map((value, i) => value - residualsOf(source, from)[i]);
    expect(largest(shift.map((value, i) => value - off[i]))).toBeLessThan(1e-3);
  });

  it('leaves at most a tenth of the standardised variance unless it must drop more, with a mean of 0', () => {
    const property = fc.property(
      fc.record({
        channels: fc.integer({ min: 2, max: 8 }),
        rank: fc.integer({ min: 1, max: 4 }),
        seed: fc.integer(),
      }),
      ({ channels, rank, seed }) => {
        fc.pre(rank < channels);
        const rows = factorRows(200, channels, rank, seed);
        const residuals = residualsOf(sourceOf([rows], channels), rows);
        expect(largest(columnMeans(residuals, channels))).toBeLessThan(1e-4);
        expect(energy(residuals, rows, channels)).toBeLessThan(0.1 * channels * 200 + 1e-3);
      },
    );
    fc.assert(property, { numRuns: 30 });
  });

  it('drops a component even of channels that have nothing to do with each other', () => {
    const rows = gaussianRows(300, 2, 5);
    const share = energy(residualsOf(sourceOf([rows], 2), rows), rows, 2) / (2 * 300);
    // The smaller eigenvalue of two channels' correlation is 1 - |r|, its share half of that.
    expect(share).toBeGreaterThan(0.4);
    expect(share).toBeLessThan(0.5);
  });

  it('is the same whatever the units of a channel', () => {
    const rows = factorRows(100, 4, 2, 6);
    const units = [1, 5, 0.2, 2];
    const other = residualsOf(
      sourceOf([rows.map((value, k) => value * units[k % 4])], 4),
      rows.map((value, k) => value * units[k % 4]),
    );
    const expected = residualsOf(sourceOf([rows], 4), rows);
    expect(largest(other.map((value, k) => value / units[k % 4] - expected[k]))).toBeLessThan(1e-4);
  });

  it('predicts a channel that hardly varied at its mean, and nothing from it', () => {
    const line = factorRows(50, 2, 1, 7);
    const rows = new Float32Array(50 * 3).map((_, k) =>
      k % 3 === 2 ? 4 + 0.01 * (k % 2) : line[2 * Math.floor(k / 3) + (k % 3)],
    );
    const source = sourceOf([rows], 3);
    const moved = rows.slice(0, 3);
    moved[2] = 9;
    const [first, second, third] = residualsOf(source, moved);
    expect(largest([first, second])).toBeLessThan(1e-4);
    expect(third).toBeCloseTo(4.995, 5);
  });

  it.each([
    ['one channel', [gaussianRows(50, 1, 8)], 1],
    ['one channel that varies', [gaussianRows(50, 1, 8).reduce(besideConstant, new Float32Array(100))], 2],
    ['a single row', [Float32Array.of(1, 2, 3)], 3],
    ['no rows', [], 3],
    ['no readings', [new Float32Array(30).fill(Number.NaN)], 3],
  ])('has nothing to say of %s', (_case, runs, channels) => {
    expect(fitPrincipalComponents(runs, channels)).toBeNull();
  });

  it('takes fewer rows than channels, two hundred channels, and gaps', () => {
    const few = factorRows(5, 12, 8, 9);
    expect(largest(residualsOf(sourceOf([few], 12), few))).toBeLessThan(10);
    const channels = 200;
    const rows = factorRows(400, channels, 3, 10);
    const holed = withGaps(rows, 0.01, 11);
    const residuals = residualsOf(
      sourceOf([holed.subarray(0, 20_000), holed.subarray(20_000)], channels),
      holed,
    );
    expect(residuals.every((value, k) => Number.isNaN(value) === Number.isNaN(holed[k]))).toBe(true);
  });
});

function besideConstant(rows: Float32Array, value: number, row: number): Float32Array {
  rows.set([7, value], 2 * row);
  return rows;
}
