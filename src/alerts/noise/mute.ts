import type { MatchedAlarm } from './matcher.ts';

/** Why an alert is kept from its receivers by a rule; also the metric label and the first word in the API. */
export type MuteReason = 'silence' | 'maintenance' | 'topology' | 'flapping';

export const muteReasons: readonly MuteReason[] = ['silence', 'maintenance', 'topology', 'flapping'];

/** What mutes an alarm now. */
export interface Mute {
  readonly reason: MuteReason;
  /** Which silence, window or rule of that kind; null where there is one of the kind only. */
  readonly name: string | null;
  /** Who said so; null for what Forewarn found out. */
  readonly by: string | null;
  /** For people. */
  readonly why: string;
}

/** What may keep alerts from their receivers, asked whenever one is raised. */
export interface Mutes {
  /** Takes up what the journal knows; throws `JOURNAL_FAILED` when it cannot be read. */
  start(): void;
  /** An alarm has just been raised, or is over. */
  observe(alarm: MatchedAlarm): void;
  /** What mutes the alarm now, or null. `before` is what it was suppressed for until now, as {@link muteText} has it. */
  on(alarm: MatchedAlarm, before: string | null): Mute | null;
  /** Moves on to the present; true when `on` may answer differently from then on. */
  sweep(): boolean;
}

/** As it stands in an alert's `suppressedFor`: `maintenance:weekly-cleaning`, or `flapping`. */
export function muteText({ reason, name }: Pick<Mute, 'reason' | 'name'>): string {
  return name === null ? reason : `${reason}:${name}`;
}

/** The reason in an alert's `suppressedFor`; null when it was suppressed for another. */
export function muteReasonOf(suppressedFor: string | null): MuteReason | null {
  const word = suppressedFor?.split(':', 1)[0];
  return muteReasons.find((reason) => reason === word) ?? null;
}
