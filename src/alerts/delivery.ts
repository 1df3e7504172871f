import type { Logger } from '../log.ts';
import type { Clock } from '../types.ts';
import type { BackoffPolicy } from './backoff.ts';
import type { Outbox } from './outbox.ts';
import type { Sink } from './sink.ts';
import { SinkQueue, type SinkStatus } from './sink-queue.ts';

const DEFAULT_BACKOFF: BackoffPolicy = { minMs: 1000, maxMs: 300_000 };
const DEFAULT_DRAIN_MS = 5000;

export interface DeliveryOptions {
  readonly outbox: Outbox;
  /** With different names. */
  readonly sinks: readonly Sink[];
  /** Wall time: next attempts are remembered over a restart. */
  readonly clock: Clock;
  readonly log: Logger;
  /** From one second to five minutes when left out. */
  readonly backoff?: BackoffPolicy;
  /** How long `stop` goes on delivering what is due; five seconds when left out. */
  readonly drainMs?: number;
  /** In [0, 1); for the jitter. */
  readonly random?: () => number;
}

/**
 * Takes alerts from the outbox to the sinks, at least once each: order is kept within a sink, and a sink that is
 * away delays no other. The only place that retries.
 */
export interface Delivery {
  start(): void;
  /** Call it after each commit that put rows into the outbox. */
  poke(): void;
  /** Throws `JOURNAL_FAILED` when the outbox cannot be counted. */
  status(): readonly SinkStatus[];
  /** Resolves within the drain time; safe to call twice. What was not delivered waits for the next start. */
  stop(): Promise<void>;
}

export function createDelivery(options: DeliveryOptions): Delivery {
  const { outbox, clock, log, backoff = DEFAULT_BACKOFF, drainMs = DEFAULT_DRAIN_MS } = options;
  const random = options.random ?? Math.random;
  const queues = options.sinks.map((sink) => new SinkQueue({ outbox, sink, clock, log, backoff, random }));
  let stopped: Promise<void> | null = null;

  return {
    start() {
      const configured = new Set(options.sinks.map((sink) => sink.name));
      const orphans = outbox.sinksWithBacklog().filter((name) => !configured.has(name));
      if (orphans.length > 0) {
        log.warn({ sinks: orphans }, 'alerts wait for sinks that are no longer configured');
      }
      for (const queue of queues) queue.start();
    },
    poke() {
      for (const queue of queues) queue.poke();
    },
    status: () => queues.map((queue) => queue.status()),
    stop() {
      stopped ??= Promise.all(queues.map((queue) => queue.stop(drainMs))).then(() => undefined);
      return stopped;
    },
  };
}
