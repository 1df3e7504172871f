import type { LinearSource } from '../sources/linear-source.ts';

/** What predicts the channels: the network, or one of the linear sources beside it. */
export type SourceKind = 'network' | LinearSource['kind'];

/**
 * `shift` looks at the running mean of the signed residual, in which noise cancels and a small lasting error does not.
 * `burst` looks at the running mean of the squared distance, in which errors of changing sign add up.
 */
export type DetectorKind = 'shift' | 'burst';

/** Turns the residuals of one source into one statistic, with its own threshold. */
export interface Detector {
  readonly source: SourceKind;
  readonly kind: DetectorKind;
  /** Weight of the newest residual in the running mean, above 0 up to 1; 1 takes the residual itself. */
  readonly smoothing: number;
  /** Weight of the newest squared statistic in its running mean; 1 takes the statistic itself. */
  readonly energySmoothing: number;
  /** Of the smoothed residual on normal windows, length C, scaled units. */
  readonly mean: Float32Array;
  /** Inverse of the smoothed residual's covariance, `[C x C]` row-major, symmetric, scaled units. */
  readonly precision: Float32Array;
  /** The statistic that counts as score 1.0. */
  readonly threshold: number;
}

/** What a detector makes of one asset that it was calibrated on, in the place of what holds for the class. */
export interface AssetPart {
  /** The detector's `mean`, of this asset. */
  readonly mean: Float32Array;
  /** Times the statistic, so that the asset exceeds the threshold as often as the class does. */
  readonly factor: number;
}

/** All detectors of a model; the score is the largest of theirs. */
export interface Calibration {
  readonly detectors: readonly Detector[];
  /**
   * By asset id, a part for each detector, in their order. An asset that is not among them, as one that came after the
   * training, is judged by the detectors as they are; absent where no asset has parts.
   */
  readonly assets?: Readonly<Record<string, readonly AssetPart[]>>;
}
