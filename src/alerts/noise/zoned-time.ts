import { Temporal } from 'temporal-polyfill';
import { findIana } from 'windows-iana';

/** True for a zone that the system's time zone data know, such as `Europe/Berlin`. */
export function isTimeZone(name: string): boolean {
  try {
    Temporal.Instant.fromEpochMilliseconds(0).toZonedDateTimeISO(name);
    return true;
  } catch {
    return false;
  }
}

/** The IANA zone that a calendar's TZID means, which may be Windows' own name for it; null when nobody knows it. */
export function zoneNamed(tzid: string): string | null {
  // Some programs put their own name in front: /example.org/20050126_1/Europe/Berlin.
  const bare = /[A-Za-z_]+(?:\/[A-Za-z_]+)?$/.exec(tzid)?.[0] ?? tzid;
  const names = [
    tzid,
    findIana(tzid as Parameters<typeof findIana>[0])[0],
    tzid.startsWith('/') ? bare : undefined,
  ];
  return names.find((name) => name !== undefined && isTimeZone(name)) ?? null;
}

/**
 * A local time such as `2027-03-28T06:00` in a zone. The hour that occurs twice is meant the first time, and the one
 * that does not occur is taken as an hour later, as RFC 5545 (3.3.5) has it.
 */
export function zonedTime(local: string, zone: string): Temporal.ZonedDateTime {
  return Temporal.PlainDateTime.from(local).toZonedDateTime(zone, { disambiguation: 'compatible' });
}
