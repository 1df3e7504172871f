import type { InfluxOutput } from './alerts/influx/influx-output.ts';
import type { Config } from './config.ts';
import type { Ingest } from './ingest/ingest.ts';
import type { SubscriberOptions } from './ingest/subscriber-options.ts';
import { subscriptionFilter } from './ingest/topic-template.ts';
import type { Logger } from './log.ts';
import type { Clock } from './types.ts';

/** What the configuration says of the broker, for the subscriber. */
export function subscriberOptions(
  { mqtt, classes }: Config,
  url: string,
  { ingest, clock, log }: { ingest: Ingest; clock: Clock; log: Logger },
): SubscriberOptions {
  return {
    url,
    clientId: mqtt.clientId,
    username: mqtt.username,
    password: mqtt.password,
    // The embedded broker speaks 3.1.1 only.
    protocolVersion: mqtt.url === null ? 4 : mqtt.protocolVersion,
    clean: mqtt.sessionExpiryMs === 0,
    sessionExpirySeconds: Math.round(mqtt.sessionExpiryMs / 1000),
    tls: {
      ca: mqtt.tls.ca,
      cert: mqtt.tls.cert,
      key: mqtt.tls.key,
      rejectUnauthorized: mqtt.tls.verify,
      servername: mqtt.tls.serverName,
    },
    filters: classes.map(({ topic, qos }) => ({ topic: subscriptionFilter(topic), qos })),
    reconnectMs: 500,
    maxReconnectMs: 30_000,
    clock,
    log,
    onMessage: (topic, payload, flags) => ingest.accept(topic, payload, flags),
  };
}

/** InfluxDB as the configuration has it; its client is loaded only then, since that takes its time. */
export async function influxOutput(
  { influx, stateDir, classes }: Config,
  { clock, log }: { clock: Clock; log: Logger },
): Promise<InfluxOutput | null> {
  if (influx === null) return null;
  const { createInfluxOutput } = await import('./alerts/influx/influx-output.ts');
  const channels = (className: string) => classes.find(({ name }) => name === className)!.channels;
  return createInfluxOutput({ ...influx, stateDir, channels, clock, log });
}

/** The address without user name and password, for logs and status. */
export function shownUrl(url: string): string {
  const parsed = new URL(url);
  return `${parsed.protocol}//${parsed.host}${parsed.pathname === '/' ? '' : parsed.pathname}`;
}
