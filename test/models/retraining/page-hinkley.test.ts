import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/models/random.ts';
import { type DriftState, freshDrift, stepDrift } from '../../../src/models/retraining/page-hinkley.ts';

const options = { reference: 48, tolerance: 0.5, limit: 50, greatest: 5, leastDeviation: 0.05 };

function watch(values: Iterable<number>): { state: DriftState; foundAt: number | null } {
  let state = freshDrift;
  let foundAt: number | null = null;
  let i = 0;
  for (const value of values) {
    state = stepDrift(state, value, options);
    if (state.drift !== null) foundAt ??= i;
    i++;
  }
  return { state, foundAt };
}

const noise = (count: number, seed: number, mean = 0) => {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => mean + random.gaussian());
};

describe('Page-Hinkley', () => {
  it('is quiet about three months of noise, by the hour', () => {
    for (let seed = 1; seed <= 20; seed++) expect(watch(noise(2200, seed)).foundAt).toBeNull();
  });

  it.each([
    [3, 'up'],
    [-3, 'down'],
  ])('finds a shift by %d deviations within a day and a half, and says which way', (shift, way) => {
    for (let seed = 1; seed <= 10; seed++) {
      const { state, foundAt } = watch([...noise(300, seed), ...noise(36, seed + 100, shift)]);
      expect(state.drift).toBe(way);
      expect(foundAt).toBeGreaterThanOrEqual(300);
    }
  });

  it('is quiet about day and night', () => {
    const days = Array.from({ length: 24 * 60 }, (_, hour) => Math.sin((2 * Math.PI * hour) / 24));
    expect(watch(days.map((value, i) => value + 0.1 * noise(1, i + 1)[0])).foundAt).toBeNull();
  });

  it('has a least deviation: what never moves does not drift at a flutter', () => {
    expect(watch([...Array(100).fill(5), ...Array(100).fill(5.01)]).foundAt).toBeNull();
    expect(watch([...Array(100).fill(5), ...Array(100).fill(6)]).foundAt).not.toBeNull();
  });

  it('takes no single value for a change, however far off', () => {
    expect(watch([...noise(100, 1), 1e9, ...noise(300, 2)]).foundAt).toBeNull();
  });

  it('says nothing while it learns what is usual, and keeps to what it said', () => {
    expect(watch([...Array(24).fill(0), ...Array(24).fill(100)]).state.drift).toBeNull();
    const drifted = watch([...noise(100, 1), ...noise(100, 2, 9)]).state;
    expect(stepDrift(drifted, 0, options)).toBe(drifted);
  });

  it('has the mean and the squares of all values', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 40 }),
        (values) => {
          const { state } = watch(values);
          const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
          const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
          expect(state.mean).toBeCloseTo(mean, 6);
          expect(state.squares).toBeCloseTo(squares, 4);
        },
      ),
    );
  });
});
