import type { AssetPart } from './detector.ts';
import { squaredDistance } from './statistic.ts';

export interface BaselineOptions {
  /** Time in which the baseline makes up for 63 % of a lasting difference, in ms of the asset's own time. */
  readonly timeMs: number;
  /** How far it goes from where the training put it, in thresholds: what is further is alerted however slowly it came. */
  readonly most: number;
}

/** By asset id, how far the baseline of each detector has moved; of each length C, scaled units. */
export type Baselines = ReadonlyMap<string, readonly Float32Array[]>;

/** What a detector knows of an asset: its usual residual, how residuals vary, and the statistic that counts as score 1.0. */
export interface Judge {
  readonly mean: AssetPart['mean'];
  /** `[C x C]` row-major. */
  readonly precision: Float32Array;
  readonly threshold: number;
}

/**
 * Moves `offset` (length C), which is added to the judge's mean, towards where the smoothed residual `running` is after
 * `sinceMs`, by exponential forgetting; not beyond the bound, at which it is drawn back along the line to the mean. To be
 * called on normal windows only. In place; `scratch` (length C) is written over.
 */
export function moveBaseline(
  offset: Float32Array,
  running: Float32Array,
  judge: Judge,
  { timeMs, most }: BaselineOptions,
  sinceMs: number,
  scratch: Float32Array,
): void {
  const weight = 1 - Math.exp(-sinceMs / timeMs);
  const { mean, threshold } = judge;
  // What the mean would become, whose distance from the mean is known as that of any residual.
  for (let c = 0; c < offset.length; c++) {
    const now = running[c] - mean[c];
    offset[c] += weight * (now - offset[c]) + mean[c];
  }
  const distance = Math.sqrt(squaredDistance(offset, judge, scratch)) / threshold;
  const kept = distance <= most ? 1 : most / distance;
  for (let c = 0; c < offset.length; c++) offset[c] = kept * (offset[c] - mean[c]);
}
