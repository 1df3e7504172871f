import { adamScalars, BETA_1, BETA_2 } from '../adam.ts';
import type { FusedLstm } from './fused-lstm.ts';
import { createNetwork } from './network.ts';
import type { Arguments, TrainingBatch } from './protocol.ts';
import { readTensor } from './read-tensor.ts';
import type { Tensor, Tfjs } from './tfjs.ts';

/** Weights in training in the worker's hands; calls as in `TrainingSession`, and they block. */
export interface TrainerModel {
  step(batch: TrainingBatch, learningRate: number): number;
  loss(batch: TrainingBatch): number;
  /** The loss and, after it, the flat gradients, in the layout of the flat weights and before clipping. */
  gradients(batch: TrainingBatch): Float32Array;
  /** The rest of a step, from what {@link gradients} gave, or the mean of what it gave on several threads. */
  apply(gradients: Float32Array, learningRate: number): void;
  dispose(): void;
}

export function createTrainerModel(
  tf: Tfjs,
  lstm: FusedLstm,
  options: Arguments<'create_training'>,
): TrainerModel {
  const { spec, shared, publishes, clipNorm, weightDecay } = options;
  const { window, channels } = spec;
  const network = createNetwork(tf, lstm, spec);
  const count = shared.length;
  // All parameters are one flat tensor, as are the moments: the optimiser is a dozen ops for any network.
  let weights = tf.tensor(Float32Array.from(shared), [count]);
  let first = tf.zeros([count]);
  let second = tf.zeros([count]);
  let steps = 0;

  /**
   * The mean over the batch's windows of what `compute` gives for time-major rows, taken chunk by chunk so that the
   * activations of one chunk only are alive. A tensor of the caller's `tidy`.
   */
  const meanOver = (batch: TrainingBatch, compute: (input: Tensor, target: Tensor) => Tensor): Tensor => {
    const values = window * channels;
    let sum: Tensor | null = null;
    for (let from = 0; from < batch.batch; from += network.chunk) {
      const size = Math.min(network.chunk, batch.batch - from);
      const rows = (windows: Float32Array): Tensor => {
        const part = windows.subarray(from * values, (from + size) * values);
        return tf.transpose(tf.tensor(part, [size, window, channels]), [1, 0, 2]);
      };
      const part = tf.tidy(() => {
        const input = rows(batch.input);
        const target = batch.target === null ? input : rows(batch.target);
        const mean = compute(input, target);
        return size === batch.batch ? mean : tf.mul(mean, size / batch.batch);
      });
      sum = sum === null ? part : tf.add(sum, part);
    }
    if (sum === null) throw new Error('a batch to train on needs at least one window');
    return sum;
  };

  const lossOf = (input: Tensor, target: Tensor, parameters: readonly Tensor[]): Tensor =>
    tf.mean(tf.square(tf.sub(network.reconstruct(input, parameters), target)));

  /** The loss and after it the gradient, `[1 + count]`. */
  const lossAndGradient = (batch: TrainingBatch): Tensor => {
    const parameters = network.parameters(weights);
    return meanOver(batch, (input, target) => {
      const differentiate = tf.valueAndGrads((...inputs) => lossOf(input, target, inputs));
      const { value, grads } = differentiate(parameters);
      const flat = [value, ...grads].map((tensor) => tf.reshape(tensor, [-1]));
      return tf.concat(flat, 0);
    });
  };

  const clipped = (gradient: Tensor): Tensor => {
    if (clipNorm === Number.POSITIVE_INFINITY) return gradient;
    const norm = tf.sqrt(tf.sum(tf.square(gradient)));
    return tf.mul(gradient, tf.div(clipNorm, tf.maximum(norm, clipNorm)));
  };

  /** One step from the loss and the gradient; gives the loss. */
  const update = (compute: () => Tensor, learningRate: number): number => {
    steps += 1;
    const { stepSize, epsilon, decay } = adamScalars(steps, learningRate, weightDecay);
    let next: Tensor[] = [];
    // One read a step, of the loss and the weights together: every read waits for the device.
    const values = readTensor(tf, () => {
      const [loss, unclipped] = tf.split(compute(), [1, count]);
      const gradient = clipped(unclipped);
      const nextFirst = tf.add(tf.mul(first, BETA_1), tf.mul(gradient, 1 - BETA_1));
      const nextSecond = tf.add(tf.mul(second, BETA_2), tf.mul(tf.square(gradient), 1 - BETA_2));
      const move = tf.mul(tf.div(nextFirst, tf.add(tf.sqrt(nextSecond), epsilon)), stepSize);
      const nextWeights = tf.sub(tf.mul(weights, 1 - decay), move);
      next = [nextWeights, nextFirst, nextSecond].map((tensor) => tf.keep(tensor));
      return tf.concat([loss, nextWeights], 0);
    });
    for (const old of [weights, first, second]) old.dispose();
    [weights, first, second] = next;
    if (publishes) shared.set(values.subarray(1));
    return values[0];
  };

  return {
    step: (batch, learningRate) => update(() => lossAndGradient(batch), learningRate),
    apply(gradients, learningRate) {
      update(() => tf.tensor(gradients, [1 + count]), learningRate);
    },
    loss(batch) {
      return readTensor(tf, () => {
        const parameters = network.parameters(weights);
        return meanOver(batch, (input, target) => lossOf(input, target, parameters));
      })[0];
    },
    gradients: (batch) => readTensor(tf, () => lossAndGradient(batch)),
    dispose() {
      for (const tensor of [weights, first, second]) tensor.dispose();
    },
  };
}
