import type { Clock } from '../../types.ts';
import { fewestLevelWindows, fitLevel } from '../decision/level-fit.ts';
import type { Engine, Scaling } from '../engine.ts';
import { type Model, predictorsOf } from '../model.ts';
import { normalResiduals } from '../normal-residuals.ts';
import { recalibrated } from '../recalibrated.ts';
import type { AssetRows } from '../training-set.ts';
import type { ScoreRowsOptions } from './score-rows.ts';

export type LevelDecision =
  | {
      readonly kind: 'accepted';
      /** The model with other values for this one asset. */
      readonly model: Model;
      readonly sentence: string;
    }
  | {
      readonly kind: 'refused';
      readonly reason: 'too_few_windows' | 'still_moving' | 'unsteady' | 'beyond_range';
      readonly sentence: string;
    };

/** The share of a channel's readings beyond what the network's input can show, from which the channel is blind there. */
const mostClipped = 0.1;

/**
 * Takes an asset's rows since a shift for its new normal operation. Weights, thresholds and what holds for every other asset
 * stay as they are, so that only this asset is judged differently. Rejects with the engine's errors.
 */
export async function acceptLevel(
  model: Model,
  rows: AssetRows,
  order: ScoreRowsOptions & { readonly number: number },
  { engine, clock }: { readonly engine: Engine; readonly clock: Clock },
): Promise<LevelDecision> {
  const { assetId } = rows;
  const blind = clippedChannel(rows, model.scaling);
  if (blind !== null)
    return {
      kind: 'refused',
      reason: 'beyond_range',
      sentence: `${model.card.channels[blind]} is further from what the model was trained on than it can see; only a training on these rows helps.`,
    };
  const runs = await normalResiduals({ ...order, assets: [rows] }, engine, predictorsOf(model));
  const fit = fitLevel(runs, assetId, model.calibration);
  switch (fit.kind) {
    case 'too_few':
      return {
        kind: 'refused',
        reason: 'too_few_windows',
        sentence: `Only ${fit.windows} windows have been at this level; ${fewestLevelWindows} are needed to know it.`,
      };
    case 'moving':
      return {
        kind: 'refused',
        reason: 'still_moving',
        sentence: `From the first to the second half of ${fit.windows} windows it went on by ${fit.by.toFixed(1)} thresholds: that is no level yet.`,
      };
    case 'unsteady':
      return {
        kind: 'refused',
        reason: 'unsteady',
        sentence: `${Math.round(100 * fit.exceeding)} % of ${fit.windows} windows would exceed the threshold about their own level as well.`,
      };
    case 'steady': {
      const assets = { ...model.calibration.assets, [assetId]: fit.parts };
      return {
        kind: 'accepted',
        model: recalibrated(
          model,
          { calibration: { ...model.calibration, assets } },
          { number: order.number, createdAt: clock() },
        ),
        sentence: `What ${assetId} has done in ${fit.windows} windows is its normal operation from now on.`,
      };
    }
  }
}

/** The first channel of which too many readings lie where scaling clips them; null when there is none. */
function clippedChannel(
  { values, measured, at }: AssetRows,
  { center, scale, clip }: Scaling,
): number | null {
  const channels = center.length;
  const clipped = new Float64Array(channels);
  for (let i = 0; i < values.length; i++) {
    const channel = i % channels;
    if (measured[i] === 1 && Math.abs(values[i] - center[channel]) >= clip * scale[channel])
      clipped[channel]++;
  }
  const found = clipped.findIndex((count) => count > mostClipped * at.length);
  return found < 0 ? null : found;
}
