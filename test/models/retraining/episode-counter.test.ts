import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AlertState, inactive, step } from '../../../src/alerts/state.ts';
import { createEpisodeCounter } from '../../../src/models/retraining/episode-counter.ts';

const rule = { raise: 1, clear: 0.9, raiseOn: { windows: 3, of: 5 }, clearAfter: 4 };

function episodesOf(scores: readonly number[], changes: Partial<typeof rule> = {}): number {
  const counter = createEpisodeCounter({ ...rule, ...changes });
  for (const score of scores) counter.see(0, score);
  return counter.counts().episodes;
}

describe('episode counter', () => {
  it('counts what would be alerts, and windows', () => {
    const counter = createEpisodeCounter(rule);
    for (const score of [0, 2, 2, 0, 2, 0, 0, 0, 0, 2, 2, 2]) counter.see(0, score);
    expect(counter.counts()).toEqual({ windows: 12, anomalous: 6, episodes: 2 });
  });

  it('needs enough anomalous windows, close enough together', () => {
    expect(episodesOf([2, 2, 0, 0, 0, 2, 2, 0, 0, 0])).toBe(0);
    expect(episodesOf([2, 2, 0, 0, 2])).toBe(1);
  });

  it('keeps assets apart', () => {
    const counter = createEpisodeCounter(rule);
    for (const asset of [0, 1, 7, 0, 1, 7]) counter.see(asset, 2);
    expect(counter.counts().episodes).toBe(0);
    counter.see(7, 2);
    expect(counter.counts().episodes).toBe(1);
  });

  it('counts as alerts are raised, whatever the scores and the rule', () => {
    const scores = fc.array(fc.constantFrom(0, 0.5, 0.95, 1, 3), { maxLength: 200 });
    const rules = fc.record({
      windows: fc.integer({ min: 1, max: 30 }),
      more: fc.integer({ min: 0, max: 29 }),
      clearAfter: fc.integer({ min: 1, max: 8 }),
    });
    fc.assert(
      fc.property(scores, rules, (values, { windows, more, clearAfter }) => {
        const raiseOn = { windows, of: Math.min(30, windows + more) };
        const policy = { ...rule, raiseOn, clearAfter, forMs: 0, keepFiringForMs: 0 };
        let state: AlertState = inactive;
        let raised = 0;
        for (const [i, value] of values.entries()) {
          const next = step(state, { kind: 'score', value }, i * 1000, policy);
          if (next.transition === 'raised') raised++;
          state = next.state;
        }
        expect(episodesOf(values, { raiseOn, clearAfter })).toBe(raised);
      }),
      { numRuns: 500 },
    );
  });
});
