import type { Sink } from '../../../src/alerts/sink.ts';
import { createWebhookSink, type WebhookOptions } from '../../../src/alerts/sinks/webhook.ts';

/** A webhook at `url` as the configuration makes it by default, with `changes`. */
export function webhookOptions(url: string, changes: Partial<WebhookOptions> = {}): WebhookOptions {
  return {
    name: 'ops',
    url,
    format: { kind: 'alertmanager' },
    timeoutMs: 5_000,
    version: '1.2.3',
    externalUrl: () => 'http://forewarn.example:8080',
    clock: () => 1_700_000_000_123,
    bearerToken: null,
    secret: null,
    tls: { ca: null, cert: null, key: null, verify: true },
    allowLinkLocal: false,
    ...changes,
  };
}

export function webhookSinkAt(url: string, changes: Partial<WebhookOptions> = {}): Sink {
  return createWebhookSink(webhookOptions(url, changes));
}
