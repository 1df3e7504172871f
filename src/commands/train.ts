import { join } from 'node:path';
import type { ClassConfig, Config } from '../config.ts';
import type { Model } from '../models/model.ts';
import { createRegistry } from '../models/registry.ts';
import { trainInChild } from '../models/training-process.ts';
import type { AssetRows } from '../models/training-set.ts';
import { trainingOrderOf } from '../pipeline.ts';
import { lockState } from '../state-lock.ts';
import { configuredClass } from './configured-class.ts';
import type { CommandContext } from './context.ts';
import { createProgress } from './progress.ts';
import { readTrainingInput, type TrainingInputOptions } from './training-input.ts';

/**
 * Trains a class on a CSV or the rows of an InfluxDB instead of live rows and puts the model into the state directory, where
 * the daemon finds it at its start. The rows go through the same grid as messages do, so the same rows give the same model.
 * Throws OPTION_INVALID, STATE_IN_USE, TRAINING_REFUSED, or the errors of configuration, reading and training.
 */
export async function train(
  className: string,
  options: TrainingInputOptions,
  context: CommandContext,
): Promise<void> {
  const asked = configuredClass(className, options.config, context);
  const { config, own } = asked;
  // From the beginning: an hour of training must not end with a state directory that a daemon has taken meanwhile.
  const lock = lockState(config.stateDir, `forewarn train, process ${context.pid ?? 'unknown'}`);
  try {
    const assets = await readTrainingInput(asked, options, context);
    const { threshold, training, id } = (await trainOn(assets, own, config, context)).card;
    context.out(
      `${id} is in use: ${training.steps} steps in ${Math.round(training.seconds)} s, ${(threshold.heldOutExceeded * 100).toFixed(1)} % of the held-out windows above the threshold; the daemon has it from its next start on`,
    );
  } finally {
    lock.release();
  }
}

async function trainOn(
  assets: readonly AssetRows[],
  own: ClassConfig,
  config: Config,
  context: CommandContext,
): Promise<Model> {
  const registry = createRegistry(join(config.stateDir, 'models'));
  const progress = createProgress(context);
  const order = { ...trainingOrderOf(own), number: registry.nextNumber(own.name), assets };
  const { model, student, studentFailure } = await trainInChild(
    order,
    config.engine,
    ({ step, steps, heldOutLoss }) =>
      progress.show('training', step / steps, `held-out loss ${heldOutLoss.toFixed(4)}`),
    context.signal,
  );
  progress.next();
  registry.save(model);
  if (student !== null) registry.save(student);
  if (studentFailure !== null) context.out(`no student was made: ${studentFailure}`);
  registry.promote(own.name, model.card.id);
  registry.prune(own.name, config.retention.models);
  return model;
}
