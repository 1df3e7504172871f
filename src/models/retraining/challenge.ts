import type { FitProgress } from '../fit.ts';
import type { Model } from '../model.ts';
import type { TrainingOrder } from '../trainer.ts';
import type { TrainedModels } from '../training-process.ts';
import { type AssetRows, windowStarts } from '../training-set.ts';
import { predecessorOf } from '../warm-start.ts';
import type { ConfirmedFault } from './confirmed-faults.ts';
import type { EpisodeRule } from './episode-counter.ts';
import { splitForJudging } from './judge-split.ts';
import type { Comparison, Judgements } from './judgement.ts';
import { decidePromotion, fewestWindows, type PromotionDecision } from './promotion.ts';
import type { TrainingGate } from './training-gate.ts';

/** What a training may learn from. */
export interface GatheredRows {
  readonly assets: readonly AssetRows[];
  /** Why there is no point in training on them; null when there is. */
  readonly refusal: string | null;
}

export interface RowRequest {
  /** Epoch ms, both included. */
  readonly from: number;
  readonly to: number;
  /** About so many rows. */
  readonly most: number;
  /** Whether rows of alerts count as normal as well: a person says so. */
  readonly withAlerted: boolean;
}

export interface RetrainSettings {
  readonly lookBackMs: number;
  readonly rows: number;
  /** Share of the rows, the latest, that models are compared on. */
  readonly judge: number;
  /** Whether a challenger starts from the champion's weights, where they fit. */
  readonly warmStart: boolean;
  readonly mode: 'automatic' | 'manual';
  /** 0 decides without live windows. */
  readonly shadowForMs: number;
}

export interface ChallengeOptions {
  readonly settings: RetrainSettings;
  readonly order: Omit<TrainingOrder, 'assets' | 'number'>;
  readonly rule: EpisodeRule;
  readonly gate: TrainingGate;
  /** The rows asked for, without what is no example of normal operation. */
  gather(request: RowRequest): Promise<GatheredRows>;
  /** Faults that operators confirmed in this time, epoch ms. */
  confirmedFaults(from: number, to: number): Promise<readonly ConfirmedFault[]>;
  train(
    order: TrainingOrder,
    onProgress: (progress: FitProgress) => void,
    signal: AbortSignal,
    comparison: Comparison,
  ): Promise<TrainedModels>;
}

export type Challenge =
  | { readonly kind: 'skipped'; readonly reason: string; readonly sentence: string }
  | {
      readonly kind: 'made';
      readonly model: Model;
      readonly student: Model | null;
      readonly decision: PromotionDecision;
      readonly judgements: Judgements;
    };

/**
 * Trains a challenger on the past and has it judged beside the champion on rows that neither was fitted on. Writes
 * nothing. Rejects with what gathering or training failed with.
 */
export async function challenge(
  options: ChallengeOptions,
  run: {
    readonly champion: Model;
    readonly number: number;
    readonly now: number;
    readonly withAlerted: boolean;
    readonly signal: AbortSignal;
    onTraining(rows: number): void;
    onProgress(progress: FitProgress): void;
  },
): Promise<Challenge> {
  const { settings, order, rule } = options;
  const { champion, now, withAlerted, signal } = run;
  const request = { from: now - settings.lookBackMs, to: now, most: settings.rows, withAlerted };
  const { assets, refusal } = await options.gather(request);
  if (refusal !== null) return { kind: 'skipped', reason: 'unfit_rows', sentence: refusal };
  const { train, judge } = splitForJudging(assets, settings.judge, champion.card.data.toAt);
  const cut = { ...order, channels: order.channels.length, length: order.windowLength };
  const windows = windowStarts(judge, cut, (rows) => [0, rows]).filter(({ row }) => row % order.stride === 0);
  if (windows.length < fewestWindows)
    return {
      kind: 'skipped',
      reason: 'too_few_windows',
      sentence: `Only ${windows.length} windows are new since the model in use was trained; ${fewestWindows} are needed to compare a challenger with it.`,
    };
  const faults = await options.confirmedFaults(request.from, now);
  const made = await options.gate(signal, () => {
    run.onTraining(train.reduce((sum, { at }) => sum + at.length, 0));
    const comparison = { champion, rows: judge, rule, faults };
    const start = settings.warmStart ? { start: predecessorOf(champion) } : {};
    const asked = { ...order, ...start, number: run.number, assets: train };
    return options.train(asked, run.onProgress, signal, comparison);
  });
  const { model, student, judgements } = made;
  if (judgements === null) throw new Error('the training made no comparison');
  const decision = decidePromotion(judgements.champion, judgements.challenger, {
    shadow: settings.shadowForMs > 0,
    labelled: judgements.labelled,
  });
  return { kind: 'made', model, student, decision, judgements };
}
