import type { NetworkSpec } from './spec.ts';

/** One parameter of a network: row-major `data` of `shape`. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** All parameters of a network by the names of `weightShapes(spec)`. One format for every engine. */
export type Weights = Readonly<Record<string, NamedTensor>>;

/** From raw units to the network's: `(x - center) / scale`, clipped to `+-clip`; NaN (missing) becomes 0, the centre. */
export interface Scaling {
  /** Length C, raw units. */
  readonly center: Float32Array;
  /** Length C, raw units, each above 0. */
  readonly scale: Float32Array;
  /** In scaled units, above 0. */
  readonly clip: number;
}

export interface ScoringOptions {
  readonly spec: NetworkSpec;
  readonly weights: Weights;
  readonly scaling: Scaling;
}

export interface TrainingOptions {
  readonly spec: NetworkSpec;
  /** Where training starts; copied, never written. */
  readonly weights: Weights;
  /** Greatest global L2 norm of a step's gradients; larger ones are scaled down to it. Infinity clips nothing. */
  readonly clipNorm: number;
  /** Decoupled decay (AdamW): each step also takes `learningRate * weightDecay * weight` off. 0 gives Adam. */
  readonly weightDecay: number;
}

/**
 * Runs and trains networks. Every adapter gives equal outputs and gradients within float32 tolerance
 * (`test/models/engine/contract.ts`), and weights trained on one score on any other.
 *
 * Errors of all methods here and of the sessions are `ForewarnError`s: `MODEL_MALFORMED` (spec or weights do not
 * fit each other, never retryable), `ENGINE_UNSUPPORTED` (this adapter has no networks of that kind),
 * `ENGINE_DISPOSED` (used after `dispose`), `ENGINE_BUSY` (a training call before the last one settled) and
 * `ENGINE_FAILED` (the runtime refused or died, retryable).
 */
export interface Engine {
  readonly kind: 'onnx' | 'tensorflow';
  createScoring(model: ScoringOptions): Promise<ScoringSession>;
  createTraining(options: TrainingOptions): Promise<TrainingSession>;
}

/** What a batch of windows looks like to its model; both row-major `[B x C]` in scaled units. */
export interface Residuals {
  /** Measured minus predicted, signed, of each window's last row. */
  readonly lastResidual: Float32Array;
  /** Mean over the window's rows of the squared residual. */
  readonly squaredError: Float32Array;
}

/**
 * Scores batches with fixed weights. Calls may overlap: they run in parallel as far as the machine allows and each
 * resolves with its own batch. `windows` is read until the promise settles and may be a view; results belong to the
 * caller. A batch of 0 gives empty arrays.
 */
export interface ScoringSession {
  /** `windows`: raw units, row-major `[B x T x C]`, NaN where missing (becomes the centre). */
  score(windows: Float32Array, batch: number): Promise<Residuals>;
  /** The network's idea of the windows: `[B x T x C]` in raw units, oldest row first. */
  reconstruct(windows: Float32Array, batch: number): Promise<Float32Array>;
  /** Lets calls in flight finish, then frees everything. Idempotent. */
  dispose(): Promise<void>;
}

/**
 * Trains one set of weights by Adam (beta 0.9 and 0.999, epsilon 1e-7) on the mean squared error. Calls must not
 * overlap: await each. Same start and same calls give bit-identical weights on one machine.
 */
export interface TrainingSession {
  /**
   * One optimiser step on scaled windows `[B x T x C]`, B at least 1; `input` may be `target` plus noise.
   * Gives the loss before the update.
   */
  step(input: Float32Array, target: Float32Array, batch: number, learningRate: number): Promise<number>;
  /** The loss with the present weights; 0 for a batch of 0. */
  loss(input: Float32Array, target: Float32Array, batch: number): Promise<number>;
  /** Gradients of the loss before clipping, under the weights' names. For the contract suite. */
  gradients(
    input: Float32Array,
    target: Float32Array,
    batch: number,
  ): Promise<{ readonly loss: number; readonly gradients: Weights }>;
  /** A copy of the present weights. */
  weights(): Weights;
  /** Lets the call in flight finish, then frees everything. Idempotent. */
  dispose(): Promise<void>;
}
