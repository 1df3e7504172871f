import ICAL from 'ical.js';
import type { Temporal } from 'temporal-polyfill';
import { ForewarnError, messageOf } from '../../errors.ts';
import { type Interval, type Occurrences, recurrence } from './recurrence.ts';
import { zonedTime, zoneNamed } from './zoned-time.ts';

/** More events than a plant's calendar has; each costs time at every look ahead. */
const MOST_EVENTS = 10_000;

/**
 * Reads an iCalendar file (RFC 5545): events with RRULE, RDATE, EXDATE and single occurrences that were moved
 * (RECURRENCE-ID) or cancelled. `zone` is that of times without one, whole days included.
 * @throws ForewarnError `CALENDAR_INVALID` with a hint.
 */
export function icsCalendar(text: string, zone: string): Occurrences {
  const events = componentsOf(text);
  const series: Occurrences[] = [];
  const overrides = new Map<string, ICAL.Component[]>();
  for (const event of events) {
    if (event.getFirstProperty('recurrence-id') === null) continue;
    const uid = uidOf(event);
    overrides.set(uid, [...(overrides.get(uid) ?? []), event]);
  }
  for (const event of events) {
    const moved = event.getFirstProperty('recurrence-id') === null ? (overrides.get(uidOf(event)) ?? []) : [];
    const without = moved.flatMap((one) => timesOf(one, 'recurrence-id', zone));
    if (!isCancelled(event)) series.push(seriesOf(event, zone, without));
  }
  return { between: (from, to) => series.flatMap((one): readonly Interval[] => one.between(from, to)) };
}

function componentsOf(text: string): ICAL.Component[] {
  const hint = 'Export the calendar again as iCalendar (.ics).';
  let root: ICAL.Component;
  try {
    root = new ICAL.Component(ICAL.parse(text) as unknown[]);
  } catch (error) {
    throw invalid(`is no iCalendar file: ${messageOf(error)}`, hint, error);
  }
  const events = root.getAllSubcomponents('vevent');
  if (events.length === 0) throw invalid('has no event', hint);
  if (events.length > MOST_EVENTS) throw invalid(`has more than ${MOST_EVENTS} events`, 'Export less of it.');
  return events;
}

function seriesOf(
  event: ICAL.Component,
  zone: string,
  moved: readonly Temporal.ZonedDateTime[],
): Occurrences {
  const [start] = timesOf(event, 'dtstart', zone);
  const name = nameOf(event);
  if (start === undefined) throw invalid(`${name} has no DTSTART`, 'Give it a time, or remove it.');
  const rules = event.getAllProperties('rrule');
  if (rules.length > 1) throw invalid(`${name} has several RRULEs`, 'Make an event of each.');
  const rule = rules[0] === undefined ? null : String(rules[0].getFirstValue());
  const durationMs = durationOf(event, start, zone);
  if (durationMs <= 0) throw invalid(`${name} ends when it begins`, 'Give it DTEND or DURATION.');
  const without = [...timesOf(event, 'exdate', zone), ...moved];
  return recurrence({ start, durationMs, rule, without, also: timesOf(event, 'rdate', zone) });
}

function durationOf(event: ICAL.Component, start: Temporal.ZonedDateTime, zone: string): number {
  const [end] = timesOf(event, 'dtend', zone);
  if (end !== undefined) return end.epochMilliseconds - start.epochMilliseconds;
  const duration = event.getFirstPropertyValue('duration');
  if (duration instanceof ICAL.Duration) return duration.toSeconds() * 1000;
  const [first] = event.getFirstProperty('dtstart')?.getValues() ?? [];
  const wholeDay = first instanceof ICAL.Time && first.isDate;
  return wholeDay ? start.add({ days: 1 }).epochMilliseconds - start.epochMilliseconds : 0;
}

/** All times of all properties of this name. */
function timesOf(event: ICAL.Component, name: string, zone: string): Temporal.ZonedDateTime[] {
  return event.getAllProperties(name).flatMap((property) => {
    const tzid = property.getFirstParameter('tzid');
    return property.getValues().flatMap((value: unknown) => {
      const time = value instanceof ICAL.Period ? value.start : value;
      return time instanceof ICAL.Time ? [zoned(time, tzid, zone, event)] : [];
    });
  });
}

function zoned(time: ICAL.Time, tzid: string | undefined, zone: string, event: ICAL.Component) {
  const local = `${time.toString().replace(/Z$/, '')}${time.isDate ? 'T00:00:00' : ''}`;
  if (time.zone === ICAL.Timezone.utcTimezone) return zonedTime(local, 'UTC');
  if (tzid === undefined) return zonedTime(local, zone);
  const named = zoneNamed(tzid);
  if (named !== null) return zonedTime(local, named);
  const hint = 'Name the zone as the time zone database does, such as Europe/Berlin.';
  throw invalid(`${nameOf(event)} is in time zone ${JSON.stringify(tzid)}, which is not known`, hint);
}

function isCancelled(event: ICAL.Component): boolean {
  return String(event.getFirstPropertyValue('status')).toUpperCase() === 'CANCELLED';
}

function uidOf(event: ICAL.Component): string {
  return String(event.getFirstPropertyValue('uid'));
}

function nameOf(event: ICAL.Component): string {
  return `the event ${JSON.stringify(String(event.getFirstPropertyValue('summary') ?? uidOf(event)))}`;
}

function invalid(message: string, hint: string, cause?: unknown): ForewarnError {
  return new ForewarnError('CALENDAR_INVALID', message, { hint, cause });
}
