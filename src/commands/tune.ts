import { join } from 'node:path';
import { stringify } from 'yaml';
import type { ClassConfig } from '../config.ts';
import { ForewarnError } from '../errors.ts';
import { chooseEngine } from '../models/engine-choice.ts';
import { createRandom } from '../models/random.ts';
import { trainInChild } from '../models/training-process.ts';
import { createSearchSpace, type TunedSettings } from '../models/tuning/search-space.ts';
import { hashOf, openTrialLog } from '../models/tuning/trial-log.ts';
import { createTrialRunner, finalShare, judgedShare } from '../models/tuning/trial-runner.ts';
import { tune as search, type TuningResult } from '../models/tuning/tuner.ts';
import { trainingOrderOf } from '../pipeline.ts';
import { configuredClass } from './configured-class.ts';
import type { CommandContext } from './context.ts';
import { readTrainingInput, type TrainingInputOptions } from './training-input.ts';
import { settingsText, trialTable } from './tune-table.ts';

export interface TuneOptions extends TrainingInputOptions {
  readonly minutes: number;
  readonly trials: number;
  readonly seed: number;
}

/** A week; a timer ends at 24 days. */
const mostMinutes = 10_080;

/**
 * Looks for settings of a class that do better than its own on recorded rows of normal operation, without labels, and
 * prints them; changes no configuration and no model. Throws OPTION_INVALID, TUNING_ROWS_TOO_FEW, or the errors of reading
 * the rows and of training.
 */
export async function tune(className: string, options: TuneOptions, context: CommandContext): Promise<void> {
  demandNumber('minutes', options.minutes, options.minutes > 0 && options.minutes <= mostMinutes);
  demandNumber('trials', options.trials, Number.isInteger(options.trials) && options.trials >= 2);
  demandNumber('seed', options.seed, Number.isInteger(options.seed) && options.seed >= 0);
  const asked = configuredClass(className, options.config, context);
  const { config, own } = asked;
  const assets = await readTrainingInput(asked, options, context);
  const order = trainingOrderOf(own);
  const rule = own.alert;
  const chosen = await chooseEngine(config.engine, {
    onFallback: (reason) => context.out(`TensorFlow does not compute (${reason}); ONNX Runtime does`),
  });
  try {
    const attempt = createTrialRunner({
      order,
      rule,
      assets,
      engine: chosen.engine,
      clock: Date.now,
      train: async (changed, signal) =>
        (await trainInChild(changed, config.engine, () => undefined, signal)).model,
    });
    const file = join(config.stateDir, 'tuning', `${className}.jsonl`);
    let count = 0;
    const result = await search({
      space: createSearchSpace(settingsOf(own), {
        // As the configuration demands of `train.after`.
        longestWindow: Math.floor((own.train.after * own.train.holdout) / 2),
        student: own.train.student,
      }),
      random: createRandom(options.seed),
      log: openTrialLog(
        file,
        hashOf(assets, { ...untuned(order), rule, engine: chosen.engine.kind, judgedShare, finalShare }),
      ),
      attempt,
      budgetMs: options.minutes * 60_000,
      most: options.trials,
      clock: Date.now,
      signal: context.signal,
      onTrial({ settings, failure, seconds }, fresh) {
        count++;
        const how = failure ?? (fresh ? `${seconds.toFixed(1)} s` : 'known from before');
        context.out(`${count}. ${settingsText(settings)}: ${how}`);
      },
    });
    report(result, className, own, context);
    context.out(`All trials are in ${file}; the same rows and settings are not tried again.`);
  } finally {
    await chosen.stop();
  }
}

function report(result: TuningResult, className: string, own: ClassConfig, context: CommandContext): void {
  for (const line of trialTable(result)) context.out(line);
  if (result.failed.length > 0) context.out(`${result.failed.length} settings could not be trained.`);
  const { winner, confirmation } = result;
  if (winner === null) {
    context.out(
      confirmation === null
        ? `None of ${result.ranked.length} other settings beats those of class ${className}: keep them.`
        : `The best of ${result.ranked.length} other settings does not beat those of class ${className} on the rows kept for the last comparison: keep what you have. ${confirmation.sentence}`,
    );
    return;
  }
  context.out(
    `The best settings beat those of class ${className}. In the search: ${winner.decision.sentence}`,
  );
  context.out(`On later rows, kept for the last comparison: ${confirmation?.sentence}`);
  context.out(
    'No labels were used: on recordings with labels such figures did not tell the best model. Compare them on faults of your own before you rely on them.',
  );
  context.out(stringify({ classes: { [className]: snippetOf(winner.trial.settings, own) } }).trimEnd());
}

/** What all trials share; of the window, the one that faults are made for. */
function untuned(order: ReturnType<typeof trainingOrderOf>): object {
  const tuned = ['network', 'hidden', 'latent', 'smoothing', 'quantile', 'margin', 'student'];
  return Object.fromEntries(Object.entries(order).filter(([name]) => !tuned.includes(name)));
}

function settingsOf({ windowLength, train, score }: ClassConfig): TunedSettings {
  const { hidden, latent } = train;
  const { smoothing, quantile, margin } = score;
  return { windowLength, network: train.network, hidden, latent, smoothing, quantile, margin };
}

/** As in the configuration file, without what stays as it is. */
function snippetOf(settings: TunedSettings, own: ClassConfig): object {
  const { windowLength, network, hidden, latent, smoothing, quantile, margin } = settings;
  const changed = (of: object, now: Readonly<Record<string, unknown>>) =>
    Object.entries(of).filter(([name, value]) => now[name] !== value);
  const sections = {
    window: changed({ length: windowLength }, { length: own.windowLength }),
    train: changed({ network, hidden, latent }, own.train),
    score: changed({ smoothing, quantile, margin }, { ...own.score }),
  };
  return Object.fromEntries(
    Object.entries(sections).flatMap(([name, entries]) =>
      entries.length === 0 ? [] : [[name, Object.fromEntries(entries)]],
    ),
  );
}

function demandNumber(name: string, value: number, fits: boolean): void {
  if (typeof value === 'number' && fits) return;
  const hints: Readonly<Record<string, string>> = {
    minutes: `A number above 0 and up to ${mostMinutes}, such as 30.`,
    trials: 'A whole number from 2 on: the settings of the class are the first.',
    seed: 'A whole number from 0 on.',
  };
  throw new ForewarnError('OPTION_INVALID', `--${name} cannot be ${value}`, { hint: hints[name]! });
}
