import { describe, expect, it } from 'vitest';
import { createDecider } from '../../../src/models/decision/decider.ts';
import { plainDetector } from '../support/fixtures.ts';

describe('a baseline that moves', () => {
  it('follows with a baseline what moves slowly, up to its bound, and nothing that comes at once', () => {
    const hour = 3_600_000;
    const minute = 60_000;
    const options = { timeMs: 6 * hour, most: 0.5 };
    /** Scores of so many minutes whose residual is `level(minute)` in one channel; 1 is the threshold. */
    const scores = (minutes: number, level: (minute: number) => number, baseline: typeof options | null) => {
      const decider = createDecider(
        { detectors: [plainDetector(1, { smoothing: 0.5 })] },
        undefined,
        baseline,
      );
      return Array.from({ length: minutes }, (_, i) => {
        const network = Float32Array.of(level(i));
        return decider.decide(0, { network }, new Float32Array(1), minute).value;
      });
    };
    const month = 30 * 24 * 60;
    const season = (size: number) => (i: number) => (size * i) / month;
    expect(Math.max(...scores(month, season(1.4), null))).toBeGreaterThan(1.3);
    expect(Math.max(...scores(month, season(1.4), options))).toBeLessThan(0.95);
    // What goes on beyond the bound is alerted, and then stands.
    const wear = scores(month, season(3), options);
    const begins = wear.findIndex((score) => score >= 1);
    expect(begins).toBeCloseTo(month / 2, -3);
    expect(Math.min(...wear.slice(begins + 1))).toBeGreaterThan(1);
    // A step is alerted at once, for good, since nothing is followed while it lasts; so is one back.
    const step = scores(2000, (i) => (i < 1000 ? 0 : 1.2), options).slice(1010);
    expect(Math.min(...step)).toBeGreaterThan(1.15);
    const back = scores(month, (i) => (i < month - 1000 ? season(0.5)(i) : -1.2), options);
    expect(Math.min(...back.slice(-900))).toBeGreaterThan(1.5);
  });

  it('goes on from where it was, in the place of beginning anew', () => {
    const hour = 3_600_000;
    const options = { timeMs: 6 * hour, most: 0.9 };
    const detectors = [plainDetector(2, { smoothing: 1 })];
    const score = (decider: ReturnType<typeof createDecider>, asset: number) =>
      decider.decide(asset, { network: Float32Array.of(0.8, 0.8) }, new Float32Array(2), hour).value;
    const names = ['a', 'b'];
    const before = createDecider({ detectors }, (index) => names[index], options);
    for (let i = 0; i < 100; i++) score(before, 0);
    const kept = before.baselines();
    // Nothing was seen of the other.
    expect([...kept.keys()]).toEqual(['a']);
    // The order of the assets may be another.
    const after = createDecider({ detectors }, (index) => names[1 - index], options, kept);
    expect(after.baselines()).toEqual(kept);
    expect(score(after, 1)).toBeCloseTo(score(before, 0), 6);
    expect(score(after, 0)).toBeGreaterThan(0.7);
    expect(score(after, 1)).toBeLessThan(0.1);
  });
});
