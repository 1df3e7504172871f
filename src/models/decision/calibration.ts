import { fitAssetParts, type JudgedBlock } from './asset-parts.ts';
import type { AssetPart, Calibration, Detector } from './detector.ts';
import type { DetectorPlan } from './detector-plan.ts';
import { driftWidening, fitResidualShape } from './residual-shape.ts';
import { cutIntoBlocks, type ResidualRun, type RunPart, smoothRun } from './smoothed-run.ts';
import { statisticsOf } from './statistic.ts';
import { thresholdFrom } from './threshold.ts';

export interface CalibrationOptions {
  readonly channels: number;
  readonly plans: readonly DetectorPlan[];
  /** The threshold is this quantile of the statistics on later normal time ... */
  readonly quantile: number;
  /** ... taken this many times as far from the usual, with endless data; with little data further. */
  readonly margin: number;
}

export interface Calibrated {
  readonly calibration: Calibration;
  /** By run, the score of each of its windows by what lay before it; NaN where there was nothing to judge it by. */
  readonly later: readonly Float32Array[];
}

/** One detector, what it makes of single assets, and by run the statistics that its threshold comes from, NaN for none. */
interface FittedDetector {
  readonly detector: Detector;
  readonly assets: ReadonlyMap<string, AssetPart>;
  readonly later: readonly Float32Array[];
}

/**
 * Fits all detectors on normal windows. Mean and covariance come from all of them; the threshold from windows judged by
 * what lay before them: time is cut into five blocks, and each but the first is judged by those before it, as a live
 * window is. Neighbouring windows are not independent, so this is what shows how far normal operation wanders on. With
 * no windows to judge, thresholds are infinite and every score 0.
 */
export function calibrate(runs: readonly ResidualRun[], options: CalibrationOptions): Calibrated {
  const fitted = options.plans.map((plan) => fitDetector(runs, plan, options));
  const ids = [...fitted[0].assets.keys()];
  return {
    calibration: {
      detectors: fitted.map(({ detector }) => detector),
      assets: Object.fromEntries(ids.map((id) => [id, fitted.map(({ assets }) => assets.get(id)!)])),
    },
    later: runs.map(({ position }, run) =>
      Float32Array.from(position, (_, window) => {
        // NaN of one detector is NaN of all: each is smoothed over the same windows.
        const scores = fitted.map(({ detector, later }) => later[run][window] / detector.threshold);
        return Math.max(...scores);
      }),
    ),
  };
}

function fitDetector(
  runs: readonly ResidualRun[],
  plan: DetectorPlan,
  { channels, quantile, margin }: CalibrationOptions,
): FittedDetector {
  const smoothed = runs.map((run) => smoothRun(run, plan, channels));
  const parts = cutIntoBlocks(smoothed, channels);
  const widening =
    plan.kind === 'shift' ? driftWidening(parts.map(rowsOf), channels) : new Float32Array(channels).fill(1);
  const blocks = parts.map((part, block): JudgedBlock => {
    const before = parts.slice(0, block).flat();
    const shape = before.length === 0 ? null : fitResidualShape(rowsOf(before), widening);
    return { parts: part, before, shape };
  });
  const later = runs.map(({ position }) => new Float32Array(position.length).fill(Number.NaN));
  const byBlock = blocks.map((block) =>
    block.parts.flatMap(({ run, rows, windows }) => {
      if (block.shape === null) return [];
      const statistics = statisticsOf(rows, block.shape, plan.energySmoothing);
      for (const [i, window] of windows.entries()) later[run][window] = statistics[i];
      return statistics;
    }),
  );
  const windows = smoothed.reduce((sum, { position }) => sum + position.length, 0);
  const { caution, want, ...detector } = plan;
  const shape = fitResidualShape(rowsOf(parts.flat()), widening);
  const threshold = thresholdFrom(byBlock, { channels, quantile, margin: margin * caution, want, windows });
  const assets = fitAssetParts(blocks, shape, byBlock.flat(), { ...plan, quantile, later });
  return { detector: { ...detector, ...shape, threshold }, assets, later };
}

function rowsOf(parts: readonly RunPart[]): Float32Array[] {
  return parts.map(({ rows }) => rows);
}
