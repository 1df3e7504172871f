/** A silence as the daemon has it; times are epoch milliseconds of the wall clock. */
export interface SilenceView {
  readonly id: string;
  readonly matchers: readonly string[];
  readonly by: string;
  readonly comment: string;
  readonly since: number;
  readonly until: number;
  readonly endedAt: number | null;
  readonly endedBy: string | null;
  readonly inForce: boolean;
  /** Alerts that fire and that it keeps from people. */
  readonly muting: number;
}

export type SilenceRefusal =
  | 'bad_matcher'
  | 'bad_duration'
  | 'too_many_silences'
  | 'no_such_silence'
  | 'silence_is_over';

export type SilenceAnswer =
  | { readonly ok: true; readonly value: SilenceView }
  | { readonly ok: false; readonly refusal: SilenceRefusal; readonly detail: string };

/**
 * What the API may do about silences. A command that gives `ok` is on disk. A retryable ForewarnError means that
 * nothing has changed and becomes 503; a refusal becomes 400, 404 or 409 with its name.
 */
export interface SilenceCommands {
  add(draft: {
    readonly matchers: readonly string[];
    readonly by: string;
    readonly comment: string;
    readonly forMs: number;
  }): SilenceAnswer;
  expire(id: string, by: string): SilenceAnswer;
  /** Oldest first. */
  inForce(): readonly SilenceView[];
  /** Newest first, those that are over included. */
  all(limit: number): readonly SilenceView[];
}
