import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fromDeviations,
  smooth,
  squaredDistance,
  toDeviations,
} from '../../../src/models/decision/statistic.ts';
import { createRandom } from '../../../src/models/random.ts';
import { quantileOfSorted } from '../../../src/models/scaling.ts';

describe('smooth', () => {
  it('moves by the weight of the newest, and not for a missing one', () => {
    const running = Float32Array.of(1, 1);
    smooth(running, Float32Array.of(3, Number.NaN), 0.25);
    expect([...running]).toEqual([1.5, 1]);
  });

  it('takes the residual itself without smoothing, and a missing one for no error', () => {
    const running = Float32Array.of(7, 7);
    smooth(running, Float32Array.of(3, Number.NaN), 1);
    expect([...running]).toEqual([3, 0]);
  });
});

describe('squaredDistance', () => {
  it('is the Mahalanobis distance over C, written out, and leaves the weighted error', () => {
    const numbers = (count: number) =>
      fc.array(fc.integer({ min: -300, max: 300 }), { minLength: count, maxLength: count });
    const cases = fc
      .integer({ min: 1, max: 6 })
      .chain((channels) =>
        fc.record({ running: numbers(channels), mean: numbers(channels), root: numbers(channels ** 2) }),
      );
    fc.assert(
      fc.property(cases, (drawn) => {
        const channels = drawn.mean.length;
        const hundredth = (values: readonly number[]) => Float32Array.from(values, (value) => value / 100);
        const [running, mean, root] = [drawn.running, drawn.mean, drawn.root].map(hundredth);
        // A A' is symmetric and has no negative direction.
        const precision = new Float32Array(channels ** 2).map((_, at) => {
          const [i, j] = [Math.floor(at / channels), at % channels];
          return mean.reduce((sum, _m, k) => sum + root[i * channels + k] * root[j * channels + k], 0);
        });
        const error = Array.from(running, (value, i) => value - mean[i]);
        const terms = error.flatMap((a, i) => error.map((b, j) => a * precision[i * channels + j] * b));
        const size = terms.reduce((sum, term) => sum + Math.abs(term), 0);
        const expected = terms.reduce((sum, term) => sum + term, 0) / channels;

        const weighted = new Float32Array(channels).fill(9);
        const actual = squaredDistance(running, { mean, precision }, weighted);
        expect(actual).toBeGreaterThanOrEqual(0);
        expect(Math.abs(actual - expected)).toBeLessThanOrEqual(1e-5 * (size + 1));
        for (const [i, value] of weighted.entries()) {
          const product = error.reduce((sum, b, j) => sum + precision[i * channels + j] * b, 0);
          expect(Math.abs(value - product)).toBeLessThan(1e-2);
        }
      }),
    );
  });

  it('is as of a hand computation', () => {
    const weighted = new Float32Array(2);
    const shape = { mean: Float32Array.of(1, -1), precision: Float32Array.of(2, -1, -1, 3) };
    // x - mean = (1, 2): P x = (0, 5), x' P x = 10.
    expect(squaredDistance(Float32Array.of(2, 1), shape, weighted)).toBe(5);
    expect([...weighted]).toEqual([0, 5]);
  });
});

/** Distances of rows of C independent standard normal errors: the root of a chi-squared variable over C. */
function simulatedDistances(channels: number, count: number): Float64Array {
  const random = createRandom(channels);
  return Float64Array.from({ length: count }, () => {
    let sum = 0;
    for (let i = 0; i < channels; i++) sum += random.gaussian() ** 2;
    return Math.sqrt(sum / channels);
  }).sort();
}

describe('toDeviations', () => {
  const channels = fc.integer({ min: 1, max: 300 });

  it('has fromDeviations for its inverse', () => {
    fc.assert(
      fc.property(channels, fc.double({ min: 0, max: 1000, noNaN: true }), (count, distance) => {
        const back = fromDeviations(toDeviations(distance, count), count);
        expect(Math.abs(back - distance)).toBeLessThan(1e-9 * (1 + distance));
      }),
    );
  });

  it('grows with the distance, which is never negative', () => {
    fc.assert(
      fc.property(channels, fc.double({ min: -50, max: 50, noNaN: true }), (count, deviations) => {
        const here = fromDeviations(deviations, count);
        expect(here).toBeGreaterThanOrEqual(0);
        expect(fromDeviations(deviations + 1, count)).toBeGreaterThanOrEqual(here);
      }),
    );
  });

  it('makes standard normal numbers of distances, and a margin mean alike for 2 channels and for 50', () => {
    const beyond = (count: number) => {
      const distances = simulatedDistances(count, 100_000);
      const deviations = distances.map((distance) => toDeviations(distance, count));
      const mean = deviations.reduce((sum, value) => sum + value, 0) / deviations.length;
      const variance = deviations.reduce((sum, value) => sum + (value - mean) ** 2, 0) / deviations.length;
      const usual = quantileOfSorted(deviations, 0.99);
      expect(mean).toBeCloseTo(0, 1);
      expect(Math.sqrt(variance)).toBeCloseTo(1, 1);
      expect(usual).toBeCloseTo(2.33, 0);
      const share = (threshold: number) =>
        distances.filter((distance) => distance > threshold).length / distances.length;
      return {
        byDeviations: share(fromDeviations(1.2 * usual, count)),
        byDistance: share(1.2 * quantileOfSorted(distances, 0.99)),
      };
    };
    const [few, many] = [beyond(2), beyond(50)];
    // A normal variable is beyond 1.2 times its 0.99 quantile with a chance of 0.0026.
    for (const { byDeviations } of [few, many]) {
      expect(byDeviations).toBeGreaterThan(0.0018);
      expect(byDeviations).toBeLessThan(0.0034);
    }
    // The same margin on the distance itself: one in a thousand with 2 channels, next to never with 50.
    expect(few.byDistance).toBeGreaterThan(10 * many.byDistance);
  });
});
