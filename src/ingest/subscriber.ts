import { connect, type IConnackPacket, type MqttClient, ReasonCodes } from 'mqtt';
import { ForewarnError, messageOf } from '../errors.ts';
import { PublishQueue } from './publish-queue.ts';
import { reconnectDelay } from './reconnect-delay.ts';
import { brokerName, clientOptions, type SubscriberOptions, type TopicFilter } from './subscriber-options.ts';

type ConnectionState = 'connecting' | 'connected' | 'reconnecting' | 'stopped';

export interface SubscriberStatus {
  readonly state: ConnectionState;
  /** When the state was entered. */
  readonly since: number;
  /** Why the last connection, attempt or subscription failed; null when all is well. */
  readonly lastError: string | null;
  /** Connections after the first. */
  readonly reconnects: number;
  readonly subscriptions: readonly SubscriptionStatus[];
}

interface SubscriptionStatus extends TopicFilter {
  /** QoS that the broker granted; null when it has not answered yet, or refused. */
  readonly granted: 0 | 1 | 2 | null;
  readonly error: string | null;
}

export interface Subscriber {
  /**
   * Begins to connect and resolves at once: an outage is no failure of the start. A wrong url
   * (`MQTT_URL_INVALID`) and a broken certificate or key (`MQTT_OPTIONS_INVALID`) are. May be called once.
   */
  start(): Promise<void>;
  /** Says goodbye to the broker, at most a second long. May be called again, and before `start`. */
  stop(): Promise<void>;
  status(): SubscriberStatus;
  /**
   * Resolves when the broker has the message (QoS 1, 2) or when it is written (QoS 0). Nothing is taken for a
   * broker that is away: rejects with the retryable `MQTT_NOT_CONNECTED`, `MQTT_BUSY` or `MQTT_PUBLISH_FAILED`.
   */
  publish(topic: string, payload: string | Buffer, options: PublishOptions): Promise<void>;
}

interface PublishOptions {
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
}

/** A connection that lasted this long was a good one, and the next attempt begins with the shortest wait. */
const STABLE_MS = 10_000;
const STOP_MS = 1000;
/** A fraction of a millisecond's work. */
const PACKETS_A_TURN = 256;

/** Holds one session with an MQTT broker: subscribes, hands messages on, comes back after every outage. */
export function createSubscriber(options: SubscriberOptions): Subscriber {
  return new MqttSubscriber(options);
}

class MqttSubscriber implements Subscriber {
  readonly #options: SubscriberOptions;
  readonly #publications = new PublishQueue();
  #client: MqttClient | null = null;
  #broker = '';
  #state: ConnectionState = 'connecting';
  #since: number;
  #connections = 0;
  #attempt = 0;
  #lastError: string | null = null;
  /** What went wrong since the last attempt began; the client reports the cause before it reports the close. */
  #attemptError: string | null = null;
  #logged: string | null = null;
  #subscriptions: readonly SubscriptionStatus[];
  #stopping: Promise<void> | null = null;

  constructor(options: SubscriberOptions) {
    this.#options = options;
    this.#since = options.clock();
    this.#subscriptions = distinct(options.filters).map((filter) => ({
      ...filter,
      granted: null,
      error: null,
    }));
  }

  async start(): Promise<void> {
    if (this.#client !== null || this.#stopping !== null) return;
    this.#broker = brokerName(this.#options.url);
    this.#enter('connecting');
    const client = connectClient(this.#options);
    this.#client = client;
    // The client calls this before it acknowledges; an exception would leave the packet unsettled for ever.
    let handled = 0;
    client.handleMessage = (packet, done) => {
      try {
        this.#options.onMessage(packet.topic, packet.payload as Buffer, packet);
      } catch (thrown) {
        this.#complain('error', messageOf(thrown), 'message handler failed');
      }
      // One read of the socket can hold ten thousand packets, and everything else would wait for the last of them.
      if (++handled % PACKETS_A_TURN === 0) setImmediate(done);
      else done();
    };
    client.on('connect', (connack) => this.#onConnect(client, connack));
    client.on('reconnect', () => {
      this.#attemptError = null;
    });
    client.on('error', (error) => {
      this.#attemptError = reasonOf(error);
    });
    client.on('disconnect', ({ reasonCode }) => {
      this.#attemptError = `disconnected by the broker: ${reasonText(reasonCode ?? 0)}`;
    });
    // First in line: the client's own listener reads the wait that this one sets.
    client.prependListener('close', () => this.#onClose(client));
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#halt();
    return this.#stopping;
  }

  status(): SubscriberStatus {
    return {
      state: this.#state,
      since: this.#since,
      lastError: this.#lastError,
      reconnects: Math.max(0, this.#connections - 1),
      subscriptions: this.#subscriptions,
    };
  }

  publish(topic: string, payload: string | Buffer, options: PublishOptions): Promise<void> {
    const client = this.#client;
    if (client === null || this.#state !== 'connected') {
      return Promise.reject(
        new ForewarnError('MQTT_NOT_CONNECTED', `The broker is away: ${this.#lastError ?? this.#state}`, {
          retryable: this.#state !== 'stopped',
        }),
      );
    }
    const { qos, retain } = options;
    return this.#publications.add((done) => client.publish(topic, payload, { qos, retain }, done));
  }

  #onConnect(client: MqttClient, connack: IConnackPacket): void {
    this.#connections++;
    this.#attemptError = null;
    this.#lastError = null;
    this.#logged = null;
    this.#enter('connected');
    const session = connack.sessionPresent ? 'resumed' : 'new';
    this.#options.log.info({ broker: this.#broker, session }, 'connected to MQTT broker');
    const complete = this.#subscriptions.every(({ granted }) => granted !== null);
    // A session that outlived an earlier process may have been made with other filters, so the first connection
    // of this one subscribes whatever the broker remembers.
    if (connack.sessionPresent && complete && this.#connections > 1) return;
    this.#subscribe(client);
  }

  #subscribe(client: MqttClient): void {
    const filters = this.#subscriptions;
    if (filters.length === 0) return;
    // Retain handling 2 (MQTT 5): the broker need not send stored values that would be refused as `retained`.
    const wanted = Object.fromEntries(filters.map(({ topic, qos }) => [topic, { qos, rh: 2 }]));
    client.subscribe(wanted, (error, _granted, suback) => {
      const codes = suback?.granted;
      // No answer: the connection closed, and the next one subscribes again.
      if (codes === undefined || codes.length !== filters.length) {
        if (error !== null) this.#attemptError ??= reasonOf(error);
        return;
      }
      this.#subscriptions = filters.map((filter, i) => judged(filter, Number(codes[i])));
      for (const { topic, error: refusal } of this.#subscriptions) {
        if (refusal === null) continue;
        this.#lastError = `subscription to ${topic} refused: ${refusal}`;
        this.#options.log.error(
          { broker: this.#broker, topic, reason: refusal },
          'broker refused subscription',
        );
      }
    });
  }

  #onClose(client: MqttClient): void {
    if (this.#stopping !== null) return;
    const { clock, log, reconnectMs, maxReconnectMs } = this.#options;
    const wasConnected = this.#state === 'connected';
    if (wasConnected && clock() - this.#since >= STABLE_MS) this.#attempt = 0;
    client.options.reconnectPeriod = reconnectDelay(
      this.#attempt,
      reconnectMs,
      maxReconnectMs,
      Math.random(),
    );
    this.#attempt++;

    const error = this.#attemptError ?? 'connection closed by the broker';
    this.#lastError = error;
    if (!wasConnected) {
      this.#complain('warn', error, 'MQTT broker cannot be reached, trying on');
      return;
    }
    this.#enter('reconnecting');
    this.#logged = error;
    log.warn({ broker: this.#broker, error }, 'connection to MQTT broker lost, reconnecting');
  }

  /** Logs an error once, until another takes its place or a connection succeeds. */
  #complain(level: 'warn' | 'error', error: string, message: string): void {
    if (this.#logged === error) return;
    this.#logged = error;
    this.#options.log[level]({ broker: this.#broker, error }, message);
  }

  #enter(state: ConnectionState): void {
    this.#state = state;
    this.#since = this.#options.clock();
  }

  async #halt(): Promise<void> {
    const client = this.#client;
    const graceful = this.#state === 'connected' && this.#publications.size === 0;
    this.#enter('stopped');
    if (client === null) return;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, STOP_MS);
    });
    // A client with unacknowledged packets would wait for them without end, hence the bound.
    await Promise.race([client.endAsync(!graceful).catch(() => undefined), late]);
    clearTimeout(timer);
    client.stream.destroy();
    this.#publications.abandon(new ForewarnError('MQTT_NOT_CONNECTED', 'The subscriber was stopped'));
    this.#options.log.info({ broker: this.#broker }, 'disconnected from MQTT broker');
  }
}

function connectClient(options: SubscriberOptions): MqttClient {
  try {
    return connect(options.url, clientOptions(options));
  } catch (cause) {
    throw new ForewarnError(
      'MQTT_OPTIONS_INVALID',
      `The MQTT client refuses its options: ${messageOf(cause)}`,
      {
        cause,
        hint: 'Look at the certificate, the key and the authority of the tls section: each must be PEM.',
      },
    );
  }
}

/** One filter a topic, with the highest QoS that any asks for. */
function distinct(filters: readonly TopicFilter[]): TopicFilter[] {
  const byTopic = new Map<string, TopicFilter>();
  for (const { topic, qos } of filters) {
    const known = byTopic.get(topic);
    if (known === undefined || known.qos < qos) byTopic.set(topic, { topic, qos });
  }
  return [...byTopic.values()];
}

function judged(filter: TopicFilter, code: number): SubscriptionStatus {
  const { topic, qos } = filter;
  if (code === 0 || code === 1 || code === 2) return { topic, qos, granted: code, error: null };
  return { topic, qos, granted: null, error: reasonText(code) };
}

function reasonText(code: number): string {
  const known: Readonly<Record<number, string>> = ReasonCodes;
  return known[code] ?? `reason code ${code}`;
}

/** Node's error for a name with several addresses has a code and no message. */
function reasonOf(error: Error & { code?: string | number }): string {
  return error.message || String(error.code ?? error.name);
}
