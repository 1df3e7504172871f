import type { Calibration } from './decision/calibration.ts';
import type { Scaling, Weights } from './engine.ts';
import type { NetworkSpec } from './spec.ts';

/** What people and later decisions need to know of a model version; plain JSON. Times are epoch ms. */
export interface ModelCard {
  /** `CLASS-NUMBER-HASH`, such as `pump-3-1f9a02bc`. */
  readonly id: string;
  readonly className: string;
  readonly number: number;
  /** SHA-256 over network, scaling, calibration and weights: same data and same seed give the same hash. */
  readonly hash: string;
  readonly createdAt: number;
  /** Version of Forewarn that trained it. */
  readonly codeVersion: string;
  readonly channels: readonly string[];
  readonly sampleEveryMs: number;
  readonly spec: NetworkSpec;
  readonly data: {
    readonly assets: readonly string[];
    readonly rows: number;
    readonly fitWindows: number;
    readonly heldOutWindows: number;
    readonly fromAt: number;
    readonly toAt: number;
  };
  readonly training: {
    readonly seed: number;
    readonly steps: number;
    /** The step whose weights were kept: the lowest held-out loss. */
    readonly bestStep: number;
    /** Mean squared error in scaled units, at each look. */
    readonly fitLoss: readonly number[];
    readonly heldOutLoss: readonly number[];
    readonly seconds: number;
    readonly engine: string;
  };
  readonly threshold: {
    /** Value of the statistic that is score 1.0. */
    readonly value: number;
    readonly quantile: number;
    readonly margin: number;
    readonly smoothing: number;
    /** Share of the windows held out from fitting with a score of 1.0 or more. */
    readonly heldOutExceeded: number;
  };
}

/** An immutable model version: everything that scoring needs. */
export interface Model {
  readonly card: ModelCard;
  readonly weights: Weights;
  readonly scaling: Scaling;
  readonly calibration: Calibration;
}
