export interface BackoffPolicy {
  /** Shortest wait after a failure. */
  readonly minMs: number;
  /** Longest wait after a failure, unless the receiver asks for more. */
  readonly maxMs: number;
}

/** A receiver that asks for more than an hour is asked again after an hour. */
export const LONGEST_RETRY_AFTER_MS = 3_600_000;

/**
 * How long to wait after the `attempts`-th failure (from 1): exponential with full jitter, so that many daemons
 * do not come back at once (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). A wish of
 * the receiver is the lower bound. `random` is in [0, 1).
 */
export function backoffMs(
  attempts: number,
  policy: BackoffPolicy,
  random: number,
  retryAfterMs: number | undefined,
): number {
  const ceilingMs = Math.min(policy.maxMs, policy.minMs * 2 ** Math.min(attempts, 30));
  const wishedMs = Math.min(retryAfterMs ?? 0, LONGEST_RETRY_AFTER_MS);
  return Math.max(policy.minMs, wishedMs, Math.round(random * ceilingMs));
}
