import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Clock } from '../types.ts';
import { type BackoffPolicy, backoffMs, LONGEST_RETRY_AFTER_MS } from './backoff.ts';
import type { Outbox, OutboxRow } from './outbox.ts';
import type { DeliveryResult, Sink } from './sink.ts';

export interface SinkStatus {
  readonly sink: string;
  /** Notifications that wait, the one in hand included. */
  readonly queued: number;
  /** Counted since start. */
  readonly delivered: number;
  /** Failed attempts since start, those that ended as a dead letter included. */
  readonly failed: number;
  /** Refused for good and kept in the journal. */
  readonly dead: number;
  /** What the last attempt said, or the outbox while it cannot be used; null when it went well. */
  readonly lastError: string | null;
  /** Wall time of the next attempt while the sink is in backoff. */
  readonly nextAttemptAt: number | null;
}

export interface SinkQueueOptions {
  readonly outbox: Outbox;
  readonly sink: Sink;
  readonly clock: Clock;
  readonly log: Logger;
  readonly backoff: BackoffPolicy;
  readonly random: () => number;
}

/**
 * Delivers one sink's rows of the outbox, oldest first, one at a time: a row leaves the queue when it is
 * delivered or refused for good, and the rows behind it wait until then. The queue itself is on disk.
 */
export class SinkQueue {
  readonly #options: SinkQueueOptions;
  readonly #abort = new AbortController();
  #running: Promise<void> | null = null;
  #draining = false;
  #wake: (() => void) | null = null;
  /** A poke between reading an empty queue and going to sleep must not be lost. */
  #poked = false;
  #delivered = 0;
  #failed = 0;
  #lastError: string | null = null;
  /** Of our own disk, which says nothing about the sink. */
  #outboxError: string | null = null;
  #nextAttemptAt: number | null = null;

  constructor(options: SinkQueueOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  poke(): void {
    this.#poked = true;
    this.#wake?.();
  }

  /** Delivers what is due, for at most `drainMs`, then aborts the attempt in hand. */
  async stop(drainMs: number): Promise<void> {
    this.#draining = true;
    this.poke();
    const deadline = setTimeout(() => {
      this.#abort.abort();
      this.poke();
    }, drainMs);
    await this.#running;
    clearTimeout(deadline);
  }

  status(): SinkStatus {
    const { outbox, sink } = this.#options;
    return {
      sink: sink.name,
      ...outbox.backlog(sink.name),
      delivered: this.#delivered,
      failed: this.#failed,
      lastError: this.#outboxError ?? this.#lastError,
      nextAttemptAt: this.#nextAttemptAt,
    };
  }

  async #run(): Promise<void> {
    while (!this.#abort.signal.aborted) {
      this.#poked = false;
      const row = await this.#persist((outbox) => outbox.head(this.#options.sink.name));
      const waitMs = row === undefined || row === null ? Number.POSITIVE_INFINITY : this.#waitMs(row);
      if (row !== undefined && row !== null && waitMs <= 0) {
        await this.#attempt(row);
        continue;
      }
      if (this.#poked) continue;
      if (this.#draining) return;
      await this.#sleep(waitMs);
    }
  }

  /** A wait longer than any that was ever set comes from a wall clock that was put back: try now. */
  #waitMs(row: OutboxRow): number {
    const waitMs = row.nextAttemptAt - this.#options.clock();
    const longestMs = Math.max(this.#options.backoff.maxMs, LONGEST_RETRY_AFTER_MS);
    if (waitMs <= 0 || waitMs > longestMs) return 0;
    this.#nextAttemptAt = row.nextAttemptAt;
    return waitMs;
  }

  async #attempt(row: OutboxRow): Promise<void> {
    const { sink, log } = this.#options;
    const result = await this.#deliver(row);
    // An attempt that we cut short says nothing about the sink; the row stays as it was.
    if (!result.ok && this.#abort.signal.aborted) return;
    if (result.ok) {
      this.#delivered += 1;
      this.#nextAttemptAt = null;
      if (this.#lastError !== null) log.info({ sink: sink.name }, 'alerts are delivered again');
      this.#lastError = null;
      await this.#persist((outbox) => outbox.delivered(row.id));
      return;
    }
    this.#failed += 1;
    if (!result.retryable) {
      const { idempotencyKey } = row.notification;
      const fields = { sink: sink.name, error: result.reason, notification: idempotencyKey };
      log.error(fields, 'a notification was refused for good and is kept as a dead letter');
      this.#lastError = result.reason;
      this.#nextAttemptAt = null;
      await this.#persist((outbox) => outbox.dead(row.id, result.reason));
      return;
    }
    if (result.reason !== this.#lastError)
      log.error(
        { sink: sink.name, error: result.reason },
        'cannot deliver alerts, keeping them and trying again',
      );
    this.#lastError = result.reason;
    const { backoff, random, clock } = this.#options;
    const nextAttemptAt = clock() + backoffMs(row.attempts + 1, backoff, random(), result.retryAfterMs);
    this.#nextAttemptAt = nextAttemptAt;
    await this.#persist((outbox) => outbox.failed(row.id, result.reason, nextAttemptAt));
  }

  async #deliver(row: OutboxRow): Promise<DeliveryResult> {
    try {
      return await this.#options.sink.deliver(row.notification, this.#abort.signal);
    } catch (error) {
      return { ok: false, retryable: true, reason: messageOf(error) };
    }
  }

  /**
   * Uses the outbox until it answers, so that a full disk does not make a delivered row leave again and again.
   * Undefined when the queue stops before.
   */
  async #persist<T>(act: (outbox: Outbox) => T): Promise<T | undefined> {
    while (!this.#abort.signal.aborted) {
      try {
        const result = act(this.#options.outbox);
        this.#outboxError = null;
        return result;
      } catch (error) {
        const message = messageOf(error);
        if (message !== this.#outboxError)
          this.#options.log.error(
            { sink: this.#options.sink.name, error: message },
            'cannot use the outbox, trying again',
          );
        this.#outboxError = message;
        await this.#sleep(this.#options.backoff.minMs);
      }
    }
    return undefined;
  }

  /** Ends after `ms`, or at the next poke. */
  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(ms) ? setTimeout(() => this.#wake?.(), ms) : null;
      this.#wake = () => {
        if (timer !== null) clearTimeout(timer);
        this.#wake = null;
        resolve();
      };
    });
  }
}
