import { connect, type MqttClient } from 'mqtt';
import { messageOf } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { DeliveryResult } from '../sink.ts';
import type { TlsOptions } from './tls-options.ts';

const RECONNECT_MS = 5000;
const CONNECT_TIMEOUT_MS = 10_000;
const STOP_MS = 1000;
/** Bytes that may wait for a slow broker; beyond that what is not kept is dropped. */
const MOST_WAITING = 1_048_576;

export interface MqttConnectionOptions {
  readonly clientId: string;
  readonly username: string | null;
  readonly password: string | null;
  readonly protocolVersion: 4 | 5;
  readonly tls: TlsOptions & { readonly serverName: string | null };
  /** Topic of birth and will, retained; null when this connection says nothing of itself. */
  readonly status: { readonly topic: string; readonly version: string } | null;
  /** For the broker to take one message. */
  readonly timeoutMs: number;
  readonly reconnectMs?: number;
  readonly log: Logger;
}

/** A connection to a broker that only publishes, and comes back after every outage. */
export interface MqttConnection {
  /** Begins to connect; an outage is no failure. `onConnect` is called at every connection. */
  start(url: string, onConnect: () => void): void;
  /** Hands a retained message of QoS 1 over; resolves when the broker has it. Never rejects. */
  retain(topic: string, payload: string, signal: AbortSignal): Promise<DeliveryResult>;
  /** Publishes with QoS 0, or drops what the broker is not there or not fast enough for; false when it did. */
  offer(topic: string, payload: string): boolean;
  /** Says goodbye, at most a second long. */
  stop(): Promise<void>;
}

export function createMqttConnection(options: MqttConnectionOptions): MqttConnection {
  const { status, timeoutMs, log } = options;
  let client: MqttClient | null = null;
  let trouble = 'not connected yet';
  let logged: string | null = null;
  /** Gives up one message each. */
  const unanswered = new Set<() => void>();

  return {
    start(url, onConnect) {
      const made = connect(url, clientOptions(options, url));
      client = made;
      made.on('connect', () => {
        if (logged !== null) log.info({}, 'connected to the MQTT broker of alerts again');
        logged = null;
        trouble = 'the connection to the broker was lost';
        if (status !== null) {
          const birth = JSON.stringify({ state: 'online', version: status.version });
          made.publish(status.topic, birth, { qos: 1, retain: true });
        }
        onConnect();
      });
      // Node's error for a name with several addresses has a code and no message.
      made.on('error', (error: Error & { code?: unknown }) => {
        trouble = error.message || String(error.code ?? error.name);
      });
      made.on('close', () => {
        for (const giveUp of unanswered) giveUp();
        if (trouble !== logged)
          log.warn({ error: trouble }, 'the MQTT broker of alerts is away, trying again');
        logged = trouble;
      });
    },
    retain(topic, payload, signal) {
      if (client === null || !client.connected) return Promise.resolve(away(trouble));
      return publish(client, { topic, payload, timeoutMs, signal, unanswered });
    },
    offer(topic, payload) {
      if (client === null || !client.connected || client.stream.writableLength > MOST_WAITING) return false;
      client.publish(topic, payload, { qos: 0 });
      return true;
    },
    async stop() {
      if (client === null) return;
      const ended = client;
      client = null;
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, STOP_MS);
      });
      // A will is for those who die: who says goodbye has to say himself that he is offline.
      const goodbye = async (): Promise<void> => {
        if (!ended.connected) return void (await ended.endAsync(true));
        if (status !== null) await ended.publishAsync(status.topic, OFFLINE, { qos: 1, retain: true });
        await ended.endAsync();
      };
      await Promise.race([goodbye().catch(() => undefined), late]);
      clearTimeout(timer);
      ended.end(true);
      ended.stream.destroy();
    },
  };
}

const OFFLINE = JSON.stringify({ state: 'offline' });

const away = (reason: string): DeliveryResult => ({
  ok: false,
  retryable: true,
  reason: `the MQTT broker is away: ${reason}`,
});

interface Publication {
  readonly topic: string;
  readonly payload: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly unanswered: Set<() => void>;
}

/**
 * The client would send an unanswered message again at the next connection, when newer ones may have been answered. It is
 * taken back instead, also when the connection ends.
 */
function publish(client: MqttClient, publication: Publication): Promise<DeliveryResult> {
  const { topic, payload, timeoutMs, signal, unanswered } = publication;
  return new Promise((resolve) => {
    const limit = AbortSignal.timeout(timeoutMs);
    const ended = AbortSignal.any([signal, limit]);
    const finish = (result: DeliveryResult): void => {
      ended.removeEventListener('abort', giveUp);
      unanswered.delete(giveUp);
      resolve(result);
    };
    const giveUp = (): void => {
      const late = `the broker did not take it within ${timeoutMs} ms`;
      const reason = signal.aborted ? 'stopped' : limit.aborted ? late : 'the connection was lost';
      finish({ ok: false, retryable: true, reason });
      if (messageId !== undefined) client.removeOutgoingMessage(messageId);
    };
    let messageId: number | undefined;
    ended.addEventListener('abort', giveUp, { once: true });
    unanswered.add(giveUp);
    client.publish(topic, payload, { qos: 1, retain: true }, (error) => {
      // What is refused for its rights (MQTT 5) may be allowed by the next attempt.
      finish(error ? { ok: false, retryable: true, reason: messageOf(error) } : { ok: true });
    });
    messageId = client.getLastMessageId();
    if (ended.aborted) giveUp();
  });
}

function clientOptions(options: MqttConnectionOptions, url: string) {
  const { clientId, username, password, protocolVersion, tls, status } = options;
  return {
    clientId,
    protocolVersion,
    clean: true,
    queueQoSZero: false,
    reconnectOnConnackError: true,
    reconnectPeriod: options.reconnectMs ?? RECONNECT_MS,
    connectTimeout: CONNECT_TIMEOUT_MS,
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
    ...(status === null
      ? {}
      : { will: { topic: status.topic, payload: Buffer.from(OFFLINE), qos: 1 as const, retain: true } }),
    ...(/^(mqtts|wss):/.test(url)
      ? {
          rejectUnauthorized: tls.verify,
          ...(tls.ca === null ? {} : { ca: tls.ca }),
          ...(tls.cert === null ? {} : { cert: tls.cert }),
          ...(tls.key === null ? {} : { key: tls.key }),
          ...(tls.serverName === null ? {} : { servername: tls.serverName }),
        }
      : {}),
  };
}
