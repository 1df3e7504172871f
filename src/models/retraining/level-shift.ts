import type { Clock } from '../../types.ts';
import { fewestLevelWindows, fitLevel, type Onset } from '../decision/level-fit.ts';
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
      readonly reason: 'too_few_windows' | 'still_moving' | 'came_slowly' | 'unsteady' | 'beyond_range';
      readonly sentence: string;
    };

/** The share of a channel's readings beyond what the network's input can show, from which the channel is blind there. */
const mostClipped = 0.1;

/** What an asset did. */
export interface LevelRows {
  /** Since it is where it is. */
  readonly since: AssetRows;
  /** When its alert began; null where a person says that it is normal, however it came about. */
  readonly onset: Onset<AssetRows> | null;
}

/**
 * Takes an asset's rows since a shift for its new normal operation. Weights, thresholds and what holds for every other asset
 * stay as they are, so that only this asset is judged differently. Rejects with the engine's errors.
 */
export async function acceptLevel(
  model: Model,
  { since, onset }: LevelRows,
  order: ScoreRowsOptions & { readonly number: number },
  { engine, clock }: { readonly engine: Engine; readonly clock: Clock },
): Promise<LevelDecision> {
  const { assetId } = since;
  const blind = clippedChannel(since, model.scaling);
  if (blind !== null)
    return {
      kind: 'refused',
      reason: 'beyond_range',
      sentence: `${model.card.channels[blind]} is further from what the model was trained on than it can see; only a training on these rows helps.`,
    };
  const residuals = (rows: AssetRows) =>
    normalResiduals({ ...order, assets: [rows] }, engine, predictorsOf(model));
  const began = onset && { before: await residuals(onset.before), after: await residuals(onset.after) };
  const fit = fitLevel(await residuals(since), assetId, model.calibration, began);
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
    case 'creeping':
      return {
        kind: 'refused',
        reason: 'came_slowly',
        sentence: `It had gone ${percent(fit.before)} of the way before the alert began and ${percent(fit.after)} soon after: so comes wear, and only a person can say that it is normal.`,
      };
    case 'unsteady':
      return {
        kind: 'refused',
        reason: 'unsteady',
        sentence: `${percent(fit.exceeding)} of ${fit.windows} windows would exceed the threshold about their own level as well.`,
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

function percent(share: number): string {
  return Number.isNaN(share) ? 'nobody knows how much' : `${Math.round(100 * share)} %`;
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
