import { join } from 'node:path';
import type { ClassConfig, Config } from '../config.ts';
import type { Model } from '../models/model.ts';
import { createRegistry } from '../models/registry.ts';
import { trainInChild } from '../models/training-process.ts';
import type { AssetRows } from '../models/training-set.ts';
import { trainingOrderOf } from '../pipeline.ts';
import type { CommandContext } from './context.ts';
import { createProgress } from './progress.ts';
import { readTrainingFile, type TrainingFileOptions } from './training-file.ts';

/**
 * Trains a class on a CSV instead of live rows and puts the model into the state directory, where the daemon finds it
 * at its next start. The rows go through the same grid as messages do, so the same rows give the same model. Throws
 * OPTION_INVALID, TRAINING_REFUSED, or the errors of configuration, recording and training.
 */
export async function train(
  className: string,
  options: TrainingFileOptions,
  context: CommandContext,
): Promise<void> {
  const { config, own, assets } = readTrainingFile(className, options, context);
  const model = await trainOn(assets, own, config, context);
  const { threshold, training } = model.card;
  context.out(
    `${model.card.id} is in use: ${training.steps} steps in ${Math.round(training.seconds)} s, ${(threshold.heldOutExceeded * 100).toFixed(1)} % of the held-out windows above the threshold; a running daemon takes it at its next start`,
  );
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
