import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rankCorrelation } from '../../src/models/rank-correlation.ts';

describe('rankCorrelation', () => {
  it('is 1 for any rising relation, -1 for any falling one', () => {
    const values = fc.uniqueArray(fc.integer({ min: -1000, max: 1000 }), { minLength: 2, maxLength: 50 });
    fc.assert(
      fc.property(values, (list) => {
        expect(
          rankCorrelation(
            list,
            list.map((x) => x ** 3),
          ),
        ).toBeCloseTo(1, 12);
        expect(
          rankCorrelation(
            list,
            list.map((x) => -Math.exp(x / 1000)),
          ),
        ).toBeCloseTo(-1, 12);
      }),
    );
  });

  it('shares ranks among equal values', () => {
    // Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: covariance 4.5 over sqrt(4.5 * 5).
    expect(rankCorrelation([10, 20, 20, 30], [1, 2, 3, 4])).toBeCloseTo(4.5 / Math.sqrt(22.5), 12);
  });

  it('follows the formula without ties, 1 - 6 sum d^2 / (n (n^2 - 1))', () => {
    // Four of the ranks differ, by 1 each.
    expect(rankCorrelation([1, 2, 3, 4, 5], [2, 1, 3, 5, 4])).toBeCloseTo(1 - (6 * 4) / 120, 12);
  });

  it('is 0 where there is no order to compare', () => {
    expect(rankCorrelation([], [])).toBe(0);
    expect(rankCorrelation([1], [2])).toBe(0);
    expect(rankCorrelation([1, 1, 1], [1, 2, 3])).toBe(0);
  });
});
