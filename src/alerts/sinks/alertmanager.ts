import { messageOf } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Sink } from '../sink.ts';
import { postableAlerts } from './alertmanager-alerts.ts';
import { post } from './http-post.ts';
import type { Standing } from './standing.ts';
import { createWebhookSink, requestOf, type WebhookOptions } from './webhook.ts';

const EVERY_MS = 60_000;
/** In one request, so that a plant in trouble makes no request that nobody accepts. */
const MOST_AT_ONCE = 500;

export interface AlertmanagerOptions extends WebhookOptions {
  readonly standing: Standing;
  readonly log: Logger;
  /** A minute when left out. */
  readonly repeatMs?: number;
}

/** A sink with something that runs beside the delivery. */
export interface AlertmanagerSink extends Sink {
  start(): void;
  /** Ends a repetition in hand. */
  stop(): Promise<void>;
}

/**
 * Posts alerts to Alertmanager's own API and tells it of all standing alerts again every minute, since it forgets them
 * when it restarts and lets go of those that nobody repeats. A repetition that fails is left to the next one; the outbox
 * sees to it that every transition arrives. One request at a time: a repetition that overtook the end of an alert would
 * raise it anew.
 */
export function createAlertmanagerSink(options: AlertmanagerOptions): AlertmanagerSink {
  const { name, standing, clock, log, externalUrl } = options;
  const inner = createWebhookSink(options);
  const stopped = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let last: Promise<unknown> = Promise.resolve();
  let repeating: Promise<void> | null = null;
  let lastError: string | null = null;
  /** Deliveries that wait for their turn. */
  let waiting = 0;
  /** Ends the repetition in hand. */
  let cut = new AbortController();

  function inTurn<T>(act: () => Promise<T>): Promise<T> {
    const mine = last.then(act);
    last = mine.catch(() => undefined);
    return mine;
  }

  /** All in one turn, so that nothing is told that has ended meanwhile; a delivery that waits cuts it short. */
  async function tellStanding(): Promise<string | null> {
    const alerts = standing();
    cut = new AbortController();
    for (let from = 0; from < alerts.length && waiting === 0; from += MOST_AT_ONCE) {
      const part = alerts.slice(from, from + MOST_AT_ONCE);
      const body = JSON.stringify(postableAlerts(part, externalUrl(), clock()));
      const request = requestOf(options, body, `repeat:${clock()}:${from}`);
      const result = await post(request, AbortSignal.any([stopped.signal, cut.signal]));
      if (!result.ok) return result.reason;
    }
    return null;
  }

  async function repeat(): Promise<void> {
    const error = await inTurn(tellStanding).catch(messageOf);
    if (stopped.signal.aborted || cut.signal.aborted) return;
    if (error !== null && error !== lastError) {
      log.warn({ sink: name, error }, 'cannot tell Alertmanager of the standing alerts, trying again');
    }
    lastError = error;
  }

  return {
    name,
    deliver(notification, signal) {
      const hurry = (): void => cut.abort();
      signal.addEventListener('abort', hurry, { once: true });
      waiting++;
      return inTurn(() => {
        waiting--;
        signal.removeEventListener('abort', hurry);
        return inner.deliver(notification, signal);
      });
    },
    start() {
      timer ??= setInterval(() => {
        repeating ??= repeat().finally(() => {
          repeating = null;
        });
      }, options.repeatMs ?? EVERY_MS);
    },
    async stop() {
      clearInterval(timer);
      stopped.abort();
      await repeating;
    },
  };
}
