import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { driftWidening, fitResidualShape } from '../../../src/models/decision/residual-shape.ts';
import { squaredDistance } from '../../../src/models/decision/statistic.ts';
import { createRandom } from '../../../src/models/random.ts';
import { gaussianRows } from '../sources/simulated.ts';

/** The deviation of the error that no model is blamed for. */
const unavoidable = 0.1;
const ones = (channels: number) => new Float32Array(channels).fill(1);

/** `at(row, channel, noise)` gives each number of rows `[n x C]`. */
function rowsOf(
  rows: number,
  channels: number,
  at: (row: number, channel: number, noise: number) => number,
  seed = 2,
): Float32Array {
  const random = createRandom(seed);
  return new Float32Array(rows * channels).map((_, i) =>
    at(Math.floor(i / channels), i % channels, random.gaussian()),
  );
}

/** Five equal parts of rows `[n x C]`. */
/** Five blocks of two parts each. */
function blocksOf(rows: Float32Array): Float32Array[][] {
  const size = rows.length / 5;
  return Array.from({ length: 5 }, (_, block) => {
    const own = rows.subarray(block * size, (block + 1) * size);
    return [own.subarray(0, 30), own.subarray(30)];
  });
}

describe('fitResidualShape', () => {
  it('has the mean and, inverted, the covariance of the rows and the unavoidable error', () => {
    const rows = gaussianRows(20_000, 3, 1);
    // x1 = 2 + e1, x2 = x1 + e2, x3 = 3 e3.
    for (let at = 0; at < rows.length; at += 3) {
      rows[at] += 2;
      rows[at + 1] += rows[at];
      rows[at + 2] *= 3;
    }
    const { mean, precision } = fitResidualShape([rows], ones(3));
    const average = (of: (at: number) => number) => {
      let sum = 0;
      for (let at = 0; at < rows.length; at += 3) sum += of(at);
      return sum / 20_000;
    };
    const centre = [0, 1, 2].map((i) => average((at) => rows[at + i]));
    for (const [i, value] of mean.entries()) expect(value).toBeCloseTo(centre[i], 5);
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) {
        const product = [0, 1, 2].reduce((sum, k) => {
          const covariance = average((at) => (rows[at + i] - centre[i]) * (rows[at + k] - centre[k]));
          return sum + (covariance + (i === k ? unavoidable ** 2 : 0)) * precision[k * 3 + j];
        }, 0);
        // The shrinkage of twenty thousand rows is all that is between them.
        expect(Math.abs(product - (i === j ? 1 : 0))).toBeLessThan(0.003);
      }
    }
  });

  it('does not care how the rows are cut into parts', () => {
    const rows = gaussianRows(90, 3, 4);
    const parts = [rows.subarray(0, 30), new Float32Array(0), rows.subarray(30)];
    expect(fitResidualShape(parts, ones(3))).toEqual(fitResidualShape([rows], ones(3)));
  });

  it('finds no error further away than the unavoidable one allows, however alike or constant channels are', () => {
    const channels = 3;
    const cases = fc.record({
      seed: fc.integer(),
      count: fc.integer({ min: 0, max: 60 }),
      alike: fc.constantFrom('all', 'two', 'none'),
      size: fc.constantFrom(0, 1e-4, 1, 5),
      error: fc.array(fc.integer({ min: -100, max: 100 }), { minLength: channels, maxLength: channels }),
    });
    fc.assert(
      fc.property(cases, ({ seed, count, alike, size, error }) => {
        const rows = gaussianRows(count, channels, seed).map((value) => value * size);
        for (let at = 0; at < rows.length; at += channels) {
          if (alike !== 'none') rows[at + 1] = rows[at];
          if (alike === 'all') rows[at + 2] = -2 * rows[at];
        }
        const shape = fitResidualShape([rows], ones(channels));
        const residual = Float32Array.from(error, (value, i) => shape.mean[i] + value / 100);
        const length2 = error.reduce((sum, value) => sum + (value / 100) ** 2, 0);
        const distance = squaredDistance(residual, shape, new Float32Array(channels)) * channels;
        expect(distance).toBeLessThanOrEqual((length2 / unavoidable ** 2) * 1.001 + 1e-3);
      }),
      { numRuns: 300 },
    );
  });

  it('comes near that bound against a relation that held to the last digit, and stays far from it along', () => {
    const rows = rowsOf(2000, 2, () => 0);
    const common = gaussianRows(2000, 1, 3);
    for (const [row, value] of common.entries()) rows.fill(value, row * 2, row * 2 + 2);
    const shape = fitResidualShape([rows], ones(2));
    const distance = (a: number, b: number) =>
      2 * squaredDistance(Float32Array.of(shape.mean[0] + a, shape.mean[1] + b), shape, new Float32Array(2));
    expect(distance(0.1, -0.1)).toBeGreaterThan(1.5);
    expect(distance(0.1, -0.1)).toBeLessThan(2.001);
    expect(distance(0.1, 0.1)).toBeLessThan(0.02);
  });

  it('can be inverted and is symmetric whatever the sizes of the channels and their widenings', () => {
    const cases = fc.integer({ min: 1, max: 12 }).chain((channels) => {
      const factors = fc.array(fc.integer({ min: 10, max: 999 }), {
        minLength: channels,
        maxLength: channels,
      });
      return fc.record({
        seed: fc.integer(),
        count: fc.integer({ min: 0, max: 40 }),
        sizes: factors,
        widenings: factors,
      });
    });
    fc.assert(
      fc.property(cases, ({ seed, count, sizes, widenings }) => {
        const channels = sizes.length;
        const rows = gaussianRows(count, channels, seed).map(
          (value, i) => (value * sizes[i % channels]) / 300,
        );
        const widening = Float32Array.from(widenings, (value) => 1 + value / 300);
        const { precision } = fitResidualShape([rows], widening);
        for (let i = 0; i < channels; i++) {
          expect(precision[i * channels + i]).toBeGreaterThan(0);
          for (let j = 0; j < i; j++)
            expect(Math.abs(precision[i * channels + j] - precision[j * channels + i])).toBeLessThan(1e-4);
        }
      }),
    );
  });

  it('takes a widened channel for less sure, and only that one', () => {
    const rows = gaussianRows(5000, 2, 5);
    const distance = (widening: Float32Array, ...error: number[]) => {
      const shape = fitResidualShape([rows], widening);
      const residual = Float32Array.from(error, (value, i) => shape.mean[i] + value);
      return squaredDistance(residual, shape, new Float32Array(2));
    };
    expect(distance(ones(2), 3, 0) / distance(Float32Array.of(4, 1), 3, 0)).toBeCloseTo(16, 0);
    expect(distance(Float32Array.of(4, 1), 0, 3) / distance(ones(2), 0, 3)).toBeCloseTo(1, 2);
  });
});

describe('driftWidening', () => {
  it('is about 1 on stationary noise, whatever its size and level', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.constantFrom(0.06, 1, 20),
        fc.integer({ min: -9, max: 9 }),
        (seed, size, level) => {
          const rows = gaussianRows(1000, 3, seed).map((value) => size * value + level);
          for (const widening of driftWidening(blocksOf(rows), 3)) {
            expect(widening).toBeGreaterThanOrEqual(1);
            expect(widening).toBeLessThan(1.15);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('is well above 1 for a channel that wanders, and leaves the others alone', () => {
    for (let wandering = 0; wandering < 3; wandering++) {
      const widenings = Array.from({ length: 20 }, (_, seed) => {
        let level = 0;
        const at = (_row: number, channel: number, noise: number) => {
          if (channel !== wandering) return noise;
          level += 0.2 * noise;
          return level;
        };
        return driftWidening(blocksOf(rowsOf(1000, 3, at, seed)), 3);
      });
      for (let channel = 0; channel < 3; channel++) {
        const sorted = widenings.map((widening) => widening[channel]).sort((a, b) => a - b);
        // A walk comes back now and then, so not every one of them counts.
        if (channel === wandering) expect(sorted[10]).toBeGreaterThan(1.3);
        else expect(sorted[19]).toBeLessThan(1.15);
      }
    }
  });

  it('grows with how far a channel goes on', () => {
    const rising = (by: number) =>
      driftWidening(
        blocksOf(rowsOf(1000, 1, (row, _channel, noise) => noise + by * Math.floor(row / 200))),
        1,
      )[0];
    expect(rising(0)).toBeLessThan(1.1);
    expect(rising(2)).toBeGreaterThan(1.3);
    expect(rising(8)).toBeGreaterThan(1.2 * rising(2));
  });

  it('does not measure the drift of a channel that hardly moves by its own flutter', () => {
    const still = rowsOf(1000, 1, (row, _channel, noise) => 1e-4 * (noise + row / 50));
    expect(driftWidening(blocksOf(still), 1)[0]).toBe(1);
  });

  it('says nothing without anything before or after', () => {
    const empty = [new Float32Array(0)];
    const rows = [gaussianRows(40, 2, 6)];
    for (const blocks of [[], [rows], [empty, empty], [[], rows, empty]])
      expect([...driftWidening(blocks, 2)]).toEqual([1, 1]);
  });
});
