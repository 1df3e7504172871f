import type { LstmAutoencoderSpec } from '../../spec.ts';

/**
 * What travels between the engine and its worker thread, all of it cloneable. Weights travel as one flat array in the
 * order of `weightShapes`, with the gates in TensorFlow's order (`flat-weights.ts`). A session is a number that the
 * engine hands out, the same in all its workers. A worker answers every call once, in the order of the calls.
 */
export interface Calls {
  create_scoring: Call<
    {
      session: number;
      spec: LstmAutoencoderSpec;
      weights: Float32Array;
      center: Float32Array;
      scale: Float32Array;
      clip: number;
    },
    null
  >;
  create_training: Call<
    {
      session: number;
      spec: LstmAutoencoderSpec;
      /** The present weights: at first those from which training starts. */
      shared: Float32Array<SharedArrayBuffer>;
      /** Where each worker leaves its loss and, after it, its flat gradients. */
      places: readonly Float32Array<SharedArrayBuffer>[];
      /** This worker's place. */
      lane: number;
      clipNorm: number;
      weightDecay: number;
    },
    null
  >;
  /** `windows` and answer as in `ScoringSession.score`. */
  score: Call<
    { session: number; windows: Float32Array; batch: number },
    { lastResidual: Float32Array; squaredError: Float32Array }
  >;
  reconstruct: Call<{ session: number; windows: Float32Array; batch: number }, Float32Array>;
  step: Call<TrainingBatch & { learningRate: number }, number>;
  loss: Call<TrainingBatch, number>;
  /** The result is in the worker's place. */
  gradients: Call<TrainingBatch, null>;
  /** The rest of a step, from what is in the places; gives the loss. */
  update: Call<{ session: number; shares: readonly Share[]; learningRate: number }, number>;
  memory: Call<Record<never, never>, TensorFlowMemory>;
  dispose: Call<{ session: number }, null>;
}

interface Call<Arguments, Result> {
  readonly arguments: Arguments;
  readonly result: Result;
}

export interface TrainingBatch {
  session: number;
  input: Float32Array;
  /** Null when the target is the input. */
  target: Float32Array | null;
  batch: number;
}

/** What part of a batch a worker took. */
export interface Share {
  readonly lane: number;
  readonly share: number;
}

export type CallName = keyof Calls;
export type Arguments<Name extends CallName> = Calls[Name]['arguments'];
export type Result<Name extends CallName> = Calls[Name]['result'];

/** To the worker. */
export interface Request<Name extends CallName = CallName> {
  readonly id: number;
  readonly name: Name;
  readonly arguments: Arguments<Name>;
}

/** From the worker: one `started` or `unavailable` first, then an answer a request. */
export type Reply =
  | { readonly kind: 'started'; readonly runtime: TensorFlowRuntime }
  | { readonly kind: 'unavailable'; readonly reason: string }
  | { readonly kind: 'result'; readonly id: number; readonly result: Result<CallName> }
  | { readonly kind: 'error'; readonly id: number; readonly message: string };

/** Which TensorFlow a worker runs on. */
export interface TensorFlowRuntime {
  readonly package: '@tensorflow/tfjs-node-gpu' | '@tensorflow/tfjs-node';
  readonly packageVersion: string;
  readonly tensorflowVersion: string;
  /** True when TensorFlow sees a GPU; every op then runs there. */
  readonly gpu: boolean;
  /** False for the binding as npm installs it: two threads of the process that run ops at once crash. */
  readonly threadSafe: boolean;
}

/** Tensors alive in the worker; both stay level however long it runs. */
export interface TensorFlowMemory {
  /** Known to JavaScript. */
  readonly tensors: number;
  /** Held by the native library. */
  readonly nativeTensors: number;
}
