import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createScorer } from '../../src/models/scorer.ts';
import type { Verdict } from '../../src/types.ts';
import { assetAt, plainModel, windowOf } from './support/fixtures.ts';
import { shape, windowOptions } from './support/scorer-bench.ts';
import { scriptedEngine } from './support/scripted-engine.ts';

const assets = [0, 1, 300].map((index) => assetAt(index));
const models = [1, 2].map((number) => plainModel({ ...shape, number }));

type Act =
  | { readonly do: 'accept'; readonly asset: number; readonly thin: boolean }
  | { readonly do: 'hold' | 'release' | 'fail' | 'turn' | 'wait' | 'take_away' }
  | { readonly do: 'use'; readonly model: number };

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constant('accept' as const),
      asset: fc.nat(2),
      thin: fc.constantFrom(false, false, false, true),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constantFrom('hold', 'release', 'fail', 'turn', 'wait', 'take_away') }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('use' as const), model: fc.nat(1) }) },
);

describe('scorer', () => {
  it('gives each accepted window exactly one verdict, an asset its scores in order, and counts them right', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 80 }), async (acts) => {
        const scripted = scriptedEngine(shape.channels, shape.length);
        const verdicts: Verdict[] = [];
        const changes: Promise<void>[] = [];
        const scorer = createScorer({
          ...windowOptions,
          batch: 3,
          waitMs: 0,
          mostWaiting: 6,
          onVerdict: (verdict) => verdicts.push(verdict),
          onFailure() {},
        });
        let accepted = 0;
        for (const one of acts) {
          switch (one.do) {
            case 'accept':
              scorer.accept(
                windowOf(assets[one.asset], accepted++, { ...shape, coverage: one.thin ? 0.5 : 1 }),
              );
              break;
            case 'hold':
              scripted.release();
              scripted.hold();
              break;
            case 'release':
              scripted.release();
              break;
            case 'fail':
              scripted.failNext('score', new Error('scripted'));
              break;
            case 'use':
              changes.push(scorer.use(models[one.model], scripted.engine));
              break;
            case 'take_away':
              changes.push(scorer.use(null, scripted.engine));
              break;
            case 'turn':
              await Promise.resolve();
              break;
            case 'wait':
              await new Promise((resolve) => setTimeout(resolve, 1));
          }
        }
        scripted.release();
        await Promise.all([...changes, scorer.settled()]);

        expect(verdicts.map(({ at }) => at).toSorted((a, b) => a - b)).toEqual(
          Array.from({ length: accepted }, (_, at) => at),
        );
        // Only `overloaded` may come ahead of its turn.
        const inTurn = verdicts.filter((one) => one.kind !== 'unknown' || one.reason !== 'overloaded');
        expect(inTurn.map(({ at }) => at)).toEqual(inTurn.map(({ at }) => at).toSorted((a, b) => a - b));
        const count = (reason: string | null) =>
          verdicts.filter((one) => (one.kind === 'unknown' ? one.reason : null) === reason).length;
        expect(scorer.stats()).toEqual({
          scored: count(null),
          overloaded: count('overloaded'),
          failed: count('engine_failed'),
          waiting: 0,
        });
        await scorer.stop();
        expect(scripted.open()).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});
