import type { Calibration, Detector, SourceKind } from './detector.ts';
import type { DetectorPlan } from './detector-plan.ts';
import { driftWidening, fitResidualShape, type ResidualShape } from './residual-shape.ts';
import { smooth, squaredDistance } from './statistic.ts';
import { thresholdFrom } from './threshold.ts';

/** Consecutive normal windows of one asset. */
export interface ResidualRun {
  /** Signed residuals of the windows' last rows by source, `[n x C]`, scaled; NaN where the reading is missing. */
  readonly residuals: ReadonlyMap<SourceKind, Float32Array>;
  /** When each window was, as a share of its asset's training time: from 0 up to, not including, 1. */
  readonly position: Float32Array;
}

export interface CalibrationOptions {
  readonly channels: number;
  readonly plans: readonly DetectorPlan[];
  /** The threshold is this quantile of the statistics on later normal time ... */
  readonly quantile: number;
  /** ... taken this many times as far from the usual, with endless data; with little data further. */
  readonly margin: number;
}

const blocks = 5;
/** Smoothing begins at 0, so the first windows of a run say little about how far residuals go. */
const settlingWindows = 16;
/**
 * Fits all detectors on normal windows. Mean and covariance come from all of them; the threshold from windows judged by
 * what lay before them: time is cut into five blocks, and each but the first is judged by those before it, as a live
 * window is. Neighbouring windows are not independent, so this is what shows how far normal operation wanders on. With
 * no windows to judge, thresholds are infinite and every score 0.
 */
export function calibrate(runs: readonly ResidualRun[], options: CalibrationOptions): Calibration {
  return {
    detectors: options.plans.map((plan) => fitDetector(runs.map(smoothedRun(plan, options)), plan, options)),
  };
}

interface SmoothedRun {
  readonly rows: Float32Array;
  readonly position: Float32Array;
}

function smoothedRun({ source, smoothing }: DetectorPlan, { channels }: CalibrationOptions) {
  return ({ residuals, position }: ResidualRun): SmoothedRun => {
    const rows = residuals.get(source)!;
    const running = new Float32Array(channels);
    const smoothed = new Float32Array(rows.length);
    const when = new Float32Array(position.length);
    let count = 0;
    for (let at = 0; at < rows.length; at += channels) {
      const row = rows.subarray(at, at + channels);
      // A window that ends in a gap is not judged live either.
      if (row.every(Number.isNaN)) continue;
      smooth(running, row, smoothing);
      smoothed.set(running, count * channels);
      when[count++] = position[at / channels];
    }
    const skipped = Math.min(settlingWindows, Math.floor(count / 2));
    return {
      rows: smoothed.subarray(skipped * channels, count * channels),
      position: when.subarray(skipped, count),
    };
  };
}

function fitDetector(
  runs: readonly SmoothedRun[],
  plan: DetectorPlan,
  { channels, quantile, margin }: CalibrationOptions,
): Detector {
  const first = runs.reduce((least, { position }) => Math.min(least, position[0] ?? 1), 1);
  const parts = Array.from({ length: blocks }, (_, block) => partsOf(runs, channels, first, block));
  const widening =
    plan.kind === 'shift' ? driftWidening(parts.map(joined), channels) : new Float32Array(channels).fill(1);
  const later = parts.map((part, block) => {
    const before = parts.slice(0, block).flat();
    if (before.length === 0) return [];
    const shape = fitResidualShape(before, widening);
    return part.flatMap((rows) => distances(rows, shape, plan.energySmoothing));
  });
  const windows = runs.reduce((sum, { position }) => sum + position.length, 0);
  const { caution, want, ...detector } = plan;
  return {
    ...detector,
    ...fitResidualShape(parts.flat(), widening),
    threshold: thresholdFrom(later, { channels, quantile, margin: margin * caution, want, windows }),
  };
}

/**
 * The rows of each run that fall into a block of the time from `first` on; runs without any are left out. With few rows
 * the first window alone takes a good part of the time, in which there is nothing to cut.
 */
function partsOf(
  runs: readonly SmoothedRun[],
  channels: number,
  first: number,
  block: number,
): Float32Array[] {
  return runs.flatMap(({ rows, position }) => {
    const within = (at: number) => Math.floor(((position[at] - first) / (1 - first)) * blocks) === block;
    let from = 0;
    while (from < position.length && !within(from)) from++;
    let to = from;
    while (to < position.length && within(to)) to++;
    return from === to ? [] : [rows.subarray(from * channels, to * channels)];
  });
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** The statistic of each row `[n x C]` in order, as a decider would have it in the middle of its work. */
function distances(rows: Float32Array, shape: ResidualShape, energySmoothing: number): number[] {
  const channels = shape.mean.length;
  const weighted = new Float32Array(channels);
  const statistics: number[] = [];
  let energy = Number.NaN;
  for (let at = 0; at < rows.length; at += channels) {
    const square = squaredDistance(rows.subarray(at, at + channels), shape, weighted);
    energy = Number.isNaN(energy) ? square : energy + energySmoothing * (square - energy);
    statistics.push(Math.sqrt(energy));
  }
  return statistics;
}
