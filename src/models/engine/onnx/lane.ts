import { Worker } from 'node:worker_threads';
import { ForewarnError } from '../../../errors.ts';
import type { LaneAnswer, LaneOutputs, LaneRequest, WireTensor } from './lane-protocol.ts';

// From source (tests) as from dist, the thread runs the built file: Node 20 starts no TypeScript.
const worker = new URL(
  import.meta.url.endsWith('.ts') ? '../../../../dist/models/engine/onnx/lane-worker.js' : './lane-worker.js',
  import.meta.url,
);

/** What a tensor of a run may be: copied to the lane, or given to it, which empties the caller's array. */
export interface Feed extends WireTensor {
  readonly give: boolean;
}

interface Pending {
  resolve(outputs: LaneOutputs): void;
  reject(error: ForewarnError): void;
}

type Body<Request> = Request extends LaneRequest ? Omit<Request, 'call'> : never;

/**
 * One worker thread that runs ONNX sessions one call after the other. The thread starts with the first session and
 * ends with the last; it keeps the process alive only while a call is under way. Should it die, the calls under way
 * fail with `ENGINE_FAILED`, and the next call starts another.
 */
export class Lane {
  readonly #pending = new Map<number, Pending>();
  readonly #sessions = new Set<LaneSession>();
  #worker: Worker | null = null;
  #nextId = 0;

  /** Calls not yet answered. */
  get load(): number {
    return this.#pending.size;
  }

  /** Loads a model, of which it keeps the bytes. */
  async open(model: Uint8Array): Promise<LaneSession> {
    const session = new LaneSession(this, model);
    this.#sessions.add(session);
    try {
      await session.load();
      return session;
    } catch (error) {
      await this.close(session);
      throw error;
    }
  }

  async close(session: LaneSession): Promise<void> {
    if (!this.#sessions.delete(session)) return;
    if (this.#sessions.size > 0) {
      await session.unload();
      return;
    }
    const ending = this.#worker;
    this.#worker = null;
    await ending?.terminate();
  }

  /** The running thread, started when there is none. */
  worker(): Worker {
    if (this.#worker !== null) return this.#worker;
    const started = new Worker(worker);
    started.unref();
    started.on('message', (answer: LaneAnswer) => this.#settle(answer));
    started.on('error', (error) => this.#died(started, error));
    started.on('exit', () => this.#died(started, null));
    this.#worker = started;
    return started;
  }

  newId(): number {
    return this.#nextId++;
  }

  call(body: Body<LaneRequest>, gifts: readonly ArrayBuffer[] = []): Promise<LaneOutputs> {
    const thread = this.worker();
    const call = this.newId();
    return new Promise((resolve, reject) => {
      this.#pending.set(call, { resolve, reject });
      if (this.#pending.size === 1) thread.ref();
      thread.postMessage({ ...body, call }, gifts);
    });
  }

  #settle(answer: LaneAnswer): void {
    const pending = this.#pending.get(answer.call);
    this.#pending.delete(answer.call);
    if (this.#pending.size === 0) this.#worker?.unref();
    if (answer.kind === 'done') pending?.resolve(answer.outputs);
    else pending?.reject(failed(answer.message));
  }

  #died(thread: Worker, error: Error | null): void {
    if (this.#worker !== thread) return;
    this.#worker = null;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(failed('its thread ended', error));
  }
}

/** One model in a lane. */
export class LaneSession {
  readonly #lane: Lane;
  readonly #model: Uint8Array;
  #loadedIn: Worker | null = null;
  #id = -1;

  constructor(lane: Lane, model: Uint8Array) {
    this.#lane = lane;
    this.#model = model;
  }

  async load(): Promise<void> {
    this.#loadedIn = this.#lane.worker();
    this.#id = this.#lane.newId();
    await this.#lane.call({ kind: 'load', session: this.#id, model: this.#model });
  }

  /** Runs the model once; rejects with `ENGINE_FAILED`. */
  async run(feeds: Readonly<Record<string, Feed>>): Promise<LaneOutputs> {
    if (this.#loadedIn !== this.#lane.worker()) await this.load();
    const gifts = Object.values(feeds).flatMap(({ give, data }) =>
      give ? [data.buffer as ArrayBuffer] : [],
    );
    return this.#lane.call({ kind: 'run', session: this.#id, feeds }, gifts);
  }

  async unload(): Promise<void> {
    if (this.#loadedIn !== this.#lane.worker()) return;
    await this.#lane.call({ kind: 'release', session: this.#id });
  }

  /** Idempotent; call it when no run is under way. */
  close(): Promise<void> {
    return this.#lane.close(this);
  }
}

function failed(detail: string, cause: unknown = null): ForewarnError {
  return new ForewarnError('ENGINE_FAILED', `ONNX Runtime failed: ${detail}.`, {
    retryable: true,
    ...(cause === null ? {} : { cause }),
  });
}
