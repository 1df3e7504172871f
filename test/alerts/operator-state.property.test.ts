import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  handlingWhenRaised,
  isWithheld,
  LONGEST_SHELVING_MS,
  move,
  type OperatorMove,
  operatorStateOf,
} from '../../src/alerts/operator-state.ts';
import type { AlertHandling } from '../../src/types.ts';

const start = 1_700_000_000_000;
const plain = ['acknowledge', 'comment', 'unshelve', 'shelving_expired', 'unsuppress'] as const;
const service = ['take_out_of_service', 'return_to_service', 'return_to_normal'] as const;
const moves: fc.Arbitrary<(now: number) => OperatorMove> = fc.oneof(
  fc.constantFrom(...plain, ...service).map((kind) => () => ({ kind }) as OperatorMove),
  fc.integer({ min: -10, max: LONGEST_SHELVING_MS + 10 }).map(
    (forMs) =>
      (now: number): OperatorMove => ({ kind: 'shelve', until: now + forMs }),
  ),
  fc
    .constantFrom('maintenance', 'parent is down')
    .map((reason) => (): OperatorMove => ({ kind: 'suppress', reason })),
  fc.constantFrom('ada', 'bob').map((to) => (): OperatorMove => ({ kind: 'assign', to })),
  fc
    .constantFrom('fault' as const, 'false_alarm' as const, null)
    .map((outcome) => (): OperatorMove => ({ kind: 'judge', outcome })),
);
const withholding = fc.record({
  shelvedUntil: fc.option(fc.integer({ min: start + 1, max: start + LONGEST_SHELVING_MS })),
  suppressedFor: fc.option(fc.constant('maintenance')),
  outOfService: fc.boolean(),
});
/** Moves with the time between them; the wall clock may be put back. */
const story = fc.array(fc.tuple(moves, fc.integer({ min: -LONGEST_SHELVING_MS, max: LONGEST_SHELVING_MS })), {
  maxLength: 40,
});

interface Moment {
  readonly before: AlertHandling;
  readonly firing: boolean;
  readonly what: OperatorMove;
  readonly now: number;
}

/** Calls `check` before each move of the story; gives the end of it. */
function tell(
  first: AlertHandling,
  steps: readonly (readonly [(now: number) => OperatorMove, number])[],
  check: (moment: Moment) => void = () => undefined,
) {
  let handling = first;
  let firing = true;
  let now = start;
  for (const [make, passedMs] of steps) {
    now += passedMs;
    const what = make(now);
    check({ before: handling, firing, what, now });
    const result = move(handling, firing, what, now);
    if (!result.ok) continue;
    handling = result.handling;
    if (what.kind === 'return_to_normal') firing = false;
  }
  return { handling, firing, now };
}

describe('move, for any story', () => {
  it('tells the sinks once at most, and never what is withheld or over', () => {
    fc.assert(
      fc.property(withholding, story, (held, steps) => {
        let told = isWithheld(held) ? 0 : 1;
        const { handling } = tell(handlingWhenRaised(held, start), steps, ({ before, firing, what, now }) => {
          const result = move(before, firing, what, now);
          if (!result.ok || !result.tell) return;
          told += 1;
          expect(firing && what.kind !== 'return_to_normal').toBe(true);
          expect(isWithheld(result.handling)).toBe(false);
        });
        expect(told).toBe(handling.told ? 1 : 0);
        expect(told).toBeLessThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
  });

  it('never leaves an alert that fires untold when nothing withholds it', () => {
    fc.assert(
      fc.property(withholding, story, (held, steps) => {
        const { handling, firing } = tell(handlingWhenRaised(held, start), steps);
        if (firing && !isWithheld(handling)) expect(handling.told).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('gives only the states that exist: what is over is closed or waits for an acknowledgement', () => {
    fc.assert(
      fc.property(withholding, story, (held, steps) => {
        const { handling, firing } = tell(handlingWhenRaised(held, start), steps);
        const state = operatorStateOf(handling, firing);
        if (firing) expect(['returned_unacknowledged', 'closed']).not.toContain(state);
        else {
          expect(isWithheld(handling)).toBe(false);
          expect(state).toBe(handling.told && !handling.acknowledged ? 'returned_unacknowledged' : 'closed');
        }
      }),
      { numRuns: 500 },
    );
  });

  it('changes nothing when it refuses, and refuses what has no ground', () => {
    fc.assert(
      fc.property(withholding, story, (held, steps) => {
        tell(handlingWhenRaised(held, start), steps, ({ before, firing, what, now }) => {
          const kept = structuredClone(before);
          const { ok } = move(before, firing, what, now);
          expect(before).toEqual(kept);
          const over = ['shelve', 'suppress', 'unsuppress', 'take_out_of_service', 'return_to_normal'];
          if (over.includes(what.kind) && !firing) expect(ok).toBe(false);
          if (what.kind === 'unshelve') expect(ok).toBe(before.shelvedUntil !== null);
          if (what.kind === 'return_to_service') expect(ok).toBe(before.outOfService);
          if (['acknowledge', 'comment', 'assign'].includes(what.kind)) expect(ok).toBe(true);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('ends every shelving at its time, and at once when the wall clock was put far back', () => {
    fc.assert(
      fc.property(withholding, story, (held, steps) => {
        const { handling, firing } = tell(handlingWhenRaised(held, start), steps);
        const until = handling.shelvedUntil;
        if (until === null) return;
        expect(firing).toBe(true);
        for (const at of [until, until + 1, until - LONGEST_SHELVING_MS - 1]) {
          const result = move(handling, firing, { kind: 'shelving_expired' }, at);
          expect(result).toMatchObject({ ok: true, handling: { shelvedUntil: null } });
        }
        expect(move(handling, firing, { kind: 'shelving_expired' }, until - 1).ok).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('is the same whether one acknowledges once or again and again', () => {
    fc.assert(
      fc.property(withholding, story, (held, steps) => {
        const { handling, firing, now } = tell(handlingWhenRaised(held, start), steps);
        const once = move(handling, firing, { kind: 'acknowledge' }, now);
        if (!once.ok) throw new Error('acknowledging was refused');
        expect(once.handling.acknowledged).toBe(true);
        const twice = move(once.handling, firing, { kind: 'acknowledge' }, now + 1);
        expect(twice).toEqual({ ok: true, handling: once.handling, tell: false });
      }),
    );
  });
});
