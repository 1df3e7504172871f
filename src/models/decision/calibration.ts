import { quantileOfSorted } from '../scaling.ts';
import { fitWhitening } from './whitening.ts';

/** How residuals of normal windows behave. Arrays have length C. */
export interface Calibration {
  /** Weight of the newest residual in the running mean, above 0 up to 1. */
  readonly smoothing: number;
  /** Mean and standard deviation of the smoothed residual, in scaled units. */
  readonly mean: Float32Array;
  readonly deviation: Float32Array;
  /** Inverse of the shrunk correlation of the standardised smoothed residuals, `[C x C]`. */
  readonly precision: Float32Array;
  /** The statistic (see {@link statistic}) that counts as score 1.0. */
  readonly threshold: number;
}

/** Consecutive normal windows of one asset. */
export interface ResidualRun {
  /** Signed residuals of the windows' last rows, `[n x C]`, scaled; NaN where the reading is missing. */
  readonly residuals: Float32Array;
  /** When each window was, as a share of its asset's training time: from 0 up to, not including, 1. */
  readonly position: Float32Array;
}

export interface CalibrationOptions {
  readonly smoothing: number;
  /** The threshold is this quantile of the out-of-block statistics ... */
  readonly quantile: number;
  /** ... times this. */
  readonly margin: number;
}

/**
 * Smallest standard deviation of a smoothed residual, in scaled units (the signal's own is about 1). Without it a
 * channel that the network reproduces almost exactly, or that hardly ever moves, would alarm at the first flutter.
 */
const smallestDeviation = 0.05;
const blocks = 5;

/**
 * Fits mean, deviation and correlation on all runs, and the threshold on out-of-block statistics: the time is cut into
 * five blocks, and each block is judged by what the other four are like. Neighbouring windows are not independent, so
 * this is what shows how far normal operation wanders from one part of the data to the next. The quantile counts as at
 * least one channel alone at one of its deviations, so that a class in which nothing moves has a threshold above 0.
 * With no residuals at all the threshold is infinite and every score 0.
 */
export function calibrate(
  runs: readonly ResidualRun[],
  channels: number,
  options: CalibrationOptions,
): Calibration {
  const smoothed = runs.map((run) => smoothRun(run.residuals, channels, options.smoothing));
  const parts = Array.from({ length: blocks }, (_, block) => rowsOf(runs, smoothed, channels, block));
  const statistics = parts.flatMap((part, block) => {
    const others = fitShape(
      parts.filter((_, other) => other !== block),
      channels,
    );
    return statisticsOf(part, others, channels);
  });
  const sorted = Float64Array.from(statistics).sort();
  const bound =
    sorted.length === 0
      ? Number.POSITIVE_INFINITY
      : Math.max(quantileOfSorted(sorted, options.quantile), 1 / Math.sqrt(channels));
  return {
    smoothing: options.smoothing,
    ...fitShape(parts, channels),
    threshold: bound * options.margin,
  };
}

type Shape = Pick<Calibration, 'mean' | 'deviation' | 'precision'>;

/** The smoothed residuals that fall into a block of time, rows one after the other. */
function rowsOf(
  runs: readonly ResidualRun[],
  smoothed: readonly Float32Array[],
  channels: number,
  block: number,
): Float32Array {
  const rows: number[] = [];
  for (const [i, { position }] of runs.entries()) {
    for (let row = 0; row < position.length; row++) {
      if (Math.floor(position[row] * blocks) !== block) continue;
      for (let channel = 0; channel < channels; channel++) rows.push(smoothed[i][row * channels + channel]);
    }
  }
  return Float32Array.from(rows);
}

function fitShape(parts: readonly Float32Array[], channels: number): Shape {
  const { mean, deviation } = moments(parts, channels);
  const standardised = parts.map((part) => standardise(part, mean, deviation));
  return { mean, deviation, precision: fitWhitening(standardised, channels).precision };
}

function statisticsOf(part: Float32Array, shape: Shape, channels: number): number[] {
  const standardised = standardise(part, shape.mean, shape.deviation);
  const weighted = new Float32Array(channels);
  const statistics: number[] = [];
  for (let at = 0; at < standardised.length; at += channels) {
    statistics.push(statistic(standardised.subarray(at, at + channels), shape.precision, weighted));
  }
  return statistics;
}

function standardise(rows: Float32Array, mean: Float32Array, deviation: Float32Array): Float32Array {
  const channels = mean.length;
  return rows.map((value, i) => (value - mean[i % channels]) / deviation[i % channels]);
}

/**
 * One step of the running mean `m <- m + smoothing (r - m)` in place (Roberts 1959). Signed residuals are smoothed, not their
 * squares: noise cancels and a small lasting shift does not. NaN (a missing reading) leaves its channel as it is.
 */
export function smooth(running: Float32Array, residual: Float32Array, smoothing: number): void {
  for (let channel = 0; channel < running.length; channel++) {
    const value = residual[channel];
    if (Number.isNaN(value)) continue;
    running[channel] += smoothing * (value - running[channel]);
  }
}

/**
 * Mahalanobis distance of a standardised smoothed residual, over the square root of C: about 1 on normal windows.
 * Channels that err together when all is well count once. Leaves `precision * standardised` in `weighted`.
 */
export function statistic(
  standardised: Float32Array,
  precision: Float32Array,
  weighted: Float32Array,
): number {
  const channels = standardised.length;
  let sum = 0;
  for (let i = 0; i < channels; i++) {
    let product = 0;
    for (let j = 0; j < channels; j++) product += precision[i * channels + j] * standardised[j];
    weighted[i] = product;
    sum += standardised[i] * product;
  }
  return Math.sqrt(Math.max(0, sum) / channels);
}

function smoothRun(run: Float32Array, channels: number, smoothing: number): Float32Array {
  const running = new Float32Array(channels);
  const result = new Float32Array(run.length);
  for (let at = 0; at < run.length; at += channels) {
    smooth(running, run.subarray(at, at + channels), smoothing);
    result.set(running, at);
  }
  return result;
}

function moments(
  runs: readonly Float32Array[],
  channels: number,
): { mean: Float32Array; deviation: Float32Array } {
  const mean = new Float32Array(channels);
  const deviation = new Float32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    let count = 0;
    let sum = 0;
    let squares = 0;
    for (const run of runs) {
      for (let at = channel; at < run.length; at += channels) {
        count++;
        sum += run[at];
        squares += run[at] ** 2;
      }
    }
    const average = count === 0 ? 0 : sum / count;
    const variance = count === 0 ? 0 : Math.max(0, squares / count - average ** 2);
    mean[channel] = average;
    deviation[channel] = Math.max(Math.sqrt(variance), smallestDeviation);
  }
  return { mean, deviation };
}
