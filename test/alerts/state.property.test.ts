import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AlertInput,
  type AlertState,
  inactive,
  interrupted,
  step,
  type TransitionReason,
} from '../../src/alerts/state.ts';

const unknown: AlertInput = { kind: 'unknown', reason: 'low_coverage' };

describe('step, for any inputs', () => {
  const input = fc.oneof(
    fc.record({ kind: fc.constant('score' as const), value: fc.double({ min: 0, max: 3 }) }),
    fc.constantFrom<AlertInput>(
      { kind: 'active' },
      { kind: 'active', level: 1 },
      { kind: 'active', level: 2 },
    ),
    fc.constant<AlertInput>({ kind: 'inactive' }),
    fc.constant(unknown),
  );
  const rules = fc.record({
    raise: fc.constant(1),
    clear: fc.double({ min: 0.2, max: 1, noNaN: true }),
    raiseOn: fc.constant({ windows: 1, of: 1 }),
    forMs: fc.integer({ min: 0, max: 100 }),
    clearAfter: fc.constant(1),
    keepFiringForMs: fc.integer({ min: 0, max: 100 }),
  });
  const anyRules = fc.record({
    raise: fc.constant(1),
    clear: fc.double({ min: 0.2, max: 1, noNaN: true }),
    raiseOn: fc
      .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 6 }))
      .map(([windows, more]) => ({ windows, of: windows + more })),
    forMs: fc.constantFrom(0, 0, 40),
    clearAfter: fc.integer({ min: 1, max: 6 }),
    keepFiringForMs: fc.constantFrom(0, 0, 40),
  });
  const stepsMs = fc.array(fc.tuple(fc.integer({ min: 1, max: 80 }), input), { maxLength: 80 });
  const wildStepsMs = fc.array(fc.tuple(fc.integer({ min: -10_000, max: 10_000 }), input), { maxLength: 80 });

  function isActive(one: AlertInput, level: number): boolean {
    return one.kind === 'active' || (one.kind === 'score' && one.value >= level);
  }
  function isClear(one: AlertInput, level: number): boolean {
    return one.kind === 'inactive' || (one.kind === 'score' && one.value < level);
  }

  it('raises and resolves in turn, and keeps times in order, whatever the clock does', () => {
    fc.assert(
      fc.property(anyRules, wildStepsMs, (rule, steps) => {
        let state: AlertState = inactive;
        let at = 0;
        for (const [passedMs, one] of steps) {
          at += passedMs;
          const before: AlertState = state;
          const next = step(before, one, at, rule);
          state = next.state;
          const moved = `${before.phase}>${state.phase}`;
          const allowed: Record<TransitionReason, readonly string[]> = {
            pending_started: ['inactive>pending'],
            pending_cancelled: ['pending>inactive'],
            raised: ['inactive>firing', 'pending>firing'],
            escalated: ['firing>firing'],
            resolved: ['firing>inactive'],
          };
          if (next.transition === null) expect(state.phase).toBe(before.phase);
          else expect(allowed[next.transition]).toContain(moved);
          if (state.phase === 'firing' && before.phase !== 'firing') {
            expect(state.firedAt).toBe(at);
            expect(state.startedAt).toBeLessThanOrEqual(at - rule.forMs);
          }
          if (state.phase === 'firing' && before.phase === 'firing') {
            expect(state.startedAt).toBe(before.startedAt);
            expect(state.firedAt).toBe(before.firedAt);
          }
          if (state.phase === 'pending') {
            expect(state.activeMs).toBeGreaterThanOrEqual(0);
            expect(state.recent.length).toBeLessThanOrEqual(rule.raiseOn.of);
            expect(state.recent.some((seen) => seen !== null)).toBe(true);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('raises only after forMs without a clear input, and resolves only after keepFiringForMs without an active one', () => {
    fc.assert(
      fc.property(rules, stepsMs, (rule, steps) => {
        let state: AlertState = inactive;
        let at = 0;
        let lastClearAt = 0;
        let firstActiveAt: number | null = null;
        let firstClearAt: number | null = null;
        for (const [passedMs, one] of steps) {
          at += passedMs;
          const firing = state.phase === 'firing';
          const level = firing ? rule.clear : rule.raise;
          if (isActive(one, level)) firstActiveAt ??= at;
          if (isClear(one, level)) {
            lastClearAt = at;
            firstActiveAt = null;
            firstClearAt ??= at;
          } else if (isActive(one, level)) firstClearAt = null;
          const next = step(state, one, at, rule);
          if (next.transition === 'raised') {
            expect(isActive(one, rule.raise)).toBe(true);
            expect(at - (firstActiveAt ?? at)).toBeGreaterThanOrEqual(rule.forMs);
            expect(at - lastClearAt).toBeGreaterThanOrEqual(rule.forMs);
            firstClearAt = null;
          }
          if (next.transition === 'resolved') {
            expect(at - (firstClearAt ?? at)).toBeGreaterThanOrEqual(rule.keepFiringForMs);
            firstActiveAt = null;
          }
          state = next.state;
        }
      }),
      { numRuns: 500 },
    );
  });

  it('never changes phase or peak for an unknown input', () => {
    fc.assert(
      fc.property(anyRules, wildStepsMs, fc.integer(), (rule, steps, at) => {
        let now = 0;
        let state: AlertState = inactive;
        for (const [passedMs, one] of steps) {
          now += passedMs;
          state = step(state, one, now, rule).state;
        }
        const next = step(state, unknown, at, rule);
        expect(next.transition).toBeNull();
        expect(next.state).toEqual(interrupted(state));
      }),
    );
  });

  it('gives the same after its state went through JSON at every input', () => {
    fc.assert(
      fc.property(anyRules, wildStepsMs, (rule, steps) => {
        let kept: AlertState = inactive;
        let moved: AlertState = inactive;
        let at = 0;
        for (const [passedMs, one] of steps) {
          at += passedMs;
          const a = step(kept, one, at, rule);
          const b = step(moved, one, at, rule);
          expect(b.transition).toBe(a.transition);
          kept = a.state;
          moved = JSON.parse(JSON.stringify(b.state)) as AlertState;
        }
      }),
    );
  });

  const score = fc.double({ min: 0, max: 3 }).map((value): AlertInput => ({ kind: 'score', value }));
  const windows = fc.array(fc.tuple(fc.integer({ min: 1, max: 80 }), fc.oneof(score, fc.constant(unknown))), {
    maxLength: 120,
  });
  const known = (one: AlertInput) =>
    one.kind !== 'unknown' && !(one.kind === 'score' && Number.isNaN(one.value));

  it('raises on so many of the last windows and resolves after so many clear ones, counting scored windows only', () => {
    fc.assert(
      fc.property(anyRules, windows, (timedRule, steps) => {
        const rule = { ...timedRule, forMs: 0, keepFiringForMs: 0 };
        let state: AlertState = inactive;
        let at = 0;
        // The rule by its own words, over all scored windows since it was last raised or resolved.
        let scored: { at: number; one: AlertInput }[] = [];
        for (const [passedMs, one] of steps) {
          at += passedMs;
          if (known(one)) scored.push({ at, one });
          const firing = state.phase === 'firing';
          const recent = scored.slice(-(firing ? rule.clearAfter : rule.raiseOn.of));
          const active = recent.filter((seen) => isActive(seen.one, firing ? rule.clear : rule.raise));
          const expected = firing
            ? recent.length === rule.clearAfter && active.length === 0 && known(one)
            : active.length >= rule.raiseOn.windows && known(one);
          const next = step(state, one, at, rule);
          state = next.state;
          expect([at, next.transition === 'raised' || next.transition === 'resolved']).toEqual([
            at,
            expected,
          ]);
          if (!expected) continue;
          if (state.phase === 'firing') expect(state.startedAt).toBe(active[0].at);
          scored = [];
        }
      }),
      { numRuns: 500 },
    );
  });

  it('comes to the same whether windows without a score lie between or not', () => {
    fc.assert(
      fc.property(anyRules, windows, (timedRule, steps) => {
        const rule = { ...timedRule, forMs: 0, keepFiringForMs: 0 };
        let all: AlertState = inactive;
        let without: AlertState = inactive;
        let at = 0;
        for (const [passedMs, one] of steps) {
          at += passedMs;
          const next = step(all, one, at, rule);
          all = next.state;
          if (!known(one)) {
            expect(next.transition).toBeNull();
            continue;
          }
          const same = step(without, one, at, rule);
          without = same.state;
          expect(next.transition).toBe(same.transition);
        }
      }),
      { numRuns: 500 },
    );
  });
});
