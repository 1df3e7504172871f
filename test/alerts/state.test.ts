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

const policy: AlertPolicy = {
  raise: 1,
  clear: 0.8,
  raiseOn: { windows: 1, of: 1 },
  forMs: 60,
  clearAfter: 1,
  keepFiringForMs: 100,
};
const unknown: AlertInput = { kind: 'unknown', reason: 'low_coverage' };
const score = (value: number): AlertInput => ({ kind: 'score', value });

function run(
  inputs: readonly (readonly [number, AlertInput])[],
  rules = policy,
  from: AlertState = inactive,
) {
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
    const { transitions } = run(
      [
        [5, { kind: 'active' }],
        [6, { kind: 'inactive' }],
        [7, { kind: 'active' }],
      ],
      rules,
    );
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
    expect(
      run(
        [
          [0, score(2)],
          [10, score(Number.NaN)],
        ],
        rules,
      ).transitions,
    ).toEqual([[0, 'raised']]);
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

  describe('on 3 of 5 windows, cleared after 4', () => {
    const rules = {
      ...policy,
      raiseOn: { windows: 3, of: 5 },
      forMs: 0,
      clearAfter: 4,
      keepFiringForMs: 0,
    };
    const windows = (text: string, everyMs = 10) =>
      [...text].map((one, i) => {
        const input = one === '?' ? unknown : score(one === 'x' ? 2 : one === '-' ? 0.9 : 0.1);
        return [i * everyMs, input] as const;
      });

    it.each([
      ['...xxx', 50, 30],
      ['x.x.x', 40, 0],
      ['x...x.xx', 70, 40],
      ['x?????x?????x', 120, 0],
      ['xx..?.xxx', 80, 60],
    ])('%s raises at %i, of an episode from %i on', (text, firedAt, startedAt) => {
      const { state, transitions } = run(windows(text), rules);
      expect(transitions.at(-1)).toEqual([firedAt, 'raised']);
      expect(state).toMatchObject({ phase: 'firing', startedAt, firedAt });
    });

    it.each([['xx...xx'], ['x..x..x..x..x'], ['xx'], ['xx?????????'], ['??????']])(
      '%s raises nothing',
      (text) => {
        expect(run(windows(text), rules).transitions.map(([, reason]) => reason)).not.toContain('raised');
      },
    );

    it('is the same at one window a second and one a minute', () => {
      for (const everyMs of [1000, 60_000]) {
        const { transitions } = run(windows('.x.xx........', everyMs), rules);
        expect(transitions).toEqual([
          [everyMs, 'pending_started'],
          [4 * everyMs, 'raised'],
          [8 * everyMs, 'resolved'],
        ]);
      }
    });

    it('counts clear windows in a row: not those between the levels, and not over unknown ones', () => {
      expect(run(windows('xxx...-...x...?.'), rules).transitions.at(-1)).toEqual([150, 'resolved']);
      expect(run(windows('xxx...-...x...?'), rules).state.phase).toBe('firing');
    });

    it('forgets a peak that no longer counts', () => {
      const { state } = run(
        [
          [0, score(50)],
          ...windows('....').map(([at, input]) => [at + 10, input] as const),
          ...windows('xxx').map(([at, input]) => [at + 50, input] as const),
        ],
        rules,
      );
      expect(state).toMatchObject({ phase: 'firing', peakScore: 2 });
    });

    it('waits for the time as well when there is one', () => {
      const { transitions } = run(windows('xxx.xx.xxx'), { ...rules, forMs: 50 });
      expect(transitions).toEqual([
        [0, 'pending_started'],
        [70, 'raised'],
      ]);
    });

    it('raises at once for a rule that knows at once', () => {
      const inputs = [
        [0, { kind: 'active' }],
        [1, { kind: 'inactive' }],
      ] as const;
      expect(run(inputs, rules).transitions).toEqual([
        [0, 'raised'],
        [1, 'resolved'],
      ]);
    });
  });
});
