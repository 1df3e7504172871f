import { Worker } from 'node:worker_threads';
import { ForewarnError } from '../../../errors.ts';
import type { LaneAnswer, LaneRequest, LaneResult } from './lane-protocol.ts';
import { createRunGate, dropRunGate } from './run-gate.ts';

// From source (tests) as from dist, the thread runs the built file: Node 20 starts no TypeScript.
const program = new URL(
  import.meta.url.endsWith('.ts') ? '../../../../dist/models/engine/onnx/lane-worker.js' : './lane-worker.js',
  import.meta.url,
);

/** Sessions are numbered from 0. */
const NO_SESSION = -1;

interface Pending {
  resolve(result: LaneResult): void;
  reject(error: ForewarnError): void;
}

type WithoutCall<Request> = Request extends LaneRequest ? Omit<Request, 'call'> : never;

/** A running worker thread and the calls that it owes an answer. It keeps the process alive only while it owes one. */
export class LaneThread {
  readonly #worker: Worker;
  readonly #gate = createRunGate();
  readonly #pending = new Map<number, Pending>();
  #calls = 0;
  #ending = false;
  #ended = false;

  constructor() {
    this.#worker = new Worker(program, { workerData: this.#gate, execArgv: [] });
    this.#worker.unref();
    this.#worker.on('message', (answer: LaneAnswer) => this.#settle(answer));
    this.#worker.on('error', (error) => this.#abandon(error));
    this.#worker.on('exit', () => this.#abandon(null));
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Calls not yet answered. */
  get owed(): number {
    return this.#pending.size;
  }

  /** Rejects with `ENGINE_FAILED` when the runtime refuses or the thread ends first. `gifts` are emptied here. */
  call(request: WithoutCall<LaneRequest>, gifts: readonly ArrayBuffer[] = []): Promise<LaneResult> {
    if (this.#ended) return Promise.reject(failed('its thread has ended', null));
    const call = this.#calls++;
    return new Promise((resolve, reject) => {
      this.#pending.set(call, { resolve, reject });
      if (this.#pending.size === 1) this.#worker.ref();
      this.#worker.postMessage({ ...request, call }, gifts);
    });
  }

  /** Ends the thread when it has answered everything. */
  async end(): Promise<void> {
    // A thread that is ended while it is inside the runtime aborts the whole process; requests are answered in order,
    // so after this one it is outside.
    await this.call({ kind: 'release', session: NO_SESSION }).catch(() => {});
    // A process with nothing else to do would end before the thread has, and say that something was left undone.
    this.#ending = true;
    this.#worker.ref();
    await this.#worker.terminate();
  }

  #settle(answer: LaneAnswer): void {
    const pending = this.#pending.get(answer.call);
    this.#pending.delete(answer.call);
    if (this.#pending.size === 0 && !this.#ending) this.#worker.unref();
    if (answer.kind === 'done') pending?.resolve(answer.result);
    else pending?.reject(failed(answer.message, null));
  }

  #abandon(error: Error | null): void {
    this.#ended = true;
    dropRunGate(this.#gate);
    const abandoned = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of abandoned) reject(failed(error?.message ?? 'its thread ended', error));
  }
}

function failed(detail: string, cause: Error | null): ForewarnError {
  return new ForewarnError('ENGINE_FAILED', `ONNX Runtime failed: ${detail}.`, {
    retryable: true,
    ...(cause === null ? {} : { cause }),
  });
}
