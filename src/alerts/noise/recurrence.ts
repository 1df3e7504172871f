import { RRuleTemporal } from 'rrule-temporal';
import { Temporal } from 'temporal-polyfill';
import { ForewarnError, messageOf } from '../../errors.ts';

/** From `from` up to, and without, `to`; epoch ms. */
export interface Interval {
  readonly from: number;
  readonly to: number;
}

/** Something that happens once or again and again. */
export interface Occurrences {
  /** Those that overlap the time from `from` to `to`, in no order. */
  between(from: number, to: number): readonly Interval[];
}

const parts = new Set(
  'FREQ UNTIL COUNT INTERVAL BYHOUR BYMINUTE BYDAY BYMONTHDAY BYYEARDAY BYWEEKNO BYMONTH BYSETPOS WKST'.split(
    ' ',
  ),
);
/** More often than once an hour is no maintenance, and would cost more time than it is worth. */
const frequencies = 'HOURLY, DAILY, WEEKLY, MONTHLY or YEARLY';

interface Recurring {
  /** The first one, which also gives the time of day and the zone. */
  readonly start: Temporal.ZonedDateTime;
  readonly durationMs: number;
  /** RFC 5545, such as `FREQ=WEEKLY;BYDAY=MO`; null happens once. */
  readonly rule: string | null;
  readonly without?: readonly Temporal.ZonedDateTime[];
  readonly also?: readonly Temporal.ZonedDateTime[];
}

/**
 * Expands a rule in the local time of its start, so that six o'clock stays six o'clock over a change to daylight
 * saving time. What would begin in the hour that does not exist on that day falls out, as RFC 5545 (3.3.10) demands.
 * @throws ForewarnError `RECURRENCE_INVALID` with a hint.
 */
export function recurrence({ start, durationMs, rule, without = [], also = [] }: Recurring): Occurrences {
  const skipped = new Set(without.map(({ epochMilliseconds }) => epochMilliseconds));
  const extra = also.map(({ epochMilliseconds }) => epochMilliseconds);
  const expand = rule === null ? null : expander(rule, start);
  return {
    between(from, to) {
      const begins = expand === null ? [start.epochMilliseconds] : expand(from - durationMs, to);
      return [...begins, ...extra]
        .filter((begin) => !skipped.has(begin) && begin < to && begin + durationMs > from)
        .map((begin) => ({ from: begin, to: begin + durationMs }));
    },
  };
}

function expander(text: string, start: Temporal.ZonedDateTime): (from: number, to: number) => number[] {
  const rule = text.replace(/^RRULE:/i, '').toUpperCase();
  const hint = `Write it like FREQ=WEEKLY;BYDAY=MO; FREQ is ${frequencies}.`;
  const invalid = (message: string, cause?: unknown) =>
    new ForewarnError('RECURRENCE_INVALID', `${JSON.stringify(text)}: ${message}`, { hint, cause });
  const given = rule.split(';').map((part) => part.split('=', 1)[0]!);
  const unknown = given.find((name) => !parts.has(name));
  if (unknown !== undefined) throw invalid(`there is no ${JSON.stringify(unknown)}`);
  if (/FREQ=(?:SECONDLY|MINUTELY)/.test(rule)) throw invalid('recurs more often than once an hour');
  try {
    const expanded = new RRuleTemporal({ rruleString: rule, dtstart: start, temporal: Temporal });
    const instant = (at: number) => Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO('UTC');
    const between = (from: number, to: number) =>
      expanded.between(instant(from), instant(to), true).map(({ epochMilliseconds }) => epochMilliseconds);
    // What is wrong with a rule shows when it is used.
    between(start.epochMilliseconds, start.epochMilliseconds + 1);
    return between;
  } catch (error) {
    throw invalid(messageOf(error), error);
  }
}
