/** Alerts that match are recorded and shown, and told to nobody, until it ends. Plain data; times are wall time. */
export interface Silence {
  readonly id: string;
  /** All must match; at least one. */
  readonly matchers: readonly string[];
  readonly by: string;
  readonly comment: string;
  readonly since: number;
  /** When it ends by itself. */
  readonly until: number;
  /** When somebody ended it before; null when nobody did. */
  readonly endedAt: number | null;
  readonly endedBy: string | null;
}

/** What is to be silenced. */
export interface SilenceDraft {
  readonly matchers: readonly string[];
  readonly by: string;
  readonly comment: string;
  readonly forMs: number;
}

/** Why a command about silences was not carried out; also the value in the API. */
export type SilenceRefusal =
  | 'bad_matcher'
  /** A duration of nothing, or of more than {@link LONGEST_SILENCE_MS}. */
  | 'bad_duration'
  | 'too_many_silences'
  | 'no_such_silence'
  | 'silence_is_over';

/** A year; what must be quiet for longer is out of service, or no alert. */
export const LONGEST_SILENCE_MS = 366 * 86_400_000;
/** Each alert that is raised is compared with all of them, and all that fire when one begins or ends: about 0.5 us a pair. */
export const MOST_SILENCES = 500;

/**
 * True while it silences at wall time `now`. An end further ahead than a silence may last means that the wall clock
 * was put back: then it is over, rather than hide alerts for nobody knows how long.
 */
export function isInForce({ until, endedAt }: Silence, now: number): boolean {
  return endedAt === null && now < until && until - now <= LONGEST_SILENCE_MS;
}
