import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AlertInput,
  type AlertPolicy,
  type AlertState,
  inactive,
  interrupted,
  step,
  type TransitionReason,
} from '../../src/alerts/state.ts';

const policy: AlertPolicy = { raise: 1, clear: 0.8, forMs: 60, keepFiringForMs: 100 };
const unknown: AlertInput = { kind: 'unknown', reason: 'low_coverage' };
const score = (value: number): AlertInput => ({ kind: 'score', value });

function run(inputs: readonly (readonly [number, AlertInput])[], rules = policy, from: AlertState = inactive) {
  let state = from;
  const transitions: [number, TransitionReason][] = [];
  for (const [at, input] of inputs) {
    const next = step(state, input, at, rules);
    state = next.state;
    if (next.transition !== null) transitions.push([at, next.transition]);
  }
  return { state, transitions };
}

describe('step', () => {
  it('raises when it was active for long enough and resolves when it was clear for long enough', () => {
    const { state, transitions } = run([
      [0, score(0.2)],
      [20, score(1.2)],
      [50, score(3)],
      [80, score(1.1)],
      [100, score(0.5)],
      [190, score(0.5)],
      [200, score(0.5)],
    ]);
    expect(transitions).toEqual([
      [20, 'pending_started'],
      [80, 'raised'],
      [200, 'resolved'],
    ]);
    expect(state).toEqual(inactive);
  });

  it('keeps the first time and the highest score', () => {
    const { state } = run([
      [20, score(1.2)],
      [50, score(3)],
      [80, score(1.1)],
      [90, score(2)],
    ]);
    expect(state).toMatchObject({ phase: 'firing', startedAt: 20, firedAt: 80, peakScore: 3 });
  });

  it('cancels a pending alert at the first score below the raise level', () => {
    const { transitions } = run([
      [0, score(1.2)],
      [30, score(0.9)],
      [60, score(1.2)],
    ]);
    expect(transitions).toEqual([
      [0, 'pending_started'],
      [30, 'pending_cancelled'],
      [60, 'pending_started'],
    ]);
  });

  it('stays firing between the two levels, and an active input starts the clear clock again', () => {
    const rules = { ...policy, forMs: 0 };
    const { transitions } = run(
      [
        [0, score(1)],
        [1000, score(0.8)],
        [2000, score(0.7)],
        [2099, score(0.7)],
        [2150, score(0.9)],
        [2200, score(0.7)],
        [2299, score(0.7)],
        [2300, score(0.7)],
      ],
      rules,
    );
    expect(transitions).toEqual([
      [0, 'raised'],
      [2300, 'resolved'],
    ]);
  });

  it('raises and resolves at once when both times are zero', () => {
    const rules = { ...policy, forMs: 0, keepFiringForMs: 0 };
    const { transitions } = run([[5, { kind: 'active' }], [6, { kind: 'inactive' }], [7, { kind: 'active' }]], rules);
    expect(transitions).toEqual([
      [5, 'raised'],
      [6, 'resolved'],
      [7, 'raised'],
    ]);
  });

  it('lets one gap of missing data count for half of the time at most, however long it is', () => {
    const { state, transitions } = run([
      [0, score(2)],
      [10, unknown],
      [1_000_000, score(2)],
      [1_000_029, score(2)],
    ]);
    expect(transitions).toEqual([[0, 'pending_started']]);
    expect(state).toMatchObject({ phase: 'pending', activeMs: 59 });
    expect(run([[1_000_030, score(2)]], policy, state).transitions).toEqual([[1_000_030, 'raised']]);
  });

  it('raises although every other window is unknown', () => {
    const inputs = Array.from({ length: 20 }, (_, i) => [i * 10, i % 2 === 0 ? score(2) : unknown] as const);
    expect(run(inputs).transitions).toEqual([
      [0, 'pending_started'],
      [60, 'raised'],
    ]);
  });

  it('does not resolve over a gap of missing data', () => {
    const { state, transitions } = run([
      [0, score(2)],
      [60, score(2)],
      [70, score(0.1)],
      [80, unknown],
      [9_000, unknown],
      [9_010, score(0.1)],
    ]);
    expect(transitions.map(([, reason]) => reason)).toEqual(['pending_started', 'raised']);
    expect(state).toMatchObject({ phase: 'firing', clearMs: 50 });
  });

  it('counts a restart as missing data', () => {
    const { state } = run([[0, score(2)]]);
    const restored = interrupted(JSON.parse(JSON.stringify(state)) as AlertState);
    expect(run([[3_600_000, score(2)]], policy, restored).transitions).toEqual([]);
  });

  it('takes NaN for unknown', () => {
    expect(run([[0, score(Number.NaN)]]).state).toEqual(inactive);
    const rules = { ...policy, forMs: 0, keepFiringForMs: 0 };
    expect(run([[0, score(2)], [10, score(Number.NaN)]], rules).transitions).toEqual([[0, 'raised']]);
  });

  it('goes on from the new time when the clock of the asset jumps back', () => {
    const { state, transitions } = run([
      [1_000_000, score(2)],
      [1_000_050, score(2)],
      [100, score(2)],
      [109, score(2)],
      [110, score(2)],
    ]);
    expect(transitions).toEqual([
      [1_000_000, 'pending_started'],
      [110, 'raised'],
    ]);
    expect(state).toMatchObject({ startedAt: 50, firedAt: 110 });
  });
});

describe('step, for any inputs', () => {
  const input = fc.oneof(
    fc.record({ kind: fc.constant('score' as const), value: fc.double({ min: 0, max: 3 }) }),
    fc.constant<AlertInput>({ kind: 'active' }),
    fc.constant<AlertInput>({ kind: 'inactive' }),
    fc.constant(unknown),
  );
  const rules = fc.record({
    raise: fc.constant(1),
    clear: fc.double({ min: 0.2, max: 1, noNaN: true }),
    forMs: fc.integer({ min: 0, max: 100 }),
    keepFiringForMs: fc.integer({ min: 0, max: 100 }),
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
      fc.property(rules, wildStepsMs, (rule, steps) => {
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
            expect(state.activeMs).toBeLessThan(rule.forMs);
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
      fc.property(rules, wildStepsMs, fc.integer(), (rule, steps, at) => {
        let now = 0;
        const state = run(
          steps.map(([passedMs, one]) => {
            now += passedMs;
            return [now, one] as const;
          }),
          rule,
        ).state;
        const next = step(state, unknown, at, rule);
        expect(next.transition).toBeNull();
        expect(next.state).toEqual(interrupted(state));
      }),
    );
  });

  it('gives the same after its state went through JSON at every input', () => {
    fc.assert(
      fc.property(rules, wildStepsMs, (rule, steps) => {
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
});
