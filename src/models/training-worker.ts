// The child process of training-process.ts: takes one order, answers with progress and then what it made, and ends.
import { ForewarnError, messageOf } from '../errors.ts';
import { chooseEngine } from './engine-choice.ts';
import type { FitProgress } from './fit.ts';
import { compareModels } from './retraining/judgement.ts';
import { trainStudent } from './student.ts';
import { type TrainingContext, train } from './trainer.ts';
import type { TrainedModels, TrainingMessage, TrainingRequest } from './training-process.ts';

const send = (message: TrainingMessage) => process.send?.(message);

async function run({ order, engine: wanted, comparison }: TrainingRequest): Promise<TrainedModels> {
  const { engine } = await chooseEngine(wanted, { onFallback: () => undefined });
  const parts = order.student > 0 ? 2 : 1;
  /** Each part has the share of the progress that its steps have of all. */
  const contextOf = (part: number): TrainingContext => ({
    engine,
    clock: Date.now,
    onProgress: ({ step, steps, ...losses }: FitProgress) =>
      send({ kind: 'progress', progress: { ...losses, step: part * steps + step, steps: parts * steps } }),
  });
  const attempt = async <T>(make: () => Promise<T>): Promise<T> => {
    try {
      return await make();
    } catch (error) {
      const died = error instanceof ForewarnError && error.code === 'ENGINE_FAILED' && wanted !== 'onnx';
      if (!died) throw error;
      // The engine has fallen back to the CPU by now; a training must start over to go on there.
      return make();
    }
  };
  const model = await attempt(() => train(order, contextOf(0)));
  const judgements =
    comparison === null
      ? null
      : await attempt(() =>
          compareModels(model, comparison, { ...order, channels: order.channels.length }, engine),
        );
  if (order.student === 0) return { model, student: null, studentFailure: null, judgements };
  try {
    const student = await attempt(() => trainStudent(order, model, contextOf(1)));
    return { model, student, studentFailure: null, judgements };
  } catch (error) {
    return { model, student: null, studentFailure: messageOf(error), judgements };
  }
}

process.on('message', (request: TrainingRequest) => {
  run(request).then(
    (trained) => send({ kind: 'trained', trained }),
    (error: unknown) => {
      const known = error instanceof ForewarnError ? error : null;
      send({
        kind: 'failed',
        code: known?.code ?? 'TRAINING_FAILED',
        message: messageOf(error),
        retryable: known?.retryable ?? false,
        ...(known?.hint === undefined ? {} : { hint: known.hint }),
      });
    },
  );
});
// The daemon's death must not leave a training behind.
process.on('disconnect', () => process.exit(0));
send({ kind: 'ready' });
