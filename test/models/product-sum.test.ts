import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createProductSum } from '../../src/models/product-sum.ts';
import { gaussianRows, largest } from './sources/simulated.ts';

it('adds up the products of any number of rows', () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 5 }),
    fc.integer({ min: 0, max: 13 }),
    fc.integer(),
    (channels, count, seed) => {
      const [left, right] = [1, 2].map((k) => gaussianRows(count, channels, seed + k));
      const sum = createProductSum(channels);
      const rowOf = (rows: Float32Array, row: number) =>
        Float64Array.from(rows.subarray(row * channels, (row + 1) * channels));
      for (let row = 0; row < count; row++) sum.add(rowOf(left, row), rowOf(right, row));
      const expected = new Float64Array(channels * channels).map((_, k) => {
        const [i, j] = [Math.floor(k / channels), k % channels];
        let total = 0;
        for (let at = 0; at < left.length; at += channels) total += left[at + i] * right[at + j];
        return total;
      });
      expect(largest(sum.finish().map((value, k) => value - expected[k]))).toBeLessThan(1e-9);
    },
  );
  fc.assert(property);
});
