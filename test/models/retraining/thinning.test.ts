import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evenly, thinOut } from '../../../src/models/retraining/thinning.ts';

describe('a thinned-out past', () => {
  it('is all of it where it is not too much, and nothing of nothing', () => {
    expect(thinOut({ from: 0, to: 100 }, 50, 50, 10)).toEqual({ slices: [{ from: 0, to: 100 }], assets: 1 });
    expect(thinOut({ from: 10, to: 5 }, 0, 50, 10).slices).toEqual([]);
  });

  it('is evenly spread, in order, without overlap, to the newest, about as much as wanted, and room for windows', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 1e12 }),
        fc.integer({ min: 3_600_000, max: 1e11 }),
        fc.integer({ min: 1000, max: 1e6 }),
        fc.double({ min: 1.01, max: 10_000, noNaN: true }),
        fc.integer({ min: 4, max: 1024 }),
        (from, span, most, times, length) => {
          const windowMs = length * 1000;
          const { slices, assets } = thinOut({ from, to: from + span }, most * times, most, windowMs);
          expect(slices.length).toBeGreaterThan(0);
          expect(slices.length).toBeLessThanOrEqual(64);
          expect(slices.at(-1)!.to).toBe(from + span);
          let covered = 0;
          for (const [i, slice] of slices.entries()) {
            expect(slice.from).toBeGreaterThanOrEqual(i === 0 ? from : slices[i - 1]!.to);
            // A whole window fits, or the past is shorter than that.
            expect(slice.to - slice.from + 2).toBeGreaterThanOrEqual(Math.min(span, 4 * windowMs));
            covered += slice.to - slice.from;
          }
          expect(assets).toBeGreaterThan(0);
          expect(assets).toBeLessThanOrEqual(1);
          expect(Math.abs(covered * assets - span / times)).toBeLessThan(64 * 2);
        },
      ),
    );
  });

  it('of a large class is some of the assets at several times, not all of them at one', () => {
    // 1000 assets of one row a second, a month: 200,000 rows would be 200 s of all of them.
    const month = 30 * 86_400_000;
    const { slices, assets } = thinOut({ from: 0, to: month }, 1000 * (month / 1000), 200_000, 32_000);
    expect(slices).toHaveLength(8);
    expect(slices.every(({ from, to }) => to - from >= 127_999)).toBe(true);
    expect(assets * 1000).toBeCloseTo(195.3, 1);
    const chosen = evenly(
      Array.from({ length: 1000 }, (_, i) => i),
      assets,
    );
    expect(chosen).toHaveLength(195);
    expect(chosen[0]).toBe(0);
    expect(chosen.at(-1)).toBeGreaterThan(990);
    expect(evenly(['a', 'b'], 0.1)).toEqual(['a']);
    expect(evenly(['a', 'b'], 1)).toEqual(['a', 'b']);
  });
});
