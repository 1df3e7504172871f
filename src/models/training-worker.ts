// The child process of training-process.ts: takes one order, answers with progress and then one model, and ends.
import { ForewarnError, messageOf } from '../errors.ts';
import { chooseEngine } from './engine-choice.ts';
import type { FitProgress } from './fit.ts';
import type { Model } from './model.ts';
import { train } from './trainer.ts';
import type { TrainingMessage, TrainingRequest } from './training-process.ts';

const send = (message: TrainingMessage) => process.send?.(message);

async function run({ order, engine: wanted }: TrainingRequest): Promise<Model> {
  const { engine } = await chooseEngine(wanted, { onFallback: () => undefined });
  const context = {
    engine,
    clock: Date.now,
    onProgress: (progress: FitProgress) => send({ kind: 'progress', progress }),
  };
  try {
    return await train(order, context);
  } catch (error) {
    const died = error instanceof ForewarnError && error.code === 'ENGINE_FAILED' && wanted !== 'onnx';
    if (!died) throw error;
    // The engine has fallen back to the CPU by now; a training must start over to go on there.
    return train(order, context);
  }
}

process.on('message', (request: TrainingRequest) => {
  run(request).then(
    (model) => send({ kind: 'model', model }),
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
