import { createHmac } from 'node:crypto';
import type { Clock } from '../../types.ts';
import type { Sink } from '../sink.ts';
import { type PostOptions, post } from './http-post.ts';
import type { TlsOptions } from './tls-options.ts';
import { type WebhookFormat, webhookBody } from './webhook-body.ts';

export interface WebhookOptions {
  readonly name: string;
  /** Absolute, `http:` or `https:`. */
  readonly url: string;
  readonly format: WebhookFormat;
  /** For the whole exchange. */
  readonly timeoutMs: number;
  /** Forewarn's version, for the `User-Agent`. */
  readonly version: string;
  /** Where people reach this Forewarn, without a slash at its end; asked for at each request. */
  readonly externalUrl: () => string;
  /** Wall time. */
  readonly clock: Clock;
  /** Sent as `Authorization: Bearer`. */
  readonly bearerToken: string | null;
  /** Signs the request: see {@link signatureOf}. */
  readonly secret: string | null;
  readonly tls: TlsOptions;
  readonly allowLinkLocal: boolean;
}

/**
 * Posts alerts as JSON in the shape that the receiver understands, each with a key that is the same at every attempt.
 * @throws ForewarnError `TEMPLATE_INVALID`
 */
export function createWebhookSink(options: WebhookOptions): Sink {
  const body = webhookBody(options.format, options);
  return {
    name: options.name,
    deliver: (notification, signal) =>
      post(requestOf(options, body(notification), notification.idempotencyKey), signal),
  };
}

/** A request with all that the configuration says of the receiver. */
export function requestOf(options: WebhookOptions, body: string, idempotencyKey: string): PostOptions {
  const { url, format, bearerToken, secret, timeoutMs, tls, allowLinkLocal } = options;
  return {
    url,
    body,
    timeoutMs,
    tls,
    allowLinkLocal,
    headers: {
      'Content-Type': 'application/json',
      'User-Agent': `forewarn/${options.version}`,
      'Idempotency-Key': idempotencyKey,
      ...(bearerToken === null ? {} : { Authorization: `Bearer ${bearerToken}` }),
      ...(secret === null ? {} : { 'X-Forewarn-Signature': signatureOf(secret, options.clock(), body) }),
    },
    // The address of Slack or Teams is a secret too.
    secrets: [url, bearerToken, secret, format.kind === 'pagerduty' ? format.routingKey : null].filter(
      (text) => text !== null,
    ),
  };
}

/**
 * `t=<epoch seconds>,v1=<hex>` where the hex is HMAC-SHA256 with the secret over `<epoch seconds>.<body>`. The
 * receiver compares it and refuses old times, so that nobody can forge an alert or play one again.
 */
function signatureOf(secret: string, now: number, body: string): string {
  const seconds = Math.floor(now / 1000);
  const digest = createHmac('sha256', secret).update(`${seconds}.${body}`).digest('hex');
  return `t=${seconds},v1=${digest}`;
}
