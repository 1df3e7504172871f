import { ForewarnError } from '../../../errors.ts';
import type {
  Engine,
  ScoringOptions,
  ScoringSession,
  TrainingOptions,
  TrainingSession,
} from '../../engine.ts';
import { checkWeights } from '../../spec.ts';
import { flattenWeights, parameterCount, unflattenWeights } from './flat-weights.ts';
import type { TensorFlowMemory, TensorFlowRuntime, TrainingBatch } from './protocol.ts';
import { startWorker, type TensorFlowOptions, type WorkerClient } from './worker-client.ts';

/** The engine on TensorFlow's Node binding, in a worker thread of its own. */
export interface TensorFlowEngine extends Engine {
  readonly kind: 'tensorflow';
  readonly runtime: TensorFlowRuntime;
  memory(): Promise<TensorFlowMemory>;
  /** Ends the thread at once and frees all it held; calls in flight reject with `ENGINE_FAILED`. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts TensorFlow. Rejects with `ENGINE_UNAVAILABLE` when no binding is installed or none loads. When its thread
 * dies later, calls reject with `ENGINE_FAILED` (retryable): on another engine, or on a new one of this kind.
 */
export async function startTensorFlowEngine(options: TensorFlowOptions = {}): Promise<TensorFlowEngine> {
  const client = await startWorker(options);
  let sessions = 0;
  return {
    kind: 'tensorflow',
    runtime: client.runtime,
    async createScoring(model) {
      checkWeights(model.spec, model.weights);
      sessions += 1;
      return createScoringSession(client, sessions, model);
    },
    async createTraining(training) {
      checkWeights(training.spec, training.weights);
      sessions += 1;
      return createTrainingSession(client, sessions, training);
    },
    memory: () => client.call('memory', {}),
    stop: () => client.terminate(),
  };
}

/**
 * Which TensorFlow this machine has and whether it sees a GPU; null with the reason when there is none. Loads it in a
 * thread and ends that thread again, which takes a second or two.
 */
export async function detectTensorFlow(
  options: TensorFlowOptions = {},
): Promise<{ readonly runtime: TensorFlowRuntime } | { readonly runtime: null; readonly reason: string }> {
  try {
    const client = await startWorker(options);
    await client.terminate();
    return { runtime: client.runtime };
  } catch (error) {
    if (error instanceof ForewarnError) return { runtime: null, reason: error.message };
    throw error;
  }
}

async function createScoringSession(
  client: WorkerClient,
  session: number,
  model: ScoringOptions,
): Promise<ScoringSession> {
  const { spec, weights, scaling } = model;
  const flat = new Float32Array(parameterCount(spec));
  flattenWeights(spec, weights, flat);
  const { center, scale, clip } = scaling;
  await client.call('create_scoring', { session, spec, weights: flat, center, scale, clip }, [flat.buffer]);
  const values = spec.window * spec.channels;
  const lifetime = createLifetime(client, session);
  return {
    async score(windows, batch) {
      lifetime.check();
      if (batch === 0) return { lastResidual: new Float32Array(0), squaredError: new Float32Array(0) };
      const copy = copyOf(windows, batch * values);
      return client.call('score', { session, windows: copy, batch }, [copy.buffer]);
    },
    async reconstruct(windows, batch) {
      lifetime.check();
      if (batch === 0) return new Float32Array(0);
      const copy = copyOf(windows, batch * values);
      return client.call('reconstruct', { session, windows: copy, batch }, [copy.buffer]);
    },
    dispose: () => lifetime.dispose(),
  };
}

async function createTrainingSession(
  client: WorkerClient,
  session: number,
  options: TrainingOptions,
): Promise<TrainingSession> {
  const { spec, clipNorm, weightDecay } = options;
  // The worker writes the weights here after every step, so that they can be read without asking it.
  const count = parameterCount(spec);
  const shared = new Float32Array(new SharedArrayBuffer(count * Float32Array.BYTES_PER_ELEMENT));
  flattenWeights(spec, options.weights, shared);
  await client.call('create_training', { session, spec, shared, clipNorm, weightDecay });
  const lifetime = createLifetime(client, session);
  const copied = (
    input: Float32Array,
    target: Float32Array,
    batch: number,
  ): [TrainingBatch, ArrayBuffer[]] => {
    const values = batch * spec.window * spec.channels;
    const first = copyOf(input, values);
    if (input === target) return [{ session, input: first, target: null, batch }, [first.buffer]];
    const second = copyOf(target, values);
    return [{ session, input: first, target: second, batch }, [first.buffer, second.buffer]];
  };
  return {
    async step(input, target, batch, learningRate) {
      lifetime.check();
      const [call, buffers] = copied(input, target, batch);
      return client.call('step', { ...call, learningRate }, buffers);
    },
    async loss(input, target, batch) {
      lifetime.check();
      if (batch === 0) return 0;
      const [call, buffers] = copied(input, target, batch);
      return client.call('loss', call, buffers);
    },
    async gradients(input, target, batch) {
      lifetime.check();
      const [call, buffers] = copied(input, target, batch);
      const { loss, gradients } = await client.call('gradients', call, buffers);
      return { loss, gradients: unflattenWeights(spec, gradients) };
    },
    weights() {
      lifetime.check();
      return unflattenWeights(spec, shared);
    },
    dispose: () => lifetime.dispose(),
  };
}

/** `dispose` of a session and the refusal of calls after it. The worker answers in order, so calls in flight finish. */
function createLifetime(client: WorkerClient, session: number): { check(): void; dispose(): Promise<void> } {
  let disposal: Promise<void> | null = null;
  return {
    check() {
      if (disposal === null) return;
      throw new ForewarnError('ENGINE_DISPOSED', 'The session was used after it had been disposed of.');
    },
    dispose() {
      // A dead thread holds nothing that could be freed.
      disposal ??= client.call('dispose', { session }).then(
        () => undefined,
        () => undefined,
      );
      return disposal;
    },
  };
}

/** The first `length` values in memory of their own, which can then move to the worker. */
function copyOf(values: Float32Array, length: number): Float32Array<ArrayBuffer> {
  return new Float32Array(values.subarray(0, length));
}
