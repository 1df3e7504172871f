import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AlertBudget,
  type AlertBudgetOptions,
  thresholdForBudget,
} from '../../../src/models/decision/alert-budget.ts';
import { episodesAbove } from '../../../src/models/decision/episode-rate.ts';
import { createRandom, type Random } from '../../../src/models/random.ts';

const week = 10_080;
const minute = 60_000;
const defaults: AlertBudgetOptions = { alertsPerWeek: 7, rowEveryMs: minute, holdMs: 30 * minute, seed: 1 };

function exponential(rows: number, random: Random): Float64Array {
  return Float64Array.from({ length: rows }, () => -Math.log(1 - random.uniform()));
}

/** Absolute values of an autoregression whose level wanders by `wander` a week as a random walk. */
function wandering(rows: number, wander: number, random: Random): Float64Array {
  let level = 0;
  let value = 0;
  return Float64Array.from({ length: rows }, () => {
    level += (wander / Math.sqrt(week)) * random.gaussian();
    value = 0.5 * value + random.gaussian();
    return Math.abs(value) * Math.exp(level);
  });
}

function budgetOf(streams: readonly Float64Array[], options: Partial<AlertBudgetOptions>): AlertBudget {
  const budget = thresholdForBudget(streams, { ...defaults, ...options });
  if (budget.reason !== null) throw new Error(`no threshold: ${budget.reason}`);
  return budget;
}

describe('episodes', () => {
  it('takes exceedances up to the hold apart as one, and remembers where it began and its peak', () => {
    const stream = [0, 5, 0, 0, 7, 0, 0, 0, 6, Number.NaN, 1];
    expect(episodesAbove(stream, 4, 3)).toEqual([
      { at: 1, peak: 7 },
      { at: 8, peak: 6 },
    ]);
    expect(episodesAbove(stream, 4, 4)).toEqual([{ at: 1, peak: 7 }]);
    expect(episodesAbove(stream, 7, 0)).toEqual([]);
  });
});

describe('threshold for an alert budget', () => {
  for (const alertsPerWeek of [3, 7, 20]) {
    it(`realises ${alertsPerWeek} a week within a factor 1.3 on fresh independent rows`, () => {
      const random = createRandom(11);
      const trials = 40;
      const watched = 3;
      let realised = 0;
      for (let trial = 0; trial < trials; trial++) {
        const { threshold } = budgetOf([exponential(week, random)], { alertsPerWeek });
        realised +=
          episodesAbove(exponential(watched * week, random), threshold, 30).length / watched / trials;
      }
      expect(realised / alertsPerWeek).toBeGreaterThan(1 / 1.3);
      expect(realised / alertsPerWeek).toBeLessThan(1.3);
    });
  }

  it('asks for more room where the level wanders, and then keeps the budget within a factor 1.5', () => {
    const random = createRandom(12);
    const trials = 40;
    let realised = 0;
    let deviation = 0;
    for (let trial = 0; trial < trials; trial++) {
      const both = wandering(2 * week, 0.05, random);
      const budget = budgetOf([both.subarray(0, week)], { alertsPerWeek: 7 });
      deviation += budget.driftDeviation / trials;
      realised += episodesAbove(both.subarray(week), budget.threshold, 30).length / trials;
    }
    expect(deviation).toBeGreaterThan(0.02);
    expect(realised / 7).toBeLessThan(1.5);
    expect(realised / 7).toBeGreaterThan(1 / 1.5);
  });

  it('never gives a greater threshold for a greater budget, and expects no more than was asked', () => {
    const streams = [wandering(week, 0.1, createRandom(13)), wandering(week, 0.1, createRandom(14))];
    const asked = fc.double({ min: 1, max: 60, noNaN: true });
    fc.assert(
      fc.property(asked, asked, (one, other) => {
        const [less, more] = [Math.min(one, other), Math.max(one, other)].map((alertsPerWeek) =>
          budgetOf(streams, { alertsPerWeek }),
        );
        expect(more.threshold).toBeLessThanOrEqual(less.threshold);
        expect(less.rate.expected).toBeLessThanOrEqual(Math.min(one, other) * (1 + 1e-6));
        expect(more.rate.expected).toBeLessThanOrEqual(Math.max(one, other) * (1 + 1e-6));
      }),
      { numRuns: 20 },
    );
  });

  it('gives an interval around the expected rate that narrows as data grows', () => {
    const random = createRandom(15);
    const width = (weeks: number) => {
      const streams = Array.from({ length: weeks }, () => exponential(week, random));
      const { rate } = budgetOf(streams, {});
      expect(rate.low).toBeLessThan(rate.expected);
      expect(rate.high).toBeGreaterThan(rate.expected);
      return rate.high - rate.low;
    };
    expect(width(12)).toBeLessThan(width(1));
  });

  it('is the same in any unit of the statistic and whatever rows were not judged', () => {
    const stream = exponential(week, createRandom(16));
    const { threshold } = budgetOf([stream], {});
    expect(budgetOf([stream.map((value) => 1000 * value)], {}).threshold / threshold).toBeCloseTo(1000, 3);
    // Twice as long, with nothing judged in every other hour: about the same rate, so about the same threshold.
    const gaps = exponential(2 * week, createRandom(17)).map((value, row) =>
      Math.floor(row / 60) % 2 === 0 ? value : Number.NaN,
    );
    expect(budgetOf([gaps], {}).threshold / threshold).toBeGreaterThan(0.85);
    expect(budgetOf([gaps], {}).threshold / threshold).toBeLessThan(1.15);
  });

  it('says why there is no threshold and how much data would do', () => {
    const random = createRandom(18);
    const of = (streams: readonly Float64Array[], options: Partial<AlertBudgetOptions> = {}) =>
      thresholdForBudget(streams, { ...defaults, ...options });
    expect(of([exponential(1440, random)], { alertsPerWeek: 3 })).toEqual({
      reason: 'too_short',
      weeks: 1 / 7,
      weeksNeeded: 1 / 3,
    });
    expect(of([])).toMatchObject({ reason: 'too_short', weeks: 0 });
    expect(of([new Float64Array(week).fill(2)])).toMatchObject({
      reason: 'too_few_episodes',
      weeksNeeded: null,
    });
    const clipped = exponential(week, random).map((value) => Math.min(value, 3));
    expect(of([clipped])).toEqual({ reason: 'saturated', weeks: 1, weeksNeeded: null });
    const rare = new Float64Array(week).map((_, row) => (row % 3000 === 7 ? 5 + row / week : 1));
    expect(of([rare])).toMatchObject({ reason: 'too_few_episodes', weeksNeeded: 2.5 });
  });

  it('refuses statistics and options out of range, by name', () => {
    const stream = exponential(week, createRandom(19));
    expect(() => thresholdForBudget([stream], { ...defaults, alertsPerWeek: 0 })).toThrow(
      'alertsPerWeek is 0',
    );
    expect(() => thresholdForBudget([stream], { ...defaults, rowEveryMs: -1 })).toThrow('rowEveryMs is -1');
    expect(() => thresholdForBudget([stream], { ...defaults, holdMs: -1 })).toThrow('holdMs is -1');
    stream[3] = -2;
    expect(() => thresholdForBudget([stream], defaults)).toThrow('statistic 3 of stream 0 is -2');
  });
});
