import { ForewarnError, messageOf } from '../errors.ts';

/**
 * Publications without their acknowledgement. Mosquitto takes 20 of QoS 2 at once from a client; it refuses more of
 * an MQTT 5 client and drops more of a 3.1.1 client without a word.
 */
const IN_FLIGHT_LIMIT = 20;
/** Publications that wait for their turn; further ones are refused as `MQTT_BUSY`. */
const WAITING_LIMIT = 1000;

/** Hands one message to the client and calls `done` when the broker has it, or with the error. */
type Send = (done: (error?: Error | null) => void) => void;

interface Job {
  readonly send: Send;
  readonly resolve: () => void;
  readonly reject: (error: ForewarnError) => void;
}

/** Keeps the number of publications in flight within what brokers take, first come first served. */
export class PublishQueue {
  readonly #waiting: Job[] = [];
  readonly #inFlight = new Set<Job>();

  get size(): number {
    return this.#waiting.length + this.#inFlight.size;
  }

  add(send: Send): Promise<void> {
    if (this.#waiting.length >= WAITING_LIMIT) {
      const message = `${this.size} messages wait for the broker's acknowledgement`;
      return Promise.reject(new ForewarnError('MQTT_BUSY', message, { retryable: true }));
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ send, resolve, reject });
      this.#advance();
    });
  }

  /** Rejects all that is not settled. */
  abandon(error: ForewarnError): void {
    for (const { reject } of [...this.#inFlight, ...this.#waiting]) reject(error);
    this.#inFlight.clear();
    this.#waiting.length = 0;
  }

  #advance(): void {
    while (this.#inFlight.size < IN_FLIGHT_LIMIT) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      this.#inFlight.add(job);
      try {
        job.send((error) => this.#settle(job, error ?? null));
      } catch (thrown) {
        this.#settle(job, thrown);
      }
    }
  }

  #settle(job: Job, error: unknown): void {
    if (!this.#inFlight.delete(job)) return;
    if (error === null) job.resolve();
    else {
      const details = { retryable: true, cause: error };
      job.reject(new ForewarnError('MQTT_PUBLISH_FAILED', messageOf(error), details));
    }
    this.#advance();
  }
}
