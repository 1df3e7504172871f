import type { Alert } from '../types.ts';

/** What an alert tells the outside: it fires, or it is over. */
export type AlertTransition = Alert['state'];

/** One thing to tell one sink. Delivering it twice is harmless to a receiver that heeds the key. */
export interface Notification {
  /** The same at every attempt, also after a restart; differs between sinks, alerts and transitions. */
  readonly idempotencyKey: string;
  readonly transition: AlertTransition;
  /** The alert as it was at the transition. */
  readonly alert: Alert;
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
