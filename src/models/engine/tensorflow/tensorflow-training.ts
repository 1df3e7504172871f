import type { TrainingOptions, TrainingSession } from '../../engine.ts';
import type { LstmAutoencoderSpec } from '../../spec.ts';
import { parameterCount } from '../flat-weights.ts';
import { flattenWeights, unflattenWeights } from './flat-weights.ts';
import { checkLength, copyWindows, createLifetime, type Lane, type Part, splitBatch } from './lanes.ts';
import type { TrainingBatch } from './protocol.ts';

/**
 * The same weights and moments in every lane. A step takes the gradients of the batch's parts in parallel and applies
 * their mean in all lanes, which so stay equal; with one lane, as on a GPU, it is one call and the gradients stay there.
 */
export async function createTensorFlowTraining(
  lanes: readonly Lane[],
  session: number,
  { spec, weights, clipNorm, weightDecay }: TrainingOptions & { readonly spec: LstmAutoencoderSpec },
): Promise<TrainingSession> {
  // The first lane writes the weights here after every step, so that they can be read without asking it.
  const count = parameterCount(spec);
  const shared = new Float32Array(new SharedArrayBuffer(count * Float32Array.BYTES_PER_ELEMENT));
  flattenWeights(spec, weights, shared);
  const options = { session, spec, shared, clipNorm, weightDecay };
  await Promise.all(lanes.map((lane, k) => lane.call('create_training', { ...options, publishes: k === 0 })));
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

  /** Loss and flat gradients of the whole batch: the mean of the parts', each weighted by its windows. */
  const gradientsOf = async (
    input: Float32Array,
    target: Float32Array,
    batch: number,
  ): Promise<Float32Array> => {
    const parts = splitBatch(batch, lanes);
    const results = await Promise.all(
      parts.map((part) => part.lane.call('gradients', ...batchOf(input, target, part))),
    );
    if (results.length === 1) return results[0];
    const mean = new Float32Array(1 + count);
    for (const [k, result] of results.entries()) {
      const share = parts[k].count / batch;
      for (let at = 0; at <= count; at++) mean[at] += share * result[at];
    }
    return mean;
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
    const gradients = await gradientsOf(input, target, batch);
    await Promise.all(lanes.map((lane) => lane.call('apply', { session, gradients, learningRate })));
    return gradients[0];
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
        const flat = await gradientsOf(input, target, batch);
        return { loss: flat[0], gradients: unflattenWeights(spec, flat.subarray(1)) };
      }),
    weights() {
      lifetime.check();
      return unflattenWeights(spec, shared);
    },
    dispose: () => lifetime.dispose(),
  };
}
