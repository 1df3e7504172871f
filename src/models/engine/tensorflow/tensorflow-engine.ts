import { ForewarnError } from '../../../errors.ts';
import type { Engine } from '../../engine.ts';
import { checkScaling, checkWeights, type LstmAutoencoderSpec, type NetworkSpec } from '../../spec.ts';
import { startLanes } from './lanes.ts';
import type { TensorFlowMemory, TensorFlowRuntime } from './protocol.ts';
import { createTensorFlowScoring } from './tensorflow-scoring.ts';
import { createTensorFlowTraining } from './tensorflow-training.ts';
import { startWorker, type TensorFlowOptions } from './worker-client.ts';

/** The engine on TensorFlow's Node binding, in worker threads of its own; of LSTM autoencoders only. */
export interface TensorFlowEngine extends Engine {
  readonly kind: 'tensorflow';
  readonly runtime: TensorFlowRuntime;
  /** Of each thread. */
  memory(): Promise<readonly TensorFlowMemory[]>;
  /** Ends the threads at once and frees all they held; calls in flight reject with `ENGINE_FAILED`. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts TensorFlow. Rejects with `ENGINE_UNAVAILABLE` when no binding is installed or none loads. When a thread dies
 * later, calls reject with `ENGINE_FAILED` (retryable): on another engine, or on a new one of this kind.
 */
export async function startTensorFlowEngine(options: TensorFlowOptions = {}): Promise<TensorFlowEngine> {
  const lanes = await startLanes(options);
  let sessions = 0;
  return {
    kind: 'tensorflow',
    runtime: lanes[0].runtime,
    async createScoring(model) {
      checkWeights(model.spec, model.weights);
      checkScaling(model.spec, model.scaling);
      const spec = supported(model.spec);
      sessions += 1;
      return createTensorFlowScoring(lanes, sessions, { ...model, spec });
    },
    async createTraining(training) {
      checkWeights(training.spec, training.weights);
      const spec = supported(training.spec);
      sessions += 1;
      return createTensorFlowTraining(lanes, sessions, { ...training, spec });
    },
    memory: () => Promise.all(lanes.map((lane) => lane.call('memory', {}))),
    async stop() {
      await Promise.all(lanes.map((lane) => lane.terminate()));
    },
  };
}

function supported(spec: NetworkSpec): LstmAutoencoderSpec {
  if (spec.kind === 'lstm_autoencoder') return spec;
  throw new ForewarnError('ENGINE_UNSUPPORTED', `TensorFlow does not run networks of kind ${spec.kind}.`);
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
