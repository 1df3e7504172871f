import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reconnectDelay } from '../../src/ingest/reconnect-delay.ts';

describe('reconnectDelay', () => {
  it('doubles up to the longest, and takes at least half of it', () => {
    fc.assert(
      fc.property(
        fc.nat(5000),
        fc.integer({ min: 1, max: 5000 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (n, first, random) => {
          const delay = reconnectDelay(n, first, 30_000, random);
          const ceiling = Math.min(30_000, first * 2 ** n);
          expect(delay).toBeGreaterThanOrEqual(Math.min(ceiling / 2, Math.round(ceiling / 2)));
          expect(delay).toBeLessThanOrEqual(Math.max(1, ceiling));
        },
      ),
    );
    expect([0, 1, 2, 5, 99].map((n) => reconnectDelay(n, 1000, 30_000, 1))).toEqual([
      1000, 2000, 4000, 30_000, 30_000,
    ]);
  });
});
