import type { LabelledFaults } from './confirmed-faults.ts';
import type { EpisodeCounts } from './episode-counter.ts';
import type { Judgement } from './judgement.ts';

/** Why a challenger is or is not put in use; also the value in the log, the API and the metrics. */
export type PromotionReason =
  /** Better than the champion in something and worse in nothing. */
  | 'better'
  /** Too few unseen rows, or live windows, to tell. */
  | 'too_few_windows'
  /** It hardly tells injected faults from normal rows. */
  | 'near_random'
  | 'finds_fewer_faults'
  /** Operators labelled faults that it finds fewer of. */
  | 'misses_labelled_faults'
  | 'more_alerts'
  | 'predicts_worse'
  | 'no_better';

export interface PromotionDecision {
  readonly kind: 'promoted' | 'refused' | 'needs_shadow';
  readonly reason: PromotionReason;
  /** For people; one sentence with the figures that decided. */
  readonly sentence: string;
}

export interface ComparisonOptions {
  /** Whether live windows are to confirm what recorded rows say. */
  readonly shadow: boolean;
  /** Null while there are no labels. */
  readonly labelled: LabelledFaults | null;
  /**
   * How much better it must be in something; any when absent. A challenger knows newer rows, which is worth something by
   * itself. Other settings are not: of many some are a little better by luck.
   */
  readonly gain?: 'any' | 'clear';
}

/** With fewer scored windows than this an alert rate means nothing. */
export const fewestWindows = 200;
/** Chance is 0.5. A network without training reaches about 0.8 on machines, by seeing what is extreme. */
const leastSeparation = 0.65;
/** Injected faults that it may find fewer, as a share: with 70 tried, 5 are within chance. */
const findingsLost = 0.07;
/** Errors that differ by less are equal. */
const errorTolerance = 0.02;
/** Of the standard normal: a difference that chance exceeds in 5 of 100 comparisons. */
const surely = 1.645;

/**
 * Whether the challenger may take the champion's place, from how both do on the same rows that neither was fitted on.
 * It must be better in something and, beyond chance, worse in nothing. Pure.
 */
export function decidePromotion(
  champion: Judgement,
  challenger: Judgement,
  { shadow, labelled, gain = 'any' }: ComparisonOptions,
): PromotionDecision {
  const refused = (reason: PromotionReason, sentence: string): PromotionDecision => ({
    kind: 'refused',
    reason,
    sentence,
  });
  const windows = Math.min(champion.windows, challenger.windows);
  if (windows < fewestWindows)
    return refused(
      'too_few_windows',
      `Only ${windows} windows are new to both models; ${fewestWindows} are needed to compare them.`,
    );
  const now = champion.faults;
  const next = challenger.faults;
  if (next !== null && next.separation < leastSeparation)
    return refused(
      'near_random',
      `It ranks faults above normal rows in ${percent(next.separation)} of cases; chance is 50 %.`,
    );
  if (now !== null && next !== null && next.found < now.found - findingsLost * now.tried)
    return refused(
      'finds_fewer_faults',
      `It finds ${next.found} of ${next.tried} injected faults; the model in use finds ${now.found}.`,
    );
  if (labelled !== null && labelled.challenger < labelled.champion)
    return refused(
      'misses_labelled_faults',
      `It finds ${labelled.challenger} of ${labelled.tried} faults that operators confirmed; the model in use finds ${labelled.champion}.`,
    );
  if (moreEpisodes(champion, challenger))
    return refused(
      'more_alerts',
      `It would raise ${rate(challenger)} alerts per asset and week; the model in use raises ${rate(champion)}.`,
    );
  const before = champion.heldOutError ?? 0;
  const after = challenger.heldOutError ?? 0;
  if (after > before * (1 + errorTolerance))
    return refused(
      'predicts_worse',
      `Its error on the same rows is ${after.toFixed(3)}; that of the model in use is ${before.toFixed(3)}.`,
    );
  const clearly = gain === 'clear';
  const gains = gainsOf(champion, challenger, clearly);
  if (labelled !== null && labelled.challenger > labelled.champion)
    gains.push(
      `${labelled.challenger} of ${labelled.tried} faults found that operators confirmed, instead of ${labelled.champion}`,
    );
  if (gains.length === 0)
    return refused(
      'no_better',
      clearly
        ? `It does no better beyond chance: error ${after.toFixed(3)} beside ${before.toFixed(3)}, ${next?.found ?? 0} beside ${now?.found ?? 0} injected faults found.`
        : 'It does as well as the model in use and in nothing better.',
    );
  return {
    kind: shadow ? 'needs_shadow' : 'promoted',
    reason: 'better',
    sentence: `On ${windows} windows new to both: ${gains.join(', ')}.`,
  };
}

/** With `clearly` only what chance does not explain, by the bounds that count as worse the other way round. */
function gainsOf(champion: Judgement, challenger: Judgement, clearly: boolean): string[] {
  const gains: string[] = [];
  const before = champion.heldOutError ?? 0;
  const after = challenger.heldOutError ?? 0;
  if (clearly ? before > after * (1 + errorTolerance) : after < before)
    gains.push(`error ${after.toFixed(3)} instead of ${before.toFixed(3)}`);
  if (clearly ? moreEpisodes(challenger, champion) : challenger.episodes < champion.episodes)
    gains.push(`${rate(challenger)} alerts per asset and week instead of ${rate(champion)}`);
  const now = champion.faults?.found ?? 0;
  const next = challenger.faults;
  if (next !== null && next.found > now + (clearly ? findingsLost * next.tried : 0))
    gains.push(`${next.found} of ${next.tried} injected faults found instead of ${now}`);
  return gains;
}

/** What both made of the same live windows. Pure. */
export function decideAfterShadow(champion: EpisodeCounts, challenger: EpisodeCounts): PromotionDecision {
  const { windows } = challenger;
  if (windows < fewestWindows)
    return {
      kind: 'refused',
      reason: 'too_few_windows',
      sentence: `It scored ${windows} live windows beside the model in use; ${fewestWindows} are needed.`,
    };
  const counts = `${challenger.episodes} alerts on ${windows} live windows; the model in use, ${champion.episodes}`;
  return moreEpisodes(champion, challenger)
    ? { kind: 'refused', reason: 'more_alerts', sentence: `It would have raised ${counts}.` }
    : { kind: 'promoted', reason: 'better', sentence: `In shadow it would have raised ${counts}.` };
}

/**
 * Whether the second count is larger beyond chance. Both are of the same time; if their rates were equal the difference
 * of two Poisson counts would have the variance `a + b`.
 */
function moreEpisodes(a: EpisodeCounts, b: EpisodeCounts): boolean {
  return b.episodes - a.episodes > surely * Math.sqrt(a.episodes + b.episodes);
}

function rate({ episodesPerWeek }: Judgement): string {
  return episodesPerWeek.toFixed(episodesPerWeek < 10 ? 2 : 0);
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
