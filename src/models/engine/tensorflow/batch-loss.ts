import type { LstmAutoencoderSpec } from '../../spec.ts';
import type { Network } from './network.ts';
import type { TrainingBatch } from './protocol.ts';
import type { Tensor, Tfjs } from './tfjs.ts';

/** The mean squared error of a batch. Both give tensors of the caller's `tidy`. */
export interface BatchLoss {
  loss(batch: TrainingBatch, parameters: readonly Tensor[]): Tensor;
  /** The loss and, after it, the gradient of each parameter. */
  lossAndGradients(batch: TrainingBatch, parameters: readonly Tensor[]): readonly Tensor[];
}

export function createBatchLoss(
  tf: Tfjs,
  network: Network,
  { window, channels }: LstmAutoencoderSpec,
): BatchLoss {
  const values = window * channels;

  /** Derived from the elementary ops, its gradient would be five passes over the residuals instead of one. */
  const meanSquare = tf.customGrad<[Tensor]>((residual, save) => {
    save([residual]);
    const size = residual.shape.reduce((product, dimension) => product * dimension, 1);
    return {
      value: tf.mean(tf.square(residual)),
      gradFunc: (upstream, [residual]) => [tf.mul(residual, tf.mul(upstream, 2 / size))],
    };
  });
  const lossOf = (input: Tensor, target: Tensor, parameters: readonly Tensor[]): Tensor =>
    meanSquare(tf.sub(network.reconstruct(input, parameters), target));

  /**
   * The means over the batch's windows of what `compute` gives for time-major rows, taken chunk by chunk so that the
   * activations of one chunk only are alive.
   */
  const meansOver = (
    batch: TrainingBatch,
    compute: (input: Tensor, target: Tensor) => readonly Tensor[],
  ): readonly Tensor[] => {
    let sums: readonly Tensor[] | null = null;
    for (let from = 0; from < batch.batch; from += network.chunk) {
      const size = Math.min(network.chunk, batch.batch - from);
      const rows = (windows: Float32Array): Tensor => {
        const part = windows.subarray(from * values, (from + size) * values);
        return tf.transpose(tf.tensor(part, [size, window, channels]), [1, 0, 2]);
      };
      const parts = tf.tidy(() => {
        const input = rows(batch.input);
        const means = compute(input, batch.target === null ? input : rows(batch.target));
        return size === batch.batch ? means : means.map((mean) => tf.mul(mean, size / batch.batch));
      });
      sums = sums === null ? parts : sums.map((sum, k) => tf.add(sum, parts[k]));
    }
    if (sums === null) throw new Error('a batch to train on needs at least one window');
    return sums;
  };

  return {
    loss: (batch, parameters) => meansOver(batch, (input, target) => [lossOf(input, target, parameters)])[0],
    lossAndGradients: (batch, parameters) =>
      meansOver(batch, (input, target) => {
        const differentiate = tf.valueAndGrads((...inputs) => lossOf(input, target, inputs));
        const { value, grads } = differentiate(parameters);
        return [value, ...grads];
      }),
  };
}
