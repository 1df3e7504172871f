import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { connect, type IClientOptions, type MqttClient } from 'mqtt';
import { messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Plant } from './plant.ts';
import { payloadOf, topicOf } from './telemetry.ts';

/** How far the plant may fall behind the wall clock and still catch up; beyond it the time is given up. */
const catchUpMs = 250;

/** How long `stop()` waits for acknowledgements that are still under way. */
const drainMs = 5000;

export interface PlantPublisherOptions {
  readonly plant: Plant;
  /** Broker, such as `mqtt://127.0.0.1:1883`. */
  readonly url: string;
  /** Simulated seconds a second of the wall clock; `Infinity` is as fast as the broker takes it. Default 1. */
  readonly speed?: number;
  /** Default 1: a row counts as published when the broker has acknowledged it. */
  readonly qos?: 0 | 1;
  /** Publishes under way at once; further rows, and with them the plant's clock, wait. Default 256. */
  readonly maxInFlight?: number;
  /** User, password, TLS and the like, handed to the MQTT client. */
  readonly connection?: IClientOptions;
  /**
   * Called when all rows of one sample are under way, with the time of the sample. The next sample waits for what it
   * returns, so that a listener can hold the plant until the other end has caught up; what it throws ends `run()`.
   */
  readonly onTick?: (simulatedAt: number) => void | Promise<void>;
  readonly logger: Logger;
}

export interface PublisherCounters {
  /** Samples of the plant's clock. */
  ticks: number;
  /** Messages handed to the client. */
  published: number;
  /** Messages that the broker acknowledged (QoS 0: that were written to the socket). */
  acknowledged: number;
  /** Messages that the broker refused, or that had no acknowledgement when the connection was closed. */
  failed: number;
}

/**
 * Publishes a plant over MQTT, in time with the wall clock times `speed`. Nothing is dropped: while the broker is
 * away or slow the plant's clock stands still, and goes on from there.
 */
export class PlantPublisher {
  readonly counters: PublisherCounters = { ticks: 0, published: 0, acknowledged: 0, failed: 0 };
  readonly #options: PlantPublisherOptions;
  readonly #stop = new AbortController();
  readonly #maxInFlight: number;
  readonly #topics: readonly string[];
  #running: Promise<void> | null = null;
  #wake: () => void = () => {};

  constructor(options: PlantPublisherOptions) {
    this.#options = options;
    this.#maxInFlight = options.maxInFlight ?? 256;
    this.#topics = options.plant.pumps.map(topicOf);
  }

  /** Publishes under way: handed to the client and neither acknowledged nor failed. */
  get inFlight(): number {
    return this.counters.published - this.counters.acknowledged - this.counters.failed;
  }

  /**
   * Connects (trying for as long as it takes) and publishes until `stop()` or `signal`; resolves when the last
   * message is acknowledged and the connection closed. Rejects only with what `onTick` threw. A second call gives
   * the same promise.
   */
  run(signal?: AbortSignal): Promise<void> {
    this.#running ??= this.#connectAndPublish(
      signal === undefined ? this.#stop.signal : AbortSignal.any([signal, this.#stop.signal]),
    );
    return this.#running;
  }

  /** Ends `run()` and waits until it has; idempotent, and bounded by 5 s for a broker that does not answer. */
  async stop(): Promise<void> {
    this.#stop.abort();
    // A failure belongs to the caller of `run()`.
    await Promise.allSettled([this.#running]);
  }

  async #connectAndPublish(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return;
    const client = connect(this.#options.url, { reconnectPeriod: 500, ...this.#options.connection });
    const wake = () => this.#wake();
    client.on('connect', wake);
    signal.addEventListener('abort', wake, { once: true });
    this.#logTransitions(client);
    try {
      await this.#publishAll(client, signal);
    } finally {
      signal.removeEventListener('abort', wake);
      await this.#close(client);
    }
  }

  async #publishAll(client: MqttClient, signal: AbortSignal): Promise<void> {
    const { plant, speed = 1, qos = 1, onTick } = this.#options;
    const intervalMs = plant.sampleEveryMs / speed;
    await this.#until(() => client.connected, signal);
    let dueAt = performance.now();
    while (!signal.aborted) {
      const at = plant.advance();
      for (const pump of plant.pumps) {
        await this.#until(() => client.connected && this.inFlight < this.#maxInFlight, signal);
        if (signal.aborted) return;
        this.counters.published++;
        client.publish(this.#topics[pump.index], payloadOf(pump, at), { qos }, (error) =>
          this.#settle(error),
        );
      }
      this.counters.ticks++;
      await onTick?.(at);
      dueAt += intervalMs;
      const earlyMs = dueAt - performance.now();
      if (earlyMs < -catchUpMs) dueAt = performance.now();
      // Without a pause the loop still lets the socket have its turn.
      if (earlyMs > 1) await sleepOr(signal, earlyMs);
      else await nextTurn();
    }
  }

  #settle(error: Error | undefined | null): void {
    if (error) this.counters.failed++;
    else this.counters.acknowledged++;
    this.#wake();
  }

  /** Waits until `ready()` holds or `signal` aborts; asks again whenever something was settled or connected. */
  async #until(ready: () => boolean, signal: AbortSignal): Promise<void> {
    while (!ready() && !signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async #close(client: MqttClient): Promise<void> {
    const deadline = AbortSignal.timeout(drainMs);
    const wake = () => this.#wake();
    deadline.addEventListener('abort', wake, { once: true });
    await this.#until(() => this.inFlight === 0, deadline);
    deadline.removeEventListener('abort', wake);
    // By force only where a polite DISCONNECT would wait for ever; it fails what is still under way.
    await client.endAsync(this.inFlight > 0 || !client.connected);
  }

  /** One line when the connection comes, one when it goes, one for the first error in between. */
  #logTransitions(client: MqttClient): void {
    const { logger, url } = this.#options;
    let away: boolean | null = null;
    client.on('connect', () => {
      away = false;
      logger.info({ url }, 'plant connected');
    });
    client.on('error', (error) => {
      if (away === true) return;
      away = true;
      logger.warn({ url, error: messageOf(error) }, 'plant cannot reach the broker, trying again');
    });
    client.on('close', () => {
      if (away !== false || client.disconnecting) return;
      away = true;
      logger.warn({ url }, 'plant lost the broker, trying again');
    });
  }
}

/** Sleeps, or returns early when `signal` aborts. */
async function sleepOr(signal: AbortSignal, ms: number): Promise<void> {
  await Promise.allSettled([sleep(ms, undefined, { signal })]);
}
