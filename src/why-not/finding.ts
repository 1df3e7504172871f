import type { AlertRule } from '../types.ts';

/** Why an asset is not alerting, or why nobody hears of it; also the value in the API. */
export const findingReasons = [
  /** It is alerting. */
  'alert_firing',
  /** No messages come from the broker. */
  'not_connected',
  /** Nothing is raised that cannot be written. */
  'journal_failing',
  /** It has sent nothing since the start. */
  'unknown_asset',
  'silent',
  /** Its class has no model yet. */
  'learning',
  /** Too few rows for a window. */
  'warming_up',
  'low_coverage',
  'overloaded',
  'engine_failed',
  'below_threshold',
  /** The score is high and the class does not mind this deviation. */
  'tolerated',
  /** Anomalous, but not in enough of the last windows. */
  'too_few_windows',
  /** Anomalous in enough windows, but not for as long as `for` asks. */
  'not_long_enough',
  'out_of_service',
  'shelved',
  'silence',
  'maintenance',
  'topology',
  'flapping',
] as const;

export type FindingReason = (typeof findingReasons)[number];

/** One reason, with what there is to say of it; a field that does not apply is null. Times are epoch ms. */
export interface Finding {
  readonly reason: FindingReason;
  /** One sentence for people. */
  readonly text: string;
  /** How far it is, and how far it must be; in the unit that the reason has: rows, a share, a score, windows or ms. */
  readonly have: number | null;
  readonly need: number | null;
  /** Most guilty, or most often missing, first. */
  readonly channels: readonly string[];
  readonly rule: AlertRule | null;
  readonly alert: string | null;
  readonly sinceAt: number | null;
  readonly untilAt: number | null;
  /** Who ordered it, and why. */
  readonly by: string | null;
  readonly comment: string | null;
}

const empty = {
  have: null,
  need: null,
  channels: [],
  rule: null,
  alert: null,
  sinceAt: null,
  untilAt: null,
  by: null,
  comment: null,
};

export function finding(
  reason: FindingReason,
  text: string,
  rest: Partial<Omit<Finding, 'reason' | 'text'>> = {},
): Finding {
  return { reason, text, ...empty, ...rest };
}

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;

/** A duration in its largest unit, such as `3 min`. */
export function durationText(ms: number): string {
  const [name, size] = units.find(([, unit]) => ms >= unit) ?? (['ms', 1] as const);
  return `${Math.round(ms / size)} ${name}`;
}

export function timeText(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}
