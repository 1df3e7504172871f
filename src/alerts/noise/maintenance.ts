import type { Clock } from '../../types.ts';
import { icsCalendar } from './ics-calendar.ts';
import { type MatchedAlarm, type Matcher, matchesAll, parseMatcher } from './matcher.ts';
import type { Mute } from './mute.ts';
import { type Interval, type Occurrences, recurrence } from './recurrence.ts';
import { zonedTime } from './zoned-time.ts';

/** Planned work, during which alerts that match are recorded and told to nobody. */
export interface MaintenanceConfig {
  readonly name: string;
  readonly match: readonly string[];
  readonly timezone: string;
  readonly when:
    | {
        /** Local time of the first, such as `2026-01-05T06:00`. */
        readonly start: string;
        readonly durationMs: number;
        readonly rule: string | null;
      }
    /** The text of an iCalendar file. */
    | { readonly calendar: string };
}

/**
 * When the work takes place.
 * @throws ForewarnError `RECURRENCE_INVALID` or `CALENDAR_INVALID`, each with a hint.
 */
export function occurrencesOf({ when, timezone }: MaintenanceConfig): Occurrences {
  if ('calendar' in when) return icsCalendar(when.calendar, timezone);
  const { start, durationMs, rule } = when;
  return recurrence({ start: zonedTime(start, timezone), durationMs, rule });
}

/** How far one look at the calendar goes: recurrences are expanded once in that time and not at every alert. */
const LOOK_AHEAD_MS = 6 * 3_600_000;

interface Plan {
  readonly name: string;
  readonly matchers: readonly Matcher[];
  readonly occurrences: Occurrences;
  intervals: readonly Interval[];
}

/** Which planned work is going on now. Holds nothing but the configuration, so a restart changes nothing. */
export class Maintenance {
  readonly #plans: readonly Plan[];
  readonly #clock: Clock;
  #seen: Interval = { from: 0, to: 0 };
  #current = '';

  /** @throws what {@link occurrencesOf} and `parseMatcher` throw. */
  constructor(configs: readonly MaintenanceConfig[], clock: Clock) {
    this.#clock = clock;
    this.#plans = configs.map((config) => ({
      name: config.name,
      matchers: config.match.map(parseMatcher),
      occurrences: occurrencesOf(config),
      intervals: [],
    }));
  }

  on(alarm: MatchedAlarm): Mute | null {
    const now = this.#look();
    const plan = this.#plans.find((one) => isGoingOn(one, now) && matchesAll(one.matchers, alarm));
    if (plan === undefined) return null;
    const until = plan.intervals.find((interval) => holds(interval, now));
    const minutes = Math.ceil(((until?.to ?? now) - now) / 60_000);
    return {
      reason: 'maintenance',
      name: plan.name,
      by: null,
      why: `planned maintenance, for ${minutes} minutes more`,
    };
  }

  /** Times of work on one alarm's asset, past or to come, that overlap the time from `from` to `to`. */
  during(alarm: MatchedAlarm, from: number, to: number): readonly Interval[] {
    const plans = this.#plans.filter(({ matchers }) => matchesAll(matchers, alarm));
    return plans.flatMap(({ occurrences }) => occurrences.between(from, to));
  }

  /** Names of what is going on. */
  current(): readonly string[] {
    const now = this.#look();
    return this.#plans.filter((plan) => isGoingOn(plan, now)).map(({ name }) => name);
  }

  /** True when work has begun or ended since the last call. */
  sweep(): boolean {
    const current = this.current().join('\n');
    const changed = current !== this.#current;
    this.#current = current;
    return changed;
  }

  #look(): number {
    const now = this.#clock();
    if (!holds(this.#seen, now)) {
      this.#seen = { from: now, to: now + LOOK_AHEAD_MS };
      for (const plan of this.#plans)
        plan.intervals = plan.occurrences.between(this.#seen.from, this.#seen.to);
    }
    return now;
  }
}

function isGoingOn({ intervals }: Plan, now: number): boolean {
  return intervals.some((interval) => holds(interval, now));
}

function holds({ from, to }: Interval, at: number): boolean {
  return from <= at && at < to;
}
