import { quantileOf } from '../scaling.ts';
import type { AssetPart } from './detector.ts';
import type { ResidualShape } from './residual-shape.ts';
import type { RunPart } from './smoothed-run.ts';
import { statisticsOf } from './statistic.ts';

/** The parts of one block of time, and how residuals lay before it; null where nothing lay before. */
export interface JudgedBlock {
  readonly parts: readonly RunPart[];
  readonly before: readonly RunPart[];
  readonly shape: ResidualShape | null;
}

export interface AssetPartOptions {
  readonly energySmoothing: number;
  readonly quantile: number;
  /** By run, the class's statistic of each window; those of assets with parts are replaced by their own. */
  readonly later: readonly Float32Array[];
}

/** An asset with fewer windows is judged as the class is. */
const fewestWindows = 200;
/** An asset with as many windows as this counts half for itself and half for the class. */
const halfWindows = 200;
/** What an asset may differ by; one that differs more has something that no calibration should hide. */
const bounds = { least: 0.5, most: 2 };

/**
 * What a detector makes of each asset with enough windows. Its mean residual is its own, and its statistic is taken times
 * what brings the quantile of its later time to the class's, so that every asset exceeds the threshold as often. Both are drawn to
 * the class's by n / (n + k) (the shrinkage of Efron and Morris 1975, with a fixed k). Empty for a class of one asset, which
 * is its own class.
 */
export function fitAssetParts(
  blocks: readonly JudgedBlock[],
  shape: ResidualShape,
  classStatistics: readonly number[],
  { energySmoothing, quantile, later }: AssetPartOptions,
): Map<string, AssetPart> {
  const all = byAsset(blocks.flatMap(({ parts }) => parts));
  const found = new Map<string, AssetPart>();
  if (all.size < 2 || classStatistics.length === 0) return found;
  const wanted = quantileOf(classStatistics, quantile);
  const past = blocks.map(({ before }) => byAsset(before));
  const present = blocks.map(({ parts }) => byAsset(parts));
  for (const [assetId, own] of all) {
    if (windowsIn(own) < fewestWindows) continue;
    const judged = blocks.flatMap(({ shape: then }, block) => {
      if (then === null) return [];
      const mean = ownMean(past[block].get(assetId) ?? [], then.mean);
      return (present[block].get(assetId) ?? []).map((part) => ({
        part,
        statistics: statisticsOf(part.rows, { ...then, mean }, energySmoothing),
      }));
    });
    const statistics = judged.flatMap((one) => one.statistics);
    if (statistics.length === 0) continue;
    const factor = ownFactor(wanted / quantileOf(statistics, quantile), statistics.length);
    for (const { part, statistics: values } of judged) {
      for (const [i, window] of part.windows.entries()) later[part.run][window] = factor * values[i];
    }
    found.set(assetId, { mean: ownMean(own, shape.mean), factor });
  }
  return found;
}

function ownFactor(factor: number, windows: number): number {
  if (!(factor > 0 && factor < Number.POSITIVE_INFINITY)) return 1;
  return Math.min(bounds.most, Math.max(bounds.least, factor ** shareOf(windows)));
}

function ownMean(parts: readonly RunPart[], ofClass: Float32Array): Float32Array {
  const channels = ofClass.length;
  const windows = windowsIn(parts);
  const sums = new Float64Array(channels);
  for (const { rows } of parts) for (let at = 0; at < rows.length; at++) sums[at % channels] += rows[at];
  const share = shareOf(windows);
  return ofClass.map((mean, i) => (windows === 0 ? mean : mean + share * (sums[i] / windows - mean)));
}

function shareOf(windows: number): number {
  return windows / (windows + halfWindows);
}

function windowsIn(parts: readonly RunPart[]): number {
  return parts.reduce((sum, { windows }) => sum + windows.length, 0);
}

function byAsset(parts: readonly RunPart[]): Map<string, RunPart[]> {
  const found = new Map<string, RunPart[]>();
  for (const part of parts) {
    const mine = found.get(part.assetId);
    if (mine === undefined) found.set(part.assetId, [part]);
    else mine.push(part);
  }
  return found;
}
