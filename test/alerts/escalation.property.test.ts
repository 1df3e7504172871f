import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EscalationPlan } from '../../src/alerts/escalation.ts';
import { move, type OperatorMove } from '../../src/alerts/operator-state.ts';
import { alertNamed } from './support/fixtures.ts';

const now = 1_700_000_000_000;
const minute = 60_000;
const hour = 60 * minute;
const step = (name: string, minutes: number, sinks: string[]) => ({
  ...{ name, afterMs: minutes * minute, sinks, match: [], priority: 'low' as const },
});
const ladder = [step('managers', 30, ['email']), step('on-call', 15, ['pager'])];

describe('the clock of escalation, for any story', () => {
  const plan = new EscalationPlan(ladder, ['ops', 'pager', 'email']);
  const moves: fc.Arbitrary<(at: number) => OperatorMove> = fc.oneof(
    fc
      .constantFrom(
        'acknowledge',
        'comment',
        'unshelve',
        'unsuppress',
        'take_out_of_service',
        'return_to_service',
      )
      .map((kind) => () => ({ kind }) as OperatorMove),
    fc.constant((at: number): OperatorMove => ({ kind: 'shelve', until: at + hour })),
    fc.constant((): OperatorMove => ({ kind: 'suppress', reason: 'silence:x' })),
  );

  it('runs exactly while the alert asks for an answer, and no step is due before its time', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(moves, fc.nat(40 * minute)), { maxLength: 30 }), (story) => {
        let at = now;
        let alert = alertNamed('al_1');
        alert = { ...alert, handling: { ...alert.handling, unansweredSince: at } };
        for (const [make, passed] of story) {
          at += passed;
          const to = plan.due(alert, at);
          if (to !== null) {
            expect(at - alert.handling.unansweredSince!).toBeGreaterThanOrEqual(15 * minute);
            expect(to.steps.some((name) => alert.handling.escalation.steps.includes(name))).toBe(false);
          }
          for (const what of [...(to === null ? [] : [{ kind: 'escalate' as const, to }]), make(at)]) {
            const result = move(alert.handling, true, what, at);
            if (result.ok) alert = { ...alert, handling: result.handling };
          }
          const { told: known, acknowledged, shelvedUntil, suppressedFor, outOfService } = alert.handling;
          const asks =
            known && !acknowledged && shelvedUntil === null && suppressedFor === null && !outOfService;
          expect(alert.handling.unansweredSince !== null).toBe(asks);
        }
      }),
      { numRuns: 300 },
    );
  });
});
