import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type GroupFacts,
  type GroupPolicy,
  groupKeyOf,
  groupLabelsOf,
  groupStep,
} from '../../../src/alerts/noise/group-policy.ts';
import { alertNamed } from '../support/fixtures.ts';

const policy: GroupPolicy = {
  by: ['line'],
  waitMs: 30,
  intervalMs: 300,
  flood: { alerts: 10, withinMs: 600 },
};
const now = 10_000;
const calm: GroupFacts = { oldestAt: null, urgentAt: null, toldAt: null, flooding: false, recent: 0 };

describe('a step of a group', () => {
  it.each([
    ['nothing waits', {}, { tell: false, flooding: false }],
    ['the first waits for others', { oldestAt: now - 29 }, { tell: false, flooding: false }],
    ['the wait is over', { oldestAt: now - 30 }, { tell: true, flooding: false }],
    ['the interval is not over', { oldestAt: now - 40, toldAt: now - 299 }, { tell: false, flooding: false }],
    ['the interval is over', { oldestAt: now - 40, toldAt: now - 300 }, { tell: true, flooding: false }],
    ['as many as may come', { oldestAt: now - 30, recent: 10 }, { tell: true, flooding: false }],
    ['a flood waits for its size', { oldestAt: now - 29, recent: 11 }, { tell: false, flooding: false }],
    ['a flood begins', { oldestAt: now - 30, recent: 11 }, { tell: true, flooding: true }],
    [
      'a flood does not wait for the interval',
      { oldestAt: now - 30, toldAt: now - 31, recent: 11 },
      { tell: true, flooding: true },
    ],
    [
      'it goes on at half',
      { oldestAt: now - 500, toldAt: now - 500, flooding: true, recent: 5 },
      { tell: false, flooding: true },
    ],
    [
      'it is told of once in its time',
      { oldestAt: now - 500, toldAt: now - 600, flooding: true, recent: 5 },
      { tell: true, flooding: true },
    ],
    [
      'it is over below half, and what waits is told',
      { oldestAt: now - 500, toldAt: now - 500, flooding: true, recent: 4 },
      { tell: true, flooding: false },
    ],
    [
      'it is over in silence',
      { toldAt: now - 500, flooding: true, recent: 0 },
      { tell: false, flooding: false },
    ],
    [
      'the clock was put back',
      { oldestAt: now + 9_999, toldAt: now + 9_999 },
      { tell: true, flooding: false },
    ],
  ] as const)('%s', (_, facts, step) => {
    expect(groupStep({ ...calm, ...facts }, policy, now)).toEqual(step);
  });

  it('calls nothing a flood when told so', () => {
    const never = { ...policy, flood: { alerts: 0, withinMs: 600 } };
    expect(groupStep({ ...calm, oldestAt: now - 30, recent: 1e6 }, never, now).flooding).toBe(false);
    expect(groupStep({ ...calm, flooding: true, recent: 1e6 }, never, now).flooding).toBe(false);
  });
});

describe('the key of a group', () => {
  it('tells any two groups apart and gives the labels back', () => {
    const text = fc.string({ maxLength: 12 });
    const keyOf = (one: string, two: string) =>
      groupKeyOf(['one', 'two'], alertNamed('al_1', { labels: { one, two } })) ?? '';
    fc.assert(
      fc.property(text, text, text, text, (one, two, three, four) => {
        const labels = groupLabelsOf(keyOf(one, two));
        const same = one === three && two === four;
        return (
          labels[0]?.[1] === one &&
          labels[1]?.[1] === two &&
          (keyOf(one, two) === keyOf(three, four)) === same
        );
      }),
    );
  });

  it('is missing where a label is', () => {
    expect(groupKeyOf(['area'], alertNamed('al_1'))).toBeNull();
    expect(groupKeyOf(['toString'], alertNamed('al_1'))).toBeNull();
    expect(groupKeyOf([], alertNamed('al_1'))).toBeNull();
    expect(groupKeyOf(['class'], alertNamed('al_1'))).toBe('[["class","pump"]]');
  });
});
