import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ChannelLimits,
  type Limit,
  type LimitState,
  limitsOf,
  stepLimit,
} from '../../src/alerts/limits.ts';
import { inactive } from '../../src/alerts/state.ts';

const none: ChannelLimits = {
  hh: null,
  h: null,
  l: null,
  ll: null,
  deadband: 0,
  onDelayMs: 0,
  offDelayMs: 0,
};

function limitOf(changes: Partial<ChannelLimits>): Limit {
  const [limit, ...others] = limitsOf([{ name: 'pressure', unit: 'bar', limits: { ...none, ...changes } }]);
  expect(others).toEqual([]);
  return limit;
}

function phases(limit: Limit, readings: readonly (readonly [number, number])[]): string[] {
  let state: LimitState = inactive;
  return readings.map(([at, reading]) => {
    state = stepLimit(state, Math.fround(reading), at, limit);
    return state.phase;
  });
}

describe('the limits of a class', () => {
  it('are one alarm for each side of a channel', () => {
    const limits = { ...none, hh: 9, h: 8, ll: 1 };
    const found = limitsOf([
      { name: 'flow', unit: '', limits: null },
      { name: 'pressure', unit: 'bar', limits },
    ]);
    expect(found.map(({ name, channel, rule, level }) => [name, channel, rule, level])).toEqual([
      ['hh', 1, 'limit:pressure:high', 2],
      ['h', 1, 'limit:pressure:high', 1],
      ['ll', 1, 'limit:pressure:low', 2],
    ]);
  });
});

describe('one limit', () => {
  it('is over at the limit itself, and clear below it by more than the deadband', () => {
    const limit = limitOf({ h: 8.1, deadband: 0.6 });
    const readings: [number, number][] = [8.09, 8.1, 7.6, 7.5, 7.49, 8, 8.2].map((one, i) => [i, one]);
    const [i, o] = ['inactive', 'firing'];
    expect(phases(limit, readings)).toEqual([i, o, o, o, i, i, o]);
  });

  it('works on the low side as on the high one', () => {
    const limit = limitOf({ l: -2, deadband: 1 });
    const readings: [number, number][] = [-1.9, -2, -1.5, -1, -0.9].map((one, i) => [i, one]);
    expect(phases(limit, readings)).toEqual(['inactive', 'firing', 'firing', 'firing', 'inactive']);
  });

  it('waits for its delays, and no gap completes one by itself', () => {
    const limit = limitOf({ h: 8, onDelayMs: 10, offDelayMs: 10 });
    const steady = [
      [0, 9],
      [9, 9],
      [10, 9],
      [11, 7],
      [20, 7],
      [21, 7],
    ] as const;
    const [i, p, f] = ['inactive', 'pending', 'firing'];
    expect(phases(limit, steady)).toEqual([p, p, f, f, f, i]);
    const gap = [
      [0, 9],
      [1, Number.NaN],
      [1000, 9],
      [1005, 9],
    ] as const;
    expect(phases(limit, gap)).toEqual([p, p, p, f]);
  });

  const place = fc.double({ min: -100, max: 100, noNaN: true });
  const deadband = fc.double({ min: 0, max: 20, noNaN: true });
  const name = fc.constantFrom('hh', 'h', 'l', 'll');
  const reading = fc.oneof(
    { weight: 5, arbitrary: fc.double({ min: -150, max: 150, noNaN: true }) },
    {
      weight: 1,
      arbitrary: fc.constant(Number.NaN),
    },
  );

  it('changes only at a reading beyond the limit, or inside it by more than the deadband', () => {
    fc.assert(
      fc.property(name, place, deadband, fc.array(reading), (which, at, band, readings) => {
        const limit = limitOf({ [which]: at, deadband: band });
        let state: LimitState = inactive;
        for (const [i, one] of readings.entries()) {
          const value = Math.fround(one);
          const next = stepLimit(state, value, i, limit);
          const beyond = limit.sign * value >= Math.fround(limit.sign * at);
          const inside = limit.sign * value < Math.fround(limit.sign * at - band);
          const over = Number.isNaN(value) || !(beyond || inside) ? state.phase === 'firing' : beyond;
          expect(next.phase).toBe(over ? 'firing' : 'inactive');
          state = next;
        }
      }),
    );
  });

  it('never changes on readings within the deadband or missing, wherever it stands and whatever its delays', () => {
    const within = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constant(Number.NaN));
    const delays = fc.integer({ min: 0, max: 50 });
    fc.assert(
      fc.property(fc.boolean(), delays, fc.array(within, { minLength: 1 }), (over, delayMs, shares) => {
        const limit = limitOf({ h: 10, deadband: 4, onDelayMs: delayMs, offDelayMs: delayMs });
        let state: LimitState = inactive;
        if (over) for (const at of [-100, 0]) state = stepLimit(state, 11, at, limit);
        expect(state.phase).toBe(over ? 'firing' : 'inactive');
        for (const [i, share] of shares.entries()) {
          state = stepLimit(state, Math.fround(6 + 3.999 * share), 10 * (i + 1), limit);
          expect(state.phase).toBe(over ? 'firing' : 'inactive');
        }
      }),
    );
  });

  it('goes on from a copy of its state as from the state itself', () => {
    const timed = fc.array(fc.tuple(fc.integer({ min: -5, max: 60 }), reading), { maxLength: 40 });
    fc.assert(
      fc.property(place, deadband, timed, (h, band, steps) => {
        const limit = limitOf({ h, deadband: band, onDelayMs: 30, offDelayMs: 30 });
        let [kept, copied]: LimitState[] = [inactive, inactive];
        let at = 0;
        for (const [passedMs, one] of steps) {
          at += passedMs;
          kept = stepLimit(kept, one, at, limit);
          copied = stepLimit(JSON.parse(JSON.stringify(copied)) as LimitState, one, at, limit);
          // JSON has no negative zero, which no comparison tells from zero.
          expect(JSON.stringify(copied)).toBe(JSON.stringify(kept));
        }
      }),
    );
  });
});
