import type { BudgetCard } from './decision/budget-level.ts';
import type { Calibration, DetectorKind, SourceKind } from './decision/detector.ts';
import type { Scaling, Weights } from './engine.ts';
import type { LinearSource } from './sources/linear-source.ts';
import type { NetworkSpec } from './spec.ts';
import type { StartReason } from './warm-start.ts';

/** What people and later decisions need to know of a model version; plain JSON. Times are epoch ms. */
export interface ModelCard {
  /** `CLASS-NUMBER-HASH`, such as `pump-3-1f9a02bc`. */
  readonly id: string;
  readonly className: string;
  readonly number: number;
  /** SHA-256 over network, scaling, sources, calibration and weights: same data and same seed give the same hash. */
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
    /** The version whose weights it started from; null for random ones, absent in a student's and in older cards. */
    readonly startedFrom?: string | null;
    readonly startReason?: StartReason;
  };
  readonly threshold: {
    /** What the score is made of, and each one's statistic that is score 1.0; null = too few windows, it scores 0. */
    readonly detectors: readonly {
      readonly source: SourceKind;
      readonly kind: DetectorKind;
      readonly value: number | null;
    }[];
    readonly quantile: number;
    readonly margin: number;
    readonly smoothing: number;
    /** What the budget of false alerts came to; null without one, absent in cards of older versions. */
    readonly budget?: BudgetCard | null;
    /** Share of the windows held out from fitting with a score of 1.0 or more. */
    readonly heldOutExceeded: number;
  };
  /** What a student is worth beside its teacher; null for a model that is none, absent in cards of older versions. */
  readonly student?: StudentCard | null;
}

/** A small copy of a model beside that model. Losses are lowest mean squared errors on held-out windows, scaled units. */
export interface StudentCard {
  /** Id of the model that it was made from. */
  readonly teacher: string;
  /** Hidden units of its encoder and of its decoder. */
  readonly hidden: number;
  /** Numbers in its network, and in its teacher's. */
  readonly parameters: number;
  readonly teacherParameters: number;
  readonly heldOutLoss: number;
  readonly teacherHeldOutLoss: number;
  /** Spearman's rank correlation of its network's scores and its teacher's on the held-out windows. */
  readonly scoreAgreement: number;
  /** Windows a second over its teacher's, on the machine and engine of the training. */
  readonly speedUp: number;
}

/** Everything that predicts what the channels should read. */
export interface Predictors {
  readonly spec: NetworkSpec;
  readonly weights: Weights;
  readonly scaling: Scaling;
  /** The sources beside the network. */
  readonly linear: readonly LinearSource[];
}

/** An immutable model version: everything that scoring needs. */
export interface Model {
  readonly card: ModelCard;
  readonly weights: Weights;
  readonly scaling: Scaling;
  readonly linear: readonly LinearSource[];
  readonly calibration: Calibration;
}

export function predictorsOf({ card, weights, scaling, linear }: Model): Predictors {
  return { spec: card.spec, weights, scaling, linear };
}
