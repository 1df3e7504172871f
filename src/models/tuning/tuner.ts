import { ForewarnError } from '../../errors.ts';
import type { Clock } from '../../types.ts';
import type { Random } from '../random.ts';
import { fewestWindows, type PromotionDecision } from '../retraining/promotion.ts';
import { type SearchSpace, settingsKey, type TunedSettings } from './search-space.ts';
import { type ComparedTrial, decide, isJudged, type JudgedTrial, rankTrials, type Trial } from './trial.ts';
import type { TrialLog } from './trial-log.ts';

export interface TunerOptions {
  readonly space: SearchSpace;
  readonly random: Random;
  readonly log: TrialLog;
  /** Trains and judges. Rejects with `TRAINING_ABORTED` when the signal fires. */
  attempt(settings: TunedSettings, signal: AbortSignal): Promise<Trial>;
  /** What the search may take beyond the trial of the own settings, which is never cut off. */
  readonly budgetMs: number;
  /** Most settings tried, those of the log included. */
  readonly most: number;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** After each trial; `fresh` is false for one that the log had. */
  onTrial(trial: Trial, fresh: boolean): void;
}

export interface TuningResult {
  readonly own: JudgedTrial;
  /** Best first. */
  readonly ranked: readonly ComparedTrial[];
  readonly failed: readonly Trial[];
  /** The first of them where it beats the own settings on the later rows as well; null when none does. */
  readonly winner: ComparedTrial | null;
  /** What the later rows say of the first; null when none has got so far. */
  readonly confirmation: PromotionDecision | null;
}

/** Settings drawn at random before what was tried says where to look. */
const randomFirst = 10;
/** Share of the trials, the best, that count as good ones. */
const goodShare = 0.25;
/** Draws of settings that were tried already, after which everything promising counts as tried. */
const mostDraws = 100;

/**
 * Random search, and from the tenth settings on every other time what is promising by the trials so far. The settings that
 * come best on the rows that they were chosen by are compared with the own ones once more, on rows kept for that: the best
 * of many is the luckiest of many. Throws TUNING_ROWS_TOO_FEW, or what training with the own settings fails with.
 */
export async function tune(options: TunerOptions): Promise<TuningResult> {
  const { space, log, clock, signal } = options;
  const tried = new Map<string, Trial>();

  const take = async (settings: TunedSettings, until: AbortSignal): Promise<Trial> => {
    const known = log.find(settings);
    const trial = known ?? (await options.attempt(settings, until));
    // What failed may do so for want of memory or time, and is tried again another time.
    if (known === null && isJudged(trial)) log.add(trial);
    tried.set(settingsKey(settings), trial);
    options.onTrial(trial, known === null);
    return trial;
  };

  const own = comparable(await take(space.own, signal));
  const deadline = clock() + options.budgetMs;
  const others = () => [...tried.values()].slice(1);
  while (tried.size < options.most) {
    const settings = propose(options, tried, rankTrials(own, [own, ...others()]));
    const leftMs = deadline - clock();
    if (settings === null || (leftMs <= 0 && log.find(settings) === null)) break;
    const timeout = AbortSignal.timeout(Math.max(1, Math.ceil(leftMs)));
    try {
      await take(settings, AbortSignal.any([signal, timeout]));
    } catch (error) {
      // Only the end of the time is a usual end.
      if (signal.aborted || !timeout.aborted) throw error;
      break;
    }
  }
  const ranked = rankTrials(own, others());
  const best = ranked[0]?.decision.kind === 'promoted' ? ranked[0] : null;
  const confirmation = best === null ? null : decide(own.final, best.trial.final);
  return {
    own,
    ranked,
    failed: others().filter((trial) => !isJudged(trial)),
    winner: confirmation?.kind === 'promoted' ? best : null,
    confirmation,
  };
}

/** Settings that were not tried; null when there seem to be none. */
function propose(
  { space, random }: Pick<TunerOptions, 'space' | 'random'>,
  tried: ReadonlyMap<string, Trial>,
  ranked: readonly ComparedTrial[],
): TunedSettings | null {
  const informed = tried.size > randomFirst && tried.size % 2 === 0;
  const settingsOf = (trials: readonly ComparedTrial[]) => trials.map(({ trial }) => trial.settings);
  const bestOnes = Math.ceil(goodShare * ranked.length);
  const [good, rest] = [settingsOf(ranked.slice(0, bestOnes)), settingsOf(ranked.slice(bestOnes))];
  for (let draw = 0; draw < mostDraws; draw++) {
    // Where all that is promising was tried the rest of the draws go anywhere.
    const settings =
      informed && draw < mostDraws / 2 ? space.promising(good, rest, random) : space.random(random);
    if (!tried.has(settingsKey(settings))) return settings;
  }
  return null;
}

function comparable(own: Trial): JudgedTrial {
  if (!isJudged(own))
    throw new ForewarnError(
      'TRAINING_FAILED',
      `training with the settings of the class failed: ${own.failure}`,
    );
  const windows = Math.min(own.search.windows, own.final.windows);
  if (windows >= fewestWindows) return own;
  throw new ForewarnError(
    'TUNING_ROWS_TOO_FEW',
    `only ${windows} windows are left to judge settings by; ${fewestWindows} are needed`,
    { hint: 'Give more rows: 15 of 100 are judged on in the search, and as many at its end.' },
  );
}
