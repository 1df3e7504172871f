import type { SourceKind } from './decision/detector.ts';
import type { Model } from './model.ts';
import { recalibrated } from './recalibrated.ts';

/**
 * The model as it judges with some of its sources alone, at least one of which it has: what a source is worth by itself. Each
 * detector has its own threshold, so those that stay are as they were.
 */
export function onlySources(model: Model, kinds: readonly SourceKind[]): Model {
  const { detectors, assets = {} } = model.calibration;
  const stays = detectors.map(({ source }) => kinds.includes(source));
  const calibration = {
    detectors: detectors.filter((_, i) => stays[i]),
    assets: Object.fromEntries(
      Object.entries(assets).map(([id, parts]) => [id, parts.filter((_, i) => stays[i])]),
    ),
  };
  const linear = model.linear.filter(({ kind }) => kinds.includes(kind));
  return recalibrated(model, { calibration, linear }, model.card);
}
