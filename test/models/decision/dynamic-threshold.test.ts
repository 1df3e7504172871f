import { describe, expect, it } from 'vitest';
import { dynamicThreshold } from '../../../src/models/decision/dynamic-threshold.ts';
import { createRandom } from '../../../src/models/random.ts';

/** Smoothed absolute errors, as a forecaster of a quiet machine makes them. */
function smoothedNoise(rows: number, seed: number): Float64Array {
  const random = createRandom(seed);
  let mean = 0.8;
  return Float64Array.from({ length: rows }, () => {
    mean += 0.05 * (Math.abs(random.gaussian()) - mean);
    return mean;
  });
}

describe('dynamic threshold', () => {
  it('finds planted spikes from the first row to the last, and nothing beside them', () => {
    for (let seed = 1; seed <= 20; seed++) {
      const errors = smoothedNoise(2000, seed);
      const { from, to } = { from: 100 + 80 * seed, to: 110 + 80 * seed };
      for (let row = from; row < to; row++) errors[row] += 2;
      expect(dynamicThreshold(errors).sequences).toMatchObject([{ from, to }]);
    }
    const two = smoothedNoise(2000, 21);
    two.fill(4, 300, 312);
    two.fill(4, 1700, 1704);
    expect(dynamicThreshold(two).sequences).toEqual([
      { from: 300, to: 312, peak: 4 },
      { from: 1700, to: 1704, peak: 4 },
    ]);
    expect(dynamicThreshold(two).threshold).toBeLessThan(4);
  });

  it('finds next to nothing in noise', () => {
    const found = Array.from({ length: 40 }, (_, seed) => dynamicThreshold(smoothedNoise(2000, 100 + seed)));
    expect(found.filter(({ sequences }) => sequences.length > 0).length).toBeLessThanOrEqual(2);
  });

  it('finds nothing where nothing moves or there is no history', () => {
    const nothing = { threshold: Number.POSITIVE_INFINITY, sequences: [] };
    expect(dynamicThreshold(new Float64Array(100).fill(0.4))).toEqual(nothing);
    expect(dynamicThreshold(new Float64Array(100))).toEqual(nothing);
    expect(dynamicThreshold([])).toEqual(nothing);
  });

  it('sees a spike in the row that it happens, and not before', () => {
    const errors = smoothedNoise(1000, 5);
    errors[900] += 5;
    const at = (row: number) =>
      dynamicThreshold(errors.subarray(0, row + 1)).sequences.at(-1)?.to === row + 1;
    expect([898, 899, 900, 901].map(at)).toEqual([false, false, true, false]);
  });

  it('prunes a sequence whose peak hardly stands out from the normal errors, and keeps the great one', () => {
    // 1000 errors from 1 to 1.2, one of 1.3 and one of 5: 1.3 is less than 13 % above 1.2.
    const errors = Float64Array.from({ length: 1000 }, (_, row) => 1 + (0.2 * ((row * 7919) % 1000)) / 1000);
    errors[300] = 1.3;
    errors[700] = 5;
    const { sequences, threshold } = dynamicThreshold(errors);
    expect(sequences).toEqual([{ from: 700, to: 701, peak: 5 }]);
    expect(threshold).toBeGreaterThanOrEqual(1.3 - 1e-9);
  });

  it('refuses an error that is none', () => {
    expect(() => dynamicThreshold([1, -1])).toThrow('smoothed error 1 is -1');
    expect(() => dynamicThreshold([Number.NaN])).toThrow('smoothed error 0 is NaN');
  });
});
