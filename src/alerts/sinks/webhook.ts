import { createHmac } from 'node:crypto';
import { messageOf } from '../../errors.ts';
import type { Clock } from '../../types.ts';
import type { DeliveryResult, Notification, Sink } from '../sink.ts';
import { alertmanagerPayload } from './alertmanager-payload.ts';

/** Client errors that can pass by themselves: request timeout, too early, too many requests. */
const PASSING_CLIENT_ERRORS: ReadonlySet<number> = new Set([408, 425, 429]);

export interface WebhookOptions {
  readonly name: string;
  /** Absolute, `http:` or `https:`. */
  readonly url: string;
  /** For the whole exchange. */
  readonly timeoutMs: number;
  /** Forewarn's version, for the `User-Agent`. */
  readonly version: string;
  /** Where people reach this Forewarn, without a slash at its end. */
  readonly externalUrl: string;
  /** Wall time, for the signature. */
  readonly clock: Clock;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as `Authorization: Bearer`. */
  readonly bearerToken?: string;
  /** Signs the request: see {@link signatureOf}. */
  readonly secret?: string;
}

/**
 * Posts alerts as JSON in the shape of Alertmanager's webhook, version 4. Any 2xx is a success. Network errors,
 * timeouts, 408, 425, 429 and 5xx are worth another attempt, not before `Retry-After` when it is given in
 * seconds (a date is not read: the backoff of the delivery stands). Redirects are not followed, because an
 * alert must not go to a place that nobody configured.
 */
export function createWebhookSink(options: WebhookOptions): Sink {
  return {
    name: options.name,
    deliver: async (notification, signal) => {
      const limit = AbortSignal.timeout(options.timeoutMs);
      try {
        const response = await fetch(options.url, {
          ...requestOf(notification, options),
          redirect: 'manual',
          signal: AbortSignal.any([signal, limit]),
        });
        await response.body?.cancel();
        return resultOf(response);
      } catch (error) {
        const reason = limit.aborted ? `no answer within ${options.timeoutMs} ms` : networkReason(error);
        return { ok: false, retryable: true, reason };
      }
    },
  };
}

/**
 * `t=<epoch seconds>,v1=<hex>` where the hex is HMAC-SHA256 with the secret over `<epoch seconds>.<body>`. The
 * receiver compares it and refuses old times, so that nobody can forge an alert or play one again.
 */
function signatureOf(secret: string, seconds: number, body: string): string {
  const digest = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${digest}`;
}

function requestOf(notification: Notification, options: WebhookOptions) {
  const body = JSON.stringify(alertmanagerPayload(notification, options.name, options.externalUrl));
  const headers = new Headers(options.headers);
  headers.set('Content-Type', 'application/json');
  headers.set('User-Agent', `forewarn/${options.version}`);
  headers.set('Idempotency-Key', notification.idempotencyKey);
  if (options.bearerToken !== undefined) headers.set('Authorization', `Bearer ${options.bearerToken}`);
  if (options.secret !== undefined) {
    const seconds = Math.floor(options.clock() / 1000);
    headers.set('X-Forewarn-Signature', signatureOf(options.secret, seconds, body));
  }
  return { method: 'POST', headers, body };
}

function resultOf(response: Response): DeliveryResult {
  if (response.ok) return { ok: true };
  const { status } = response;
  const reason =
    status >= 300 && status < 400 ? `HTTP ${status}: redirects are not followed` : `HTTP ${status}`;
  const retryable = status >= 500 || PASSING_CLIENT_ERRORS.has(status);
  const seconds = response.headers.get('Retry-After') ?? '';
  if (!retryable || !/^\d{1,9}$/.test(seconds)) return { ok: false, retryable, reason };
  return { ok: false, retryable, reason, retryAfterMs: Number(seconds) * 1000 };
}

/** `fetch failed` says nothing; its cause names the trouble. */
function networkReason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return messageOf(error);
  return 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.message;
}
