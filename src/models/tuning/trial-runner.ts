import { ForewarnError, messageOf } from '../../errors.ts';
import type { Clock } from '../../types.ts';
import type { Engine } from '../engine.ts';
import type { Model } from '../model.ts';
import type { EpisodeRule } from '../retraining/episode-counter.ts';
import { splitForJudging } from '../retraining/judge-split.ts';
import { createJudge } from '../retraining/judgement.ts';
import type { TrainingOrder } from '../trainer.ts';
import type { AssetRows } from '../training-set.ts';
import type { TunedSettings } from './search-space.ts';
import type { Trial } from './trial.ts';

export interface TrialRunnerOptions {
  /** The class's own; each trial changes its settings. */
  readonly order: Omit<TrainingOrder, 'assets' | 'number'>;
  readonly rule: EpisodeRule;
  readonly assets: readonly AssetRows[];
  readonly engine: Engine;
  readonly clock: Clock;
  train(order: TrainingOrder, signal: AbortSignal): Promise<Model>;
}

/** Share of the rows, the latest, that no trial is trained on. */
export const judgedShare = 0.3;
/** Of those, the share that the search does not look at. */
export const finalShare = 0.5;

/** What `attempt` of a tuner is: trains on the older rows and judges on the two later parts. */
export function createTrialRunner(options: TrialRunnerOptions) {
  const { order, rule, engine, clock } = options;
  const { train, judge } = splitForJudging(options.assets, judgedShare, Number.NEGATIVE_INFINITY);
  const parts = splitForJudging(judge, finalShare, Number.NEGATIVE_INFINITY);

  return async (settings: TunedSettings, signal: AbortSignal): Promise<Trial> => {
    const startedAt = clock();
    const seconds = () => (clock() - startedAt) / 1000;
    const changed = { ...order, ...settings };
    try {
      const model = await options.train({ ...changed, student: 0, number: 1, assets: train }, signal);
      const judgeOf = createJudge(engine, {
        ...changed,
        channels: order.channels.length,
        rule,
        faultWindow: order.windowLength,
      });
      const search = await judgeOf(model, parts.train);
      const final = await judgeOf(model, parts.judge);
      return { settings, search, final, failure: null, seconds: seconds() };
    } catch (error) {
      // One that cannot be trained, for want of rows or of memory, must not end the search for the others.
      if (!(error instanceof ForewarnError) || error.code === 'TRAINING_ABORTED') throw error;
      return { settings, search: null, final: null, failure: messageOf(error), seconds: seconds() };
    }
  };
}
