import type { Logger } from '../log.ts';
import type { Alert, AlertPriority, AlertRule, Channel, Clock } from '../types.ts';
import type { EscalationConfig } from './escalation.ts';
import type { Journal } from './journal.ts';
import type { Mutes } from './noise/mute.ts';
import type { AlertPolicy } from './state.ts';

/** What a class says of its alerts. */
export interface ClassAlerts extends AlertPolicy {
  readonly consequence: AlertPriority;
  readonly action: string | null;
}

export interface AlertingOptions {
  readonly journal: Journal;
  /** Names of all sinks. */
  readonly sinks: readonly string[];
  /** What is done about alerts that nobody answers: sinks of these steps do not hear of every alert. Nothing when left out. */
  readonly escalation?: readonly EscalationConfig[];
  /** Asked at every verdict, so it must be a look-up. */
  readonly policies: (className: string, rule: AlertRule) => ClassAlerts;
  /** Channels of the class, in the order of a score's arrays. */
  readonly channels: (className: string) => readonly Channel[];
  /** Which assets have been heard of, and which classes there are. */
  readonly knows: { asset(id: string): boolean; class(name: string): boolean };
  /** Rules that keep alerts from people by what they match; none when left out. */
  readonly mutes?: Mutes;
  /** Wall time, for ids and for what operators do: alerts live in the event time of their asset. */
  readonly clock: Clock;
  readonly log: Logger;
  /** Called for every alert that was raised or resolved, once it is safe in the journal. */
  readonly onChange?: (alert: Alert) => void;
}
