import { fileURLToPath } from 'node:url';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import { ForewarnError, messageOf } from '../../../errors.ts';
import type { Arguments, CallName, Reply, Request, Result, TensorFlowRuntime } from './protocol.ts';

export interface TensorFlowOptions {
  /** The folder that `npm run tensorflow:link` filled; the project's `.cache/tensorflow` when left out. */
  readonly linked?: string;
  /** Threads with a TensorFlow each; when left out, one with a GPU and otherwise one a core, at most 8. */
  readonly lanes?: number;
}

/** The engine's side of the worker thread. The thread keeps the process alive only while a call is in flight. */
export interface WorkerClient {
  readonly runtime: TensorFlowRuntime;
  /** Calls that wait for their answer. */
  readonly inFlight: number;
  /**
   * Calls are answered in their order. `transfer` names buffers of `call` to move instead of copying. Rejects with
   * `ENGINE_FAILED` (retryable) when TensorFlow refused or the thread has died; after its death every call does.
   */
  call<Name extends CallName>(
    name: Name,
    call: Arguments<Name>,
    transfer?: readonly ArrayBuffer[],
  ): Promise<Result<Name>>;
  /** Ends the thread at once; calls in flight reject as at its death. Idempotent. */
  terminate(): Promise<void>;
}

interface Waiting {
  resolve(result: never): void;
  reject(error: ForewarnError): void;
}

/** Compiled files only: Node 20 starts no TypeScript in a worker, so from source (tests) the build's file is used. */
const workerFile = import.meta.url.endsWith('.ts')
  ? new URL('../../../../dist/models/engine/tensorflow/worker.js', import.meta.url)
  : new URL('./worker.js', import.meta.url);

const defaultLinked = fileURLToPath(new URL('../../../../.cache/tensorflow', import.meta.url));

/** The threads of this process, which share the library and its faults. */
const alive = new Set<Worker>();

/** Starts the thread and loads TensorFlow in it; rejects with `ENGINE_UNAVAILABLE` and the reason if that fails. */
export function startWorker(options: TensorFlowOptions = {}): Promise<WorkerClient> {
  const worker = new Worker(workerFile, {
    workerData: { linked: options.linked ?? defaultLinked },
    // TensorFlow's native code reads the settings that `load.ts` makes from the process's own environment.
    env: SHARE_ENV,
  });
  const waiting = new Map<number, Waiting>();
  let death: ForewarnError | null = null;
  let ending = false;
  let lastId = 0;

  const settle = (id: number, act: (call: Waiting) => void): void => {
    const call = waiting.get(id);
    if (call === undefined) return;
    waiting.delete(id);
    if (waiting.size === 0 && !ending) worker.unref();
    act(call);
  };
  const die = (reason: string, cause?: unknown): void => {
    death ??= failed(`its thread has ended: ${reason}`, cause);
    for (const id of [...waiting.keys()]) settle(id, (call) => call.reject(death as ForewarnError));
  };
  const clientOf = (runtime: TensorFlowRuntime): WorkerClient => ({
    runtime,
    get inFlight() {
      return waiting.size;
    },
    call(name, call, transfer = []) {
      if (death !== null) return Promise.reject(death);
      lastId += 1;
      const request: Request = { id: lastId, name, arguments: call };
      return new Promise((resolve, reject) => {
        waiting.set(request.id, { resolve, reject });
        worker.ref();
        worker.postMessage(request, transfer);
      });
    },
    async terminate() {
      // A process with nothing else to do would end before the thread has, and say that something was left undone.
      ending = true;
      worker.ref();
      await worker.terminate();
      die('it was told to');
    },
  });

  alive.add(worker);
  return new Promise((resolve, reject) => {
    worker.on('message', (reply: Reply) => {
      switch (reply.kind) {
        case 'started':
          if (alive.size > 1 && !reply.runtime.threadSafe) {
            void worker.terminate();
            return reject(unavailable('this build of it runs in one thread of a process only'));
          }
          worker.unref();
          return resolve(clientOf(reply.runtime));
        case 'unavailable':
          return reject(unavailable(reply.reason));
        case 'result':
          return settle(reply.id, (call) => call.resolve(reply.result as never));
        case 'error':
          return settle(reply.id, (call) => call.reject(failed(reply.message)));
      }
    });
    // Once it has started the rejections are without effect, and the calls in flight are what must hear of the end.
    worker.on('error', (error) => {
      reject(unavailable(messageOf(error), error));
      die(messageOf(error), error);
    });
    worker.on('exit', (code) => {
      alive.delete(worker);
      reject(unavailable(`its thread ended with code ${code}`));
      die(`exit code ${code}`);
    });
  });
}

function unavailable(reason: string, cause?: unknown): ForewarnError {
  return new ForewarnError('ENGINE_UNAVAILABLE', `TensorFlow is not available: ${reason}.`, {
    hint: 'Nothing needs it: the CPU engine is always there. docs/gpu.md says how to install it.',
    cause,
  });
}

function failed(reason: string, cause?: unknown): ForewarnError {
  return new ForewarnError('ENGINE_FAILED', `TensorFlow failed: ${reason}`, { retryable: true, cause });
}
