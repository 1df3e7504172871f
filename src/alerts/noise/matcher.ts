import { RE2JS } from 're2js';
import { ForewarnError } from '../../errors.ts';
import type { Alert } from '../../types.ts';

/** What matchers look at. */
export type MatchedAlarm = Pick<Alert, 'assetId' | 'className' | 'rule' | 'labels'>;

/** One condition on an alarm, such as `site=north` or `class=~pump.*`. */
export interface Matcher {
  /** As it was written. */
  readonly text: string;
  readonly name: string;
  test(value: string): boolean;
}

const LONGEST_MATCHER = 512;
const shape = /^\s*(?<name>[^=~\s]+)\s*=(?<regular>~?)\s*(?<value>.*?)\s*$/s;

/**
 * Reads `NAME=VALUE` or `NAME=~EXPRESSION`; the expression must match the whole value. NAME is `asset` (the id, or the
 * label of that name), `class`, `rule`, or a label. Expressions are RE2's, which take linear time whatever they are:
 * anybody who may silence an alert could otherwise stop the daemon with one.
 * @throws ForewarnError `MATCHER_INVALID` with a hint.
 */
export function parseMatcher(text: string): Matcher {
  const { name, regular, value } = shape.exec(text)?.groups ?? {};
  if (name === undefined || value === undefined || text.length > LONGEST_MATCHER) {
    throw new ForewarnError('MATCHER_INVALID', `${JSON.stringify(text.slice(0, 80))} is no matcher`, {
      hint: 'Write it like site=north or class=~pump.*; the name is asset, class, rule or a label.',
    });
  }
  if (regular === '') return { text, name, test: (candidate) => candidate === value };
  try {
    const expression = RE2JS.compile(value);
    return { text, name, test: (candidate) => expression.matches(candidate) };
  } catch (error) {
    throw new ForewarnError('MATCHER_INVALID', `${JSON.stringify(value)} is no regular expression`, {
      hint: 'Expressions are RE2 syntax: no look-ahead and no back reference.',
      cause: error,
    });
  }
}

/** True when all matchers match; an alarm without the label matches as if it were empty. */
export function matchesAll(matchers: readonly Matcher[], alarm: MatchedAlarm): boolean {
  return matchers.every((matcher) => valuesOf(matcher.name, alarm).some((value) => matcher.test(value)));
}

function valuesOf(name: string, { assetId, className, rule, labels }: MatchedAlarm): readonly string[] {
  if (name === 'class') return [className];
  if (name === 'rule') return [rule];
  const label = Object.hasOwn(labels, name) ? labels[name]! : null;
  if (name === 'asset') return label === null ? [assetId] : [assetId, label];
  return [label ?? ''];
}
