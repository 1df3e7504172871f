import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { matchesAll, parseMatcher } from '../../../src/alerts/noise/matcher.ts';

const alarm = {
  assetId: 'north/1/pump-3',
  className: 'pump',
  rule: 'anomaly',
  labels: { site: 'north', line: '1', asset: 'pump-3' },
} as const;
const matches = (...texts: string[]) => matchesAll(texts.map(parseMatcher), alarm);

describe('matchers', () => {
  it.each([
    ['asset=north/1/pump-3', true],
    ['asset=pump-3', true],
    ['asset=~pump-.', true],
    ['asset=~pump', false],
    ['class=pump', true],
    ['class=press', false],
    ['rule=~anomaly|silent', true],
    ['site=north', true],
    ['site = north', true],
    ['site=~n.*h', true],
    ['site=~NORTH', false],
    ['area=', true],
    ['area=x', false],
    ['constructor=', true],
  ])('%s: %s', (text, expected) => expect(matches(text)).toBe(expected));

  it('wants all of them', () => {
    expect(matches('site=north', 'line=1')).toBe(true);
    expect(matches('site=north', 'line=2')).toBe(false);
    expect(matches()).toBe(true);
  });

  it.each(['', 'site', '=north', 'site=~[', 'site=~a{99999}', `site=${'x'.repeat(600)}`])(
    'refuses %j',
    (text) => {
      expect(() => parseMatcher(text)).toThrow(expect.objectContaining({ code: 'MATCHER_INVALID' }));
    },
  );

  it('takes a value of any text as that text', () => {
    const text = fc
      .string({ minLength: 1, maxLength: 40 })
      .filter((one) => one.trim() === one && one[0] !== '~');
    fc.assert(
      fc.property(text, text, (value, other) => {
        const matcher = parseMatcher(`site=${value}`);
        expect(matcher.test(value)).toBe(true);
        expect(matcher.test(other)).toBe(value === other);
      }),
    );
  });

  it('answers at once where a backtracking engine would take years', () => {
    expect(parseMatcher('site=~(a+)+b').test('a'.repeat(400))).toBe(false);
  });
});
