import { parentPort, workerData } from 'node:worker_threads';
import { messageOf } from '../../../errors.ts';
import { createFusedLstm } from './fused-lstm.ts';
import { loadTensorFlow } from './load.ts';
import type { CallName, Calls, Reply, Request, Result } from './protocol.ts';
import { createScorerModel, type ScorerModel } from './scorer-model.ts';
import type { Tfjs } from './tfjs.ts';
import { createTrainerModel, type TrainerModel } from './trainer-model.ts';

/**
 * The thread in which TensorFlow lives, because its calls block. It takes a {@link Request} at a time and answers it
 * before the next, owns every tensor, and frees a session's when the session is disposed of.
 */
type Handlers = { [Name in CallName]: (call: Calls[Name]['arguments']) => Calls[Name]['result'] };

function createHandlers(tf: Tfjs): Handlers {
  // One for all sessions, because it keeps a native tensor a length of window.
  const lstm = createFusedLstm(tf);
  const scorers = new Map<number, ScorerModel>();
  const trainers = new Map<number, TrainerModel>();
  const scorer = (session: number): ScorerModel => found(scorers.get(session), session);
  const trainer = (session: number): TrainerModel => found(trainers.get(session), session);

  return {
    create_scoring(model) {
      scorers.set(model.session, createScorerModel(tf, lstm, model));
      return null;
    },
    create_training(options) {
      trainers.set(options.session, createTrainerModel(tf, lstm, options));
      return null;
    },
    score: ({ session, windows, batch }) => scorer(session).score(windows, batch),
    reconstruct: ({ session, windows, batch }) => scorer(session).reconstruct(windows, batch),
    step: (call) => trainer(call.session).step(call, call.learningRate),
    loss: (call) => trainer(call.session).loss(call),
    gradients(call) {
      trainer(call.session).gradients(call);
      return null;
    },
    update: ({ session, shares, learningRate }) => trainer(session).update(shares, learningRate),
    memory: () => ({ tensors: tf.memory().numTensors, nativeTensors: tf.backend().getNumOfTFTensors() }),
    dispose({ session }) {
      scorers.get(session)?.dispose();
      trainers.get(session)?.dispose();
      scorers.delete(session);
      trainers.delete(session);
      return null;
    },
  };
}

function found<Model>(model: Model | undefined, session: number): Model {
  if (model === undefined) throw new Error(`the worker knows no session ${session}`);
  return model;
}

/** The buffers of a result, which move to the engine instead of being copied. */
function buffersOf(result: Result<CallName>): ArrayBuffer[] {
  const arrays = result instanceof Float32Array ? [result] : Object.values(result ?? {});
  return arrays.filter((value) => value instanceof Float32Array).map((array) => array.buffer as ArrayBuffer);
}

function serve(port: NonNullable<typeof parentPort>): void {
  const send = (reply: Reply, buffers: readonly ArrayBuffer[] = []): void => port.postMessage(reply, buffers);
  let handlers: Handlers;
  try {
    const { tf, runtime } = loadTensorFlow(workerData.linked);
    handlers = createHandlers(tf);
    send({ kind: 'started', runtime });
  } catch (error) {
    send({ kind: 'unavailable', reason: messageOf(error) });
    port.close();
    return;
  }
  port.on('message', ({ id, name, arguments: call }: Request) => {
    try {
      const result = (handlers[name] as (call: unknown) => Result<CallName>)(call);
      send({ kind: 'result', id, result }, buffersOf(result));
    } catch (error) {
      send({ kind: 'error', id, message: messageOf(error) });
    }
  });
}

if (parentPort !== null) serve(parentPort);
