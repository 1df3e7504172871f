import { createNetwork } from './network.ts';
import type { Arguments, TrainingBatch } from './protocol.ts';
import type { Tensor, Tfjs } from './tfjs.ts';

/** Weights in training in the worker's hands; calls as in `TrainingSession`, and they block. */
export interface TrainerModel {
  step(batch: TrainingBatch, learningRate: number): number;
  loss(batch: TrainingBatch): number;
  /** Flat gradients in the layout of the flat weights, before clipping. */
  gradients(batch: TrainingBatch): { loss: number; gradients: Float32Array };
  dispose(): void;
}

const BETA_1 = 0.9;
const BETA_2 = 0.999;
const EPSILON = 1e-7;

export function createTrainerModel(tf: Tfjs, options: Arguments<'create_training'>): TrainerModel {
  const { spec, shared, clipNorm, weightDecay } = options;
  const { window, channels } = spec;
  const network = createNetwork(tf, spec);
  // All parameters are one flat tensor, as are the moments: the optimiser is a dozen ops for any network.
  let weights = tf.tensor(Float32Array.from(shared), [shared.length]);
  let first = tf.zeros([shared.length]);
  let second = tf.zeros([shared.length]);
  let steps = 0;

  const lossOf = (input: Tensor, target: Tensor, parameters: readonly Tensor[]): Tensor =>
    tf.mean(tf.square(tf.sub(network.reconstruct(input, parameters), target)));

  /** The batch in chunks of time-major rows, each with its share of the batch. */
  const chunksOf = function* (
    batch: TrainingBatch,
  ): Generator<{ input: Tensor; target: Tensor; share: number }> {
    const values = window * channels;
    for (let from = 0; from < batch.batch; from += network.chunk) {
      const size = Math.min(network.chunk, batch.batch - from);
      const rows = (windows: Float32Array): Tensor => {
        const part = windows.subarray(from * values, (from + size) * values);
        return tf.transpose(tf.tensor(part, [size, window, channels]), [1, 0, 2]);
      };
      const input = rows(batch.input);
      yield { input, target: batch.target === null ? input : rows(batch.target), share: size / batch.batch };
    }
  };

  /** Loss (a scalar) and flat gradient of the whole batch, as tensors of the caller's `tidy`. */
  const lossAndGradient = (batch: TrainingBatch): { loss: Tensor; gradient: Tensor } => {
    const parameters = network.parameters(weights);
    let sum: { loss: Tensor; gradient: Tensor } | null = null;
    for (const { input, target, share } of chunksOf(batch)) {
      const { value, grads } = tf.valueAndGrads((...parameters) => lossOf(input, target, parameters))(
        parameters,
      );
      const flat = tf.concat(
        grads.map((gradient) => tf.reshape(gradient, [-1])),
        0,
      );
      if (share === 1) return { loss: value, gradient: flat };
      const loss = tf.mul(value, share);
      const gradient = tf.mul(flat, share);
      sum =
        sum === null
          ? { loss, gradient }
          : { loss: tf.add(sum.loss, loss), gradient: tf.add(sum.gradient, gradient) };
    }
    if (sum === null) throw new Error('a batch to train on needs at least one window');
    return sum;
  };

  const clipped = (gradient: Tensor): Tensor => {
    if (clipNorm === Number.POSITIVE_INFINITY) return gradient;
    const norm = tf.sqrt(tf.sum(tf.square(gradient)));
    return tf.mul(gradient, tf.div(clipNorm, tf.maximum(norm, clipNorm)));
  };

  return {
    step(batch, learningRate) {
      steps += 1;
      const correction2 = Math.sqrt(1 - BETA_2 ** steps);
      const stepSize = (learningRate * correction2) / (1 - BETA_1 ** steps);
      const [nextWeights, nextFirst, nextSecond, lossAndWeights] = tf.tidy(() => {
        const { loss, gradient: unclipped } = lossAndGradient(batch);
        const gradient = clipped(unclipped);
        const nextFirst = tf.add(tf.mul(first, BETA_1), tf.mul(gradient, 1 - BETA_1));
        const nextSecond = tf.add(tf.mul(second, BETA_2), tf.mul(tf.square(gradient), 1 - BETA_2));
        // Kingma and Ba 2015, end of section 2: the bias corrections moved into the step size and epsilon.
        const move = tf.mul(tf.div(nextFirst, tf.add(tf.sqrt(nextSecond), EPSILON * correction2)), stepSize);
        const nextWeights = tf.sub(tf.mul(weights, 1 - learningRate * weightDecay), move);
        return [nextWeights, nextFirst, nextSecond, tf.concat([tf.reshape(loss, [1]), nextWeights], 0)];
      });
      for (const old of [weights, first, second]) old.dispose();
      [weights, first, second] = [nextWeights, nextFirst, nextSecond];
      // One read a step: it waits for the device.
      const values = lossAndWeights.dataSync();
      lossAndWeights.dispose();
      shared.set(values.subarray(1));
      return values[0];
    },
    loss(batch) {
      let loss = 0;
      tf.tidy(() => {
        const parameters = network.parameters(weights);
        for (const { input, target, share } of chunksOf(batch))
          loss += share * lossOf(input, target, parameters).dataSync()[0];
      });
      return loss;
    },
    gradients(batch) {
      return tf.tidy(() => {
        const { loss, gradient } = lossAndGradient(batch);
        return { loss: loss.dataSync()[0], gradients: gradient.dataSync().slice() };
      });
    },
    dispose() {
      for (const tensor of [weights, first, second]) tensor.dispose();
    },
  };
}
