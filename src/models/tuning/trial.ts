import type { Judgement } from '../retraining/judgement.ts';
import { decidePromotion, type PromotionDecision } from '../retraining/promotion.ts';
import type { TunedSettings } from './search-space.ts';

/** One training with its judgements. Plain JSON. */
export interface Trial {
  readonly settings: TunedSettings;
  /** On the rows that settings are chosen by; null when it failed. */
  readonly search: Judgement | null;
  /** On later rows, which no choice is made by but the last; null when it failed. */
  readonly final: Judgement | null;
  readonly failure: string | null;
  readonly seconds: number;
}

export type JudgedTrial = Trial & { readonly search: Judgement; readonly final: Judgement };

/** A trial beside that of the class's own settings. */
export interface ComparedTrial {
  readonly trial: JudgedTrial;
  readonly decision: PromotionDecision;
}

export function isJudged(trial: Trial): trial is JudgedTrial {
  return trial.search !== null && trial.final !== null;
}

/** The rule by which a challenger takes a champion's place, but that it must be better beyond chance. */
export function decide(own: Judgement, other: Judgement): PromotionDecision {
  return decidePromotion(own, other, { shadow: false, labelled: null, gain: 'clear' });
}

/** Trials with the best first: what beats the own settings, then by faults found, alerts and error. Pure. */
export function rankTrials(own: JudgedTrial, others: readonly Trial[]): ComparedTrial[] {
  return others
    .filter(isJudged)
    .map((trial) => ({ trial, decision: decide(own.search, trial.search) }))
    .sort((a, b) => {
      const [one, two] = [a.trial.search, b.trial.search];
      return (
        Number(b.decision.kind === 'promoted') - Number(a.decision.kind === 'promoted') ||
        (two.faults?.found ?? 0) - (one.faults?.found ?? 0) ||
        one.episodesPerWeek - two.episodesPerWeek ||
        (one.heldOutError ?? 0) - (two.heldOutError ?? 0)
      );
    });
}
