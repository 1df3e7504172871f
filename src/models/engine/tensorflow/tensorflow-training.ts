import type { TrainingOptions, TrainingSession } from '../../engine.ts';
import type { LstmAutoencoderSpec } from '../../spec.ts';
import { parameterCount } from '../flat-weights.ts';
import { flattenWeights, unflattenWeights } from './flat-weights.ts';
import { checkLength, copyWindows, createLifetime, type Lane, type Part, splitBatch } from './lanes.ts';
import { meanOfShares } from './mean-of-shares.ts';
import type { Share, TrainingBatch } from './protocol.ts';

/**
 * A step takes the gradients of the batch's parts in all lanes at once, which leave them in shared memory, and the first
 * lane moves the weights there; with one lane, as on a GPU, it is one call and all of it stays there.
 */
export async function createTensorFlowTraining(
  lanes: readonly Lane[],
  session: number,
  { spec, weights, clipNorm, weightDecay }: TrainingOptions & { readonly spec: LstmAutoencoderSpec },
): Promise<TrainingSession> {
  const count = parameterCount(spec);
  // In shared memory the weights can also be read without asking a lane.
  const shared = sharedArray(count);
  flattenWeights(spec, weights, shared);
  const places = lanes.map(() => sharedArray(1 + count));
  const options = { session, spec, shared, places, clipNorm, weightDecay };
  await Promise.all(lanes.map((one, lane) => one.call('create_training', { ...options, lane })));
  const size = spec.window * spec.channels;
  const lifetime = createLifetime(lanes, session);

  /** The message for one part of a batch, and its buffers. */
  const batchOf = (
    input: Float32Array,
    target: Float32Array,
    part: Pick<Part, 'start' | 'count'>,
  ): [TrainingBatch, ArrayBuffer[]] => {
    const from = copyWindows(input, size, part);
    if (input === target) return [{ session, input: from, target: null, batch: part.count }, [from.buffer]];
    const to = copyWindows(target, size, part);
    return [{ session, input: from, target: to, batch: part.count }, [from.buffer, to.buffer]];
  };

  /** Has the gradients of the batch's parts left in the places of the lanes that it gives. */
  const leaveGradients = async (
    input: Float32Array,
    target: Float32Array,
    batch: number,
  ): Promise<readonly Share[]> => {
    const parts = splitBatch(batch, lanes);
    await Promise.all(parts.map((part) => part.lane.call('gradients', ...batchOf(input, target, part))));
    return parts.map((part) => ({ lane: lanes.indexOf(part.lane), share: part.count / batch }));
  };

  const step = async (
    input: Float32Array,
    target: Float32Array,
    batch: number,
    learningRate: number,
  ): Promise<number> => {
    if (lanes.length === 1) {
      const [call, buffers] = batchOf(input, target, { start: 0, count: batch });
      return lanes[0].call('step', { ...call, learningRate }, buffers);
    }
    const shares = await leaveGradients(input, target, batch);
    return lanes[0].call('update', { session, shares, learningRate });
  };

  const loss = async (input: Float32Array, target: Float32Array, batch: number): Promise<number> => {
    const shares = splitBatch(batch, lanes).map(async (part) => {
      const mean = await part.lane.call('loss', ...batchOf(input, target, part));
      return (mean * part.count) / batch;
    });
    return (await Promise.all(shares)).reduce((sum, share) => sum + share, 0);
  };

  /** Runs `work` on a batch that is long enough. */
  const on = <Result>(
    input: Float32Array,
    target: Float32Array,
    batch: number,
    work: () => Promise<Result>,
  ): Promise<Result> =>
    lifetime.during(() => {
      checkLength(input, size, batch);
      checkLength(target, size, batch);
      return work();
    });

  return {
    step: (input, target, batch, learningRate) =>
      on(input, target, batch, () => step(input, target, batch, learningRate)),
    loss: (input, target, batch) => on(input, target, batch, () => loss(input, target, batch)),
    gradients: (input, target, batch) =>
      on(input, target, batch, async () => {
        const mean = new Float32Array(1 + count);
        meanOfShares(places, await leaveGradients(input, target, batch), mean);
        return { loss: mean[0], gradients: unflattenWeights(spec, mean.subarray(1)) };
      }),
    weights() {
      lifetime.check();
      return unflattenWeights(spec, shared);
    },
    dispose: () => lifetime.dispose(),
  };
}

function sharedArray(length: number): Float32Array<SharedArrayBuffer> {
  return new Float32Array(new SharedArrayBuffer(length * Float32Array.BYTES_PER_ELEMENT));
}
