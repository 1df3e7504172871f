import { describe, expect, it } from 'vitest';
import { priorityOf } from '../../src/alerts/priority.ts';

describe('priorityOf', () => {
  it.each([
    ['low', ['low', 'low', 'medium']],
    ['medium', ['low', 'medium', 'high']],
    ['high', ['medium', 'high', 'high']],
    ['critical', ['high', 'critical', 'critical']],
  ] as const)('a consequence that is %s', (consequence, expected) => {
    expect([1, 2, 5].map((peak) => priorityOf(consequence, peak))).toEqual(expected);
    expect([1.99, 4.99, 99].map((peak) => priorityOf(consequence, peak))).toEqual(expected);
    expect(priorityOf(consequence, null)).toBe(expected[1]);
  });
});
