import type { Alert, AlertIncident } from '../types.ts';

/** What an alert tells the outside: it fires, or it is over. */
export type AlertTransition = Alert['state'];

/** One thing to tell one sink. Delivering it twice is harmless to a receiver that heeds the key. */
export interface Notification {
  /** The same at every attempt, also after a restart; differs between sinks, alerts and transitions. */
  readonly idempotencyKey: string;
  readonly transition: AlertTransition;
  /** The alert as it was at the transition; of a group the first of its alerts. */
  readonly alert: Alert;
  /** Several alerts that are told together. The transition is that of the group: it fires while one of its alerts does. */
  readonly group?: NotificationGroup;
}

/** Alerts that were raised, escalated or over since the last notification of their group. */
export interface NotificationGroup {
  /** What they have in common. */
  readonly labels: Readonly<Record<string, string>>;
  /** Each as it was last, in the order in which they came; at least one. */
  readonly alerts: readonly Alert[];
  /** With those that are not listed. */
  readonly total: number;
  /** How many of the whole group fire now, told before or now. */
  readonly firing: number;
  /** There are so many that few notifications are sent. */
  readonly flood: boolean;
  /** What they are part of; null for alerts from before there were groups. */
  readonly incident: AlertIncident | null;
}

export type DeliveryResult =
  | { readonly ok: true }
  | {
      readonly ok: false;
      /** True when trying again later, unchanged, could succeed; false makes it a dead letter. */
      readonly retryable: boolean;
      readonly reason: string;
      /** The receiver's wish, when it gave one. */
      readonly retryAfterMs?: number;
    };

/**
 * Where alerts leave the daemon. The delivery calls `deliver` with one notification at a time, in the order of
 * the transitions, and calls again until the result is final, so a sink holds no queue and never retries. The
 * promise settles within a time limit of the sink's own, and soon after `signal` aborts. A rejection counts as a
 * retryable failure.
 */
export interface Sink {
  /** Unique among the sinks and stable over restarts: the outbox remembers it. */
  readonly name: string;
  deliver(notification: Notification, signal: AbortSignal): Promise<DeliveryResult>;
}
