import type { IClientOptions } from 'mqtt';
import { ForewarnError } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Clock } from '../types.ts';

export interface TopicFilter {
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
}

export interface SubscriberOptions {
  /** `mqtt://`, `mqtts://`, `ws://` or `wss://`, with host and optional port. */
  readonly url: string;
  /** Names the session on the broker; must be unique there. */
  readonly clientId: string;
  readonly username: string | null;
  readonly password: string | null;
  /** 4 is MQTT 3.1.1. */
  readonly protocolVersion: 4 | 5;
  /** True asks for a new session at every connection, and so loses what came in between. */
  readonly clean: boolean;
  /** How long an MQTT 5 broker keeps the session of a client that is away; 3.1.1 brokers decide themselves. */
  readonly sessionExpirySeconds: number;
  /** For `mqtts://` and `wss://`; texts are PEM, null takes the system's authorities or no certificate. */
  readonly tls: {
    readonly ca: string | null;
    readonly cert: string | null;
    readonly key: string | null;
    readonly rejectUnauthorized: boolean;
    readonly servername: string | null;
  };
  readonly filters: readonly TopicFilter[];
  /** First and longest wait before a new attempt to connect. */
  readonly reconnectMs: number;
  readonly maxReconnectMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Called for each message in order; a packet of QoS 1 or 2 is acknowledged when it has returned. */
  onMessage(topic: string, payload: Buffer, flags: { readonly retain: boolean }): void;
}

/** A broker that does not answer within this time counts as away. */
const CONNECT_TIMEOUT_MS = 10_000;

/** Host and port for people, without what else the url may hold. Throws `MQTT_URL_INVALID`. */
export function brokerName(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed !== null && /^(mqtts?|wss?):$/.test(parsed.protocol) && parsed.host !== '') return parsed.host;
  throw new ForewarnError('MQTT_URL_INVALID', 'The url of the broker is not one of MQTT', {
    hint: 'Write mqtt://HOST:1883, mqtts://HOST:8883, ws://HOST/PATH or wss://HOST/PATH.',
  });
}

/** Options of the `mqtt` client. It neither subscribes again nor queues by itself: the subscriber does. */
export function clientOptions(options: SubscriberOptions): IClientOptions {
  const { tls, username, password, protocolVersion, clean } = options;
  const secure = /^(mqtts|wss):/.test(options.url);
  return {
    clientId: options.clientId,
    protocolVersion,
    clean,
    resubscribe: false,
    queueQoSZero: false,
    reconnectOnConnackError: true,
    reconnectPeriod: options.reconnectMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...(protocolVersion === 5 && !clean
      ? { properties: { sessionExpiryInterval: options.sessionExpirySeconds } }
      : {}),
    ...(secure
      ? {
          rejectUnauthorized: tls.rejectUnauthorized,
          ...(tls.ca === null ? {} : { ca: tls.ca }),
          ...(tls.cert === null ? {} : { cert: tls.cert }),
          ...(tls.key === null ? {} : { key: tls.key }),
          ...(tls.servername === null ? {} : { servername: tls.servername }),
        }
      : {}),
  };
}
