import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideAfterShadow, decidePromotion } from '../../../src/models/retraining/promotion.ts';
import { judgementOf } from './support/judgements.ts';

const plain = { shadow: false, labelled: null };
const champion = judgementOf({ heldOutError: 0.5 });
const better = judgementOf({ heldOutError: 0.4 });

describe('promotion', () => {
  it('promotes what is better, or has it shadowed first, and says by how much', () => {
    expect(decidePromotion(champion, better, plain)).toEqual({
      kind: 'promoted',
      reason: 'better',
      sentence: 'On 5000 windows new to both: error 0.400 instead of 0.500.',
    });
    expect(decidePromotion(champion, better, { ...plain, shadow: true }).kind).toBe('needs_shadow');
  });

  it('names everything that is better', () => {
    const noisy = judgementOf({ heldOutError: 0.5, episodes: 9, found: 50 });
    const calm = judgementOf({ heldOutError: 0.4, episodes: 1, found: 60 });
    expect(decidePromotion(noisy, calm, plain).sentence).toBe(
      'On 5000 windows new to both: error 0.400 instead of 0.500, 1.00 alerts per asset and week instead of 9.00, 60 of 70 injected faults found instead of 50.',
    );
  });

  it.each<[string, Partial<Parameters<typeof judgementOf>[0]>]>([
    ['too_few_windows', { windows: 199 }],
    ['near_random', { separation: 0.6 }],
    ['finds_fewer_faults', { found: 55 }],
    ['more_alerts', { episodes: 3 }],
    ['predicts_worse', { heldOutError: 0.52 }],
    ['no_better', { heldOutError: 0.5 }],
    ['no_better', { heldOutError: 0.505 }],
  ])('refuses: %s', (reason, change) => {
    const challenger = judgementOf({ heldOutError: 0.4, ...change });
    const decision = decidePromotion(champion, challenger, plain);
    expect(decision).toMatchObject({ kind: 'refused', reason });
    expect(decision.sentence).toMatch(/^[A-Z].*\d.*\.$|in nothing better\.$/);
  });

  it('lets chance be chance', () => {
    // Two alerts against none happen by chance; so do three faults of 70.
    for (const change of [{ episodes: 2 }, { found: 57 }])
      expect(decidePromotion(champion, judgementOf({ heldOutError: 0.4, ...change }), plain).kind).toBe(
        'promoted',
      );
  });

  it('asks for more than chance where nothing but figures speaks for the other', () => {
    const clear = { ...plain, gain: 'clear' } as const;
    for (const change of [{ heldOutError: 0.495 }, { found: 64 }, { episodes: 0 }]) {
      const challenger = judgementOf({ heldOutError: 0.5, ...change });
      const decision = decidePromotion(judgementOf({ heldOutError: 0.5, episodes: 2 }), challenger, clear);
      expect(decision).toMatchObject({ kind: 'refused', reason: 'no_better' });
      expect(decision.sentence).toMatch(/no better beyond chance: error 0\.\d+ beside 0\.500/);
    }
    for (const change of [{ heldOutError: 0.48 }, { found: 70 }, { episodes: 0 }]) {
      const challenger = judgementOf({ heldOutError: 0.5, ...change });
      const noisy = judgementOf({ heldOutError: 0.5, episodes: 5 });
      expect(decidePromotion(noisy, challenger, clear).kind).toBe('promoted');
    }
  });

  it('does not ask for faults where none could be injected', () => {
    const none = { ...better, faults: null };
    expect(decidePromotion({ ...champion, faults: null }, none, plain).kind).toBe('promoted');
  });

  it('refuses what misses faults that operators confirmed', () => {
    const labelled = { tried: 4, champion: 3, challenger: 2 };
    expect(decidePromotion(champion, better, { ...plain, labelled })).toMatchObject({
      kind: 'refused',
      reason: 'misses_labelled_faults',
    });
    const equal = { ...labelled, challenger: 3 };
    expect(decidePromotion(champion, better, { ...plain, labelled: equal }).kind).toBe('promoted');
    // In nothing else better.
    const more = { ...labelled, challenger: 4 };
    expect(decidePromotion(champion, champion, { ...plain, labelled: more })).toMatchObject({
      kind: 'promoted',
      sentence: expect.stringContaining('4 of 4 faults found that operators confirmed, instead of 3'),
    });
  });

  it('never replaces a model by itself, and never lets two replace each other in a circle', () => {
    const judgements = fc.record({
      heldOutError: fc.double({ min: 0.01, max: 5, noNaN: true }),
      episodes: fc.nat(50),
      found: fc.nat(70),
      separation: fc.double({ min: 0.3, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(judgements, judgements, (first, second) => {
        const a = judgementOf(first);
        const b = judgementOf(second);
        expect(decidePromotion(a, a, plain).kind).toBe('refused');
        if (first.heldOutError === second.heldOutError) return;
        const both = [decidePromotion(a, b, plain), decidePromotion(b, a, plain)];
        const gap =
          Math.abs(first.heldOutError - second.heldOutError) /
          Math.min(first.heldOutError, second.heldOutError);
        // Within what counts as equal each may be better in something; beyond it one is worse.
        if (gap > 0.02) expect(both.filter(({ kind }) => kind === 'promoted').length).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('decides after shadowing by the alerts of both on the same live windows', () => {
    const counts = (windows: number, episodes: number) => ({ windows, episodes, anomalous: episodes * 3 });
    expect(decideAfterShadow(counts(3600, 1), counts(3600, 0))).toEqual({
      kind: 'promoted',
      reason: 'better',
      sentence: 'In shadow it would have raised 0 alerts on 3600 live windows; the model in use, 1.',
    });
    expect(decideAfterShadow(counts(3600, 0), counts(3600, 3))).toMatchObject({
      kind: 'refused',
      reason: 'more_alerts',
    });
    expect(decideAfterShadow(counts(3600, 0), counts(100, 0))).toMatchObject({
      kind: 'refused',
      reason: 'too_few_windows',
    });
  });
});
