import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../src/models/random.ts';
import { fitScaling, quantileOfSorted } from '../../src/models/scaling.ts';

/** `[n x 1]` standard normal values. */
function normals(count: number, seed = 1): Float32Array {
  const random = createRandom(seed);
  return Float32Array.from({ length: count }, () => random.gaussian());
}

describe('fitScaling', () => {
  it('gives about mean and standard deviation of normal values', () => {
    const { center, scale } = fitScaling(
      normals(4000).map((value) => 20 + 3 * value),
      1,
    );
    expect(center[0]).toBeCloseTo(20, 0);
    expect(scale[0]).toBeGreaterThan(2.8);
    expect(scale[0]).toBeLessThan(3.2);
  });

  it('is hardly moved by one per cent of outliers a hundred deviations out', () => {
    const clean = normals(2000);
    const dirty = clean.map((value, i) => (i % 100 === 0 ? 15 : value));
    const before = fitScaling(clean, 1);
    const after = fitScaling(dirty, 1);
    expect(Math.abs(after.center[0] - before.center[0])).toBeLessThan(0.05);
    expect(after.scale[0] / before.scale[0]).toBeLessThan(1.05);
    // The standard deviation would be half as much again.
    expect(Math.sqrt(dirty.reduce((sum, value) => sum + value ** 2, 0) / 2000)).toBeGreaterThan(1.5);
  });

  it('gives a channel that never changed a scale of the size of its rounding, not 0', () => {
    const { center, scale } = fitScaling(new Float32Array(100).fill(2500), 1);
    expect(center[0]).toBe(2500);
    expect(scale[0]).toBeCloseTo(0.25, 6);
    expect(fitScaling(new Float32Array(100), 1).scale[0]).toBeCloseTo(1e-6, 12);
  });

  it('gives an on-off channel that is mostly off the standard deviation, for its quartiles are equal', () => {
    const onTenth = Float32Array.from({ length: 1000 }, (_, i) => (i % 10 === 0 ? 1 : 0));
    const { center, scale } = fitScaling(onTenth, 1);
    expect(center[0]).toBe(0);
    expect(scale[0]).toBeCloseTo(Math.sqrt(0.1 * 0.9), 5);
  });

  it('leaves missing values out, channel by channel', () => {
    const gap = Number.NaN;
    const { center } = fitScaling(Float32Array.of(1, 10, gap, 20, 3, gap, 5, 30), 2);
    expect([...center]).toEqual([3, 20]);
  });

  it('gives a channel without any value a usable scaling', () => {
    const { center, scale } = fitScaling(Float32Array.of(1, Number.NaN, 2, Number.NaN), 2);
    expect(center[1]).toBe(0);
    expect(scale[1]).toBe(1);
  });

  it('follows a change of unit: values a x + b give centre a c + b and scale |a| s', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 20, maxLength: 60 }),
        fc.constantFrom(-64, -0.5, 0.25, 3, 1000),
        fc.integer({ min: -500, max: 500 }),
        (values, factor, offset) => {
          fc.pre(new Set(values).size > 10);
          const plain = fitScaling(Float32Array.from(values), 1);
          const moved = fitScaling(
            Float32Array.from(values, (value) => factor * value + offset),
            1,
          );
          const size = Math.abs(factor) * 1000 + Math.abs(offset);
          expect(Math.abs(moved.center[0] - (factor * plain.center[0] + offset))).toBeLessThan(1e-5 * size);
          expect(Math.abs(moved.scale[0] - Math.abs(factor) * plain.scale[0])).toBeLessThan(1e-5 * size);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('gives finite centres and scales above 0 whatever the values', () => {
    fc.assert(
      fc.property(fc.float32Array({ minLength: 3, maxLength: 60, noDefaultInfinity: true }), (values) => {
        const rows = values.subarray(0, values.length - (values.length % 3));
        const { center, scale } = fitScaling(
          rows.map((value) => Math.max(-1e30, Math.min(1e30, value))),
          3,
        );
        expect(center.every(Number.isFinite)).toBe(true);
        expect(scale.every((value) => Number.isFinite(value) && value > 0)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });
});

describe('quantileOfSorted', () => {
  it('interpolates between neighbours (type 7)', () => {
    expect(quantileOfSorted([1, 2, 3, 4], 0.25)).toBe(1.75);
    expect(quantileOfSorted([1, 2, 3, 4], 0)).toBe(1);
    expect(quantileOfSorted([1, 2, 3, 4], 1)).toBe(4);
    expect(quantileOfSorted([5], 0.99)).toBe(5);
    expect(quantileOfSorted([], 0.5)).toBeNaN();
  });
});
