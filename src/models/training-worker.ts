// The child process of training-process.ts: takes one order, answers with progress and then one model, and ends.
import { ForewarnError, messageOf } from '../errors.ts';
import { createOnnxEngine } from './engine/onnx/onnx-engine.ts';
import { type TrainingOrder, train } from './trainer.ts';
import type { TrainingMessage } from './training-process.ts';

const send = (message: TrainingMessage) => process.send?.(message);

process.on('message', (order: TrainingOrder) => {
  train(order, {
    engine: createOnnxEngine(),
    clock: Date.now,
    onProgress: (progress) => send({ kind: 'progress', progress }),
  }).then(
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
