import { adamScalars, BETA_1, BETA_2 } from '../adam.ts';
import { createBatchLoss } from './batch-loss.ts';
import type { FusedLstm } from './fused-lstm.ts';
import { meanOfShares } from './mean-of-shares.ts';
import { createNetwork } from './network.ts';
import type { Arguments, Share, TrainingBatch } from './protocol.ts';
import { readTensor } from './read-tensor.ts';
import { SharedAdam } from './shared-adam.ts';
import type { Tensor, Tfjs } from './tfjs.ts';

/**
 * One thread's part in a training; the calls block. The present weights are in shared memory. A training in one thread
 * takes whole steps, and in several `gradients` in each and `update` in the first, but not both.
 */
export interface TrainerModel {
  /** A whole step, in which weights, gradients and moments stay on the device; gives the loss. */
  step(batch: TrainingBatch, learningRate: number): number;
  loss(batch: TrainingBatch): number;
  /** Leaves the loss and the flat gradients, before clipping, in this thread's place. */
  gradients(batch: TrainingBatch): void;
  /** The rest of a step, from what the threads have left; gives the loss. */
  update(shares: readonly Share[], learningRate: number): number;
  dispose(): void;
}

export function createTrainerModel(
  tf: Tfjs,
  lstm: FusedLstm,
  options: Arguments<'create_training'>,
): TrainerModel {
  const { spec, shared, places, lane, clipNorm, weightDecay } = options;
  const network = createNetwork(tf, lstm, spec);
  const batchLoss = createBatchLoss(tf, network, spec);
  const count = shared.length;
  let adam: SharedAdam | null = null;
  const mean = new Float32Array(places.length > 1 ? 1 + count : 0);
  /** All parameters are one flat tensor, as are the moments: the optimiser is a dozen ops for any network. */
  let onDevice: { weights: Tensor; first: Tensor; second: Tensor } | null = null;
  let steps = 0;

  const free = (): void => {
    if (onDevice !== null) for (const tensor of Object.values(onDevice)) tensor.dispose();
  };
  const clipped = (gradient: Tensor): Tensor => {
    if (clipNorm === Number.POSITIVE_INFINITY) return gradient;
    const norm = tf.sqrt(tf.sum(tf.square(gradient)));
    return tf.mul(gradient, tf.div(clipNorm, tf.maximum(norm, clipNorm)));
  };

  return {
    step(batch, learningRate) {
      steps += 1;
      const { stepSize, epsilon, decay } = adamScalars(steps, learningRate, weightDecay);
      onDevice ??= {
        weights: tf.tensor(shared.slice(), [count]),
        first: tf.zeros([count]),
        second: tf.zeros([count]),
      };
      const { weights, first, second } = onDevice;
      let next: typeof onDevice = onDevice;
      // One read a step, of the loss and the weights together: every read waits for the device.
      const values = readTensor(tf, () => {
        const [loss, ...parts] = batchLoss.lossAndGradients(batch, network.parameters(weights));
        const gradient = clipped(
          tf.concat(
            parts.map((part) => tf.reshape(part, [-1])),
            0,
          ),
        );
        const nextFirst = tf.add(tf.mul(first, BETA_1), tf.mul(gradient, 1 - BETA_1));
        const nextSecond = tf.add(tf.mul(second, BETA_2), tf.mul(tf.square(gradient), 1 - BETA_2));
        const move = tf.mul(tf.div(nextFirst, tf.add(tf.sqrt(nextSecond), epsilon)), stepSize);
        const nextWeights = tf.sub(tf.mul(weights, 1 - decay), move);
        next = { weights: tf.keep(nextWeights), first: tf.keep(nextFirst), second: tf.keep(nextSecond) };
        return tf.concat([tf.reshape(loss, [1]), nextWeights], 0);
      });
      free();
      onDevice = next;
      shared.set(values.subarray(1));
      return values[0];
    },
    loss: (batch) => readTensor(tf, () => batchLoss.loss(batch, network.upload(shared)))[0],
    gradients(batch) {
      const place = places[lane];
      const tensors = tf.tidy(() => batchLoss.lossAndGradients(batch, network.upload(shared)));
      let offset = 0;
      for (const tensor of tensors) {
        const values = tensor.dataSync();
        tensor.dispose();
        place.set(values, offset);
        offset += values.length;
      }
    },
    update(shares, learningRate) {
      meanOfShares(places, shares, mean);
      adam ??= new SharedAdam(shared, clipNorm, weightDecay);
      adam.step(mean.subarray(1), learningRate);
      return mean[0];
    },
    dispose: free,
  };
}
