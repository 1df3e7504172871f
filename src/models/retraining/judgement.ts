import type { Engine } from '../engine.ts';
import type { Model } from '../model.ts';
import { createRandom } from '../random.ts';
import type { AssetRows } from '../training-set.ts';
import { type ConfirmedFault, countFound, type LabelledFaults } from './confirmed-faults.ts';
import { createEpisodeCounter, type EpisodeCounts, type EpisodeRule } from './episode-counter.ts';
import { createFaultTrials, type FaultFindings, type FaultTrials } from './fault-trials.ts';
import { type ChannelRange, channelRanges } from './injected-faults.ts';
import { type ScoreRowsOptions, scoreRows } from './score-rows.ts';

/** How a model does on rows of normal operation that it was not fitted on. Plain JSON. */
export interface Judgement extends EpisodeCounts {
  readonly model: string;
  /** Episodes that would have been alerts, per asset and week; 0 without a window. */
  readonly episodesPerWeek: number;
  /**
   * Root of the mean squared difference of measured and expected, each channel in units of its own spread in these rows,
   * so that models with different scaling can be compared; null without a window.
   */
  readonly heldOutError: number | null;
  /** Faults written into these rows; null where no channel ever moves or no stretch is long enough. */
  readonly faults: FaultFindings | null;
}

/** What a challenger has to be compared with; cloneable. */
export interface Comparison {
  readonly champion: Model;
  /** Rows of normal operation that neither was fitted on. */
  readonly rows: readonly AssetRows[];
  readonly rule: EpisodeRule;
  /** What operators confirmed in the time that is looked back on; none when absent. */
  readonly faults?: readonly ConfirmedFault[];
}

/** Both on the same rows. */
export interface Judgements {
  readonly champion: Judgement;
  readonly challenger: Judgement;
  /** Null where operators confirmed none. */
  readonly labelled: LabelledFaults | null;
}

export interface JudgeOptions extends ScoreRowsOptions {
  readonly rule: EpisodeRule;
  readonly seed: number;
  /** Window that the injected faults are made for, so that models of several windows meet the same; its own when absent. */
  readonly faultWindow?: number;
}

/** Compares models: every part of the life cycle that asks how good one is asks here. */
export type Judge = (model: Model, rows: readonly AssetRows[]) => Promise<Judgement>;

const weekMs = 604_800_000;
/** A difference larger than this, in spreads, counts as this: one broken reading must not decide. */
const greatestDifference = 10;

export function createJudge(engine: Engine, options: JudgeOptions): Judge {
  return async (model, rows) => {
    const ranges = channelRanges(rows, options.channels);
    const error = createErrorMean(ranges);
    const counter = createEpisodeCounter(options.rule);
    await scoreRows(model, rows, options, engine, ({ asset, score }) => {
      counter.see(asset, score.value);
      error.add(score.expected, score.actual);
    });
    const counts = counter.counts();
    const trials = createFaultTrials(rows, ranges, {
      ...options,
      windowLength: options.faultWindow ?? options.windowLength,
    });
    const weeks = (counts.windows * options.stride * options.sampleEveryMs) / weekMs;
    return {
      model: model.card.id,
      ...counts,
      episodesPerWeek: weeks === 0 ? 0 : counts.episodes / weeks,
      heldOutError: error.root(),
      faults: await tryFaults(model, trials, options, engine),
    };
  };
}

/** Judges both models on what is to be compared. Rejects with the engine's errors. */
export async function compareModels(
  challenger: Model,
  { champion, rows, rule, faults = [] }: Comparison,
  options: Omit<JudgeOptions, 'rule'>,
  engine: Engine,
): Promise<Judgements> {
  const judge = createJudge(engine, { ...options, rule });
  const found = (model: Model) => countFound(model, faults, { ...options, rule }, engine);
  return {
    champion: await judge(champion, rows),
    challenger: await judge(challenger, rows),
    labelled:
      faults.length === 0
        ? null
        : { tried: faults.length, champion: await found(champion), challenger: await found(challenger) },
  };
}

async function tryFaults(
  model: Model,
  trials: FaultTrials | null,
  options: JudgeOptions,
  engine: Engine,
): Promise<FaultFindings | null> {
  if (trials === null) return null;
  const peaksOf = async (assets: readonly AssetRows[]): Promise<Float64Array> => {
    const peaks = new Float64Array(assets.length);
    await scoreRows(model, assets, options, engine, ({ asset, row, score: { value } }) => {
      const { from, to } = trials.injections[asset];
      if (row >= from && row < to && value > peaks[asset]) peaks[asset] = value;
    });
    return peaks;
  };
  const clean = await peaksOf(trials.clean);
  const faulty = await peaksOf(trials.faulty(createRandom(options.seed)));
  return trials.findings(clean, faulty, options.rule.raise);
}

function createErrorMean(ranges: readonly ChannelRange[]) {
  let sum = 0;
  let count = 0;
  return {
    add(expected: Float32Array, actual: Float32Array): void {
      for (const [channel, { spread }] of ranges.entries()) {
        const difference = (actual[channel] - expected[channel]) / spread;
        // A missing reading says nothing, and a channel that never moves has no unit to be measured in.
        if (spread === 0 || Number.isNaN(difference)) continue;
        sum += Math.min(greatestDifference, Math.abs(difference)) ** 2;
        count++;
      }
    },
    root: () => (count === 0 ? null : Math.sqrt(sum / count)),
  };
}
