import type { Residuals } from '../../engine.ts';
import type { FusedLstm } from './fused-lstm.ts';
import { createNetwork } from './network.ts';
import type { Arguments } from './protocol.ts';
import { readTensor } from './read-tensor.ts';
import type { Tensor, Tfjs } from './tfjs.ts';

/** Fixed weights in the worker's hands; batches as in `ScoringSession`, and they block. */
export interface ScorerModel {
  score(windows: Float32Array, batch: number): Residuals;
  reconstruct(windows: Float32Array, batch: number): Float32Array;
  dispose(): void;
}

export function createScorerModel(
  tf: Tfjs,
  lstm: FusedLstm,
  model: Arguments<'create_scoring'>,
): ScorerModel {
  const { spec, clip } = model;
  const { window, channels } = spec;
  const network = createNetwork(tf, lstm, spec);
  const center = tf.tensor(model.center, [channels]);
  const scale = tf.tensor(model.scale, [channels]);
  const zero = tf.scalar(0);
  const parameters = tf.tidy(() => network.parameters(tf.tensor(model.weights, [model.weights.length])));

  /** Windows `[B x T x C]` in raw units to scaled rows `[T x B x C]`: missing is 0, the rest clipped. */
  const scaledRows = (windows: Float32Array, batch: number): Tensor => {
    const raw = tf.transpose(tf.tensor(windows, [batch, window, channels]), [1, 0, 2]);
    const scaled = tf.div(tf.sub(raw, center), scale);
    return tf.clipByValue(tf.where(tf.isNaN(raw), zero, scaled), -clip, clip);
  };

  /** Calls `take` with each chunk's windows, its first window and its size. */
  const chunked = (
    windows: Float32Array,
    batch: number,
    take: (windows: Float32Array, first: number, size: number) => void,
  ): void => {
    const values = window * channels;
    for (let first = 0; first < batch; first += network.chunk) {
      const size = Math.min(network.chunk, batch - first);
      take(windows.subarray(first * values, (first + size) * values), first, size);
    }
  };

  return {
    score(windows, batch) {
      const lastResidual = new Float32Array(batch * channels);
      const squaredError = new Float32Array(batch * channels);
      chunked(windows, batch, (part, first, size) => {
        // One tensor holds both results: every read waits for the device.
        const both = readTensor(tf, () => {
          const rows = scaledRows(part, size);
          const residual = tf.sub(rows, network.reconstruct(rows, parameters));
          const last = tf.reshape(tf.slice(residual, [window - 1, 0, 0], [1, size, channels]), [
            size,
            channels,
          ]);
          return tf.concat([last, tf.mean(tf.square(residual), 0)], 0);
        });
        lastResidual.set(both.subarray(0, size * channels), first * channels);
        squaredError.set(both.subarray(size * channels), first * channels);
      });
      return { lastResidual, squaredError };
    },
    reconstruct(windows, batch) {
      const result = new Float32Array(batch * window * channels);
      chunked(windows, batch, (part, first, size) => {
        const values = readTensor(tf, () => {
          const reconstructed = network.reconstruct(scaledRows(part, size), parameters);
          return tf.transpose(tf.add(tf.mul(reconstructed, scale), center), [1, 0, 2]);
        });
        result.set(values, first * window * channels);
      });
      return result;
    },
    dispose() {
      for (const tensor of [center, scale, zero, ...parameters]) tensor.dispose();
    },
  };
}
