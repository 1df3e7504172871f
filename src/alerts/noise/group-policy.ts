import type { Alert } from '../../types.ts';

/** When the alerts of a group are told together. */
export interface GroupPolicy {
  /** Labels, or `class`: alerts with the same values are a group. None tells each alert by itself. */
  readonly by: readonly string[];
  /** From the first alert that waits to the notification, for others to come. */
  readonly waitMs: number;
  /** Between two notifications of one group. */
  readonly intervalMs: number;
  readonly flood: {
    /** More alerts of one group than this within `withinMs` are a flood; 0 calls nothing a flood. */
    readonly alerts: number;
    readonly withinMs: number;
  };
}

/** What is known of one group. All times are wall time. */
export interface GroupFacts {
  /** Since when the alert waits that waits longest; null when none does. */
  readonly oldestAt: number | null;
  /** Since when an escalation waits; null when none does. */
  readonly urgentAt: number | null;
  /** Last notification; null when there was none. */
  readonly toldAt: number | null;
  readonly flooding: boolean;
  /** Alerts raised within the last `flood.withinMs`. */
  readonly recent: number;
}

export interface GroupStep {
  /** What waits is told now. */
  readonly tell: boolean;
  /** From now on. A flood begins with the notification that says so. */
  readonly flooding: boolean;
}

/**
 * What is to be done about a group now. In a flood one notification in `flood.withinMs` is sent instead of one in
 * `intervalMs`, until fewer than half of `flood.alerts` were raised in that time; what waits then is told at once. An
 * escalation waits for company and for nothing else: somebody has waited for long enough already.
 */
export function groupStep(facts: GroupFacts, policy: GroupPolicy, now: number): GroupStep {
  const { oldestAt, urgentAt, toldAt, flooding, recent } = facts;
  const { alerts, withinMs } = policy.flood;
  const floods = alerts > 0 && (flooding ? recent >= alerts / 2 : recent > alerts);
  const pauseMs = floods === flooding ? (flooding ? withinMs : policy.intervalMs) : 0;
  const isDue = toldAt === null || hasPassed(toldAt, pauseMs, now);
  const tell =
    (oldestAt !== null && hasPassed(oldestAt, policy.waitMs, now) && isDue) ||
    (urgentAt !== null && hasPassed(urgentAt, policy.waitMs, now));
  return { tell, flooding: floods && (flooding || tell) };
}

/** A time ahead of the present is left from before the wall clock was put back. */
function hasPassed(since: number, ms: number, now: number): boolean {
  return since > now || now - since >= ms;
}

/** The group of an alert, as JSON of its labels; null for one that lacks a label, which is told by itself. */
export function groupKeyOf(by: readonly string[], { labels, className }: Alert): string | null {
  if (by.length === 0) return null;
  const pairs: [string, string][] = [];
  for (const name of by) {
    const value = name === 'class' ? className : Object.hasOwn(labels, name) ? labels[name] : undefined;
    if (value === undefined) return null;
    pairs.push([name, value]);
  }
  return JSON.stringify(pairs);
}

/** The labels that a key of {@link groupKeyOf} is made of, in their order. */
export function groupLabelsOf(key: string): readonly (readonly [string, string])[] {
  return JSON.parse(key) as [string, string][];
}
