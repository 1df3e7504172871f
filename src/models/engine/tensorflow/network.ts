import { type LstmAutoencoderSpec, weightShapes } from '../../spec.ts';
import type { FusedLstm } from './fused-lstm.ts';
import type { Tensor, Tfjs } from './tfjs.ts';

/** A network on TensorFlow. */
export interface Network {
  /** Cuts the flat weights into the tensors that {@link reconstruct} takes; end to end they are `flat` again. */
  parameters(flat: Tensor): Tensor[];
  /** The same tensors from flat weights in this process's memory, shared or not. */
  upload(flat: Float32Array): Tensor[];
  /** Scaled rows `[T x B x C]` to their reconstruction, same shape, order and scale. Differentiable in `parameters`. */
  reconstruct(rows: Tensor, parameters: readonly Tensor[]): Tensor;
  /** How many windows to take at once, so that the activations of both LSTMs stay within {@link ACTIVATION_BYTES}. */
  readonly chunk: number;
}

/** Larger batches gain nothing on the CPU (measured: `docs/gpu.md`) and their memory would grow with the caller's batch. */
const ACTIVATION_BYTES = 256 * 1024 * 1024;

export function createNetwork(tf: Tfjs, lstm: FusedLstm, spec: LstmAutoencoderSpec): Network {
  const { window, channels, hidden } = spec;
  const shapes = parameterShapes(spec);
  const sizes = shapes.map((shape) => shape.reduce((product, dimension) => product * dimension, 1));

  return {
    // Seven outputs of `[T x B x H]` floats an LSTM.
    chunk: Math.max(1, Math.floor(ACTIVATION_BYTES / (2 * 7 * window * hidden * 4))),
    parameters: (flat) => tf.split(flat, sizes).map((part, k) => tf.reshape(part, shapes[k])),
    upload(flat) {
      let offset = 0;
      return shapes.map((shape, k) => {
        const start = offset;
        offset += sizes[k];
        // Shared memory cannot be handed to the binding.
        return tf.tensor(flat.slice(start, offset), shape);
      });
    },
    reconstruct(rows, parameters) {
      const left = [...parameters];
      const next = (): Tensor => left.shift() as Tensor;
      const last = lstm.encode(rows, next(), next());
      const latent = spec.latent === null ? last : tf.add(tf.matMul(last, next()), next());
      const states = lstm.decode(latent, next(), next(), window);
      const batch = rows.shape[1];
      const written = tf.add(tf.matMul(tf.reshape(states, [window * batch, hidden]), next()), next());
      const inSteps = tf.reshape(written, [window, batch, channels]);
      return spec.reverse ? tf.reverse(inSteps, 0) : inSteps;
    },
  };
}

/**
 * The shapes of `weightShapes` with each LSTM's input and recurrent weights as the one kernel that the fused op takes:
 * they follow each other, so that the flat weights need no copy.
 */
function parameterShapes(spec: LstmAutoencoderSpec): readonly (readonly number[])[] {
  const shapes: (readonly number[])[] = [];
  for (const { name, shape } of weightShapes(spec)) {
    if (!name.endsWith('.recurrent')) {
      shapes.push(shape);
      continue;
    }
    const [inputs, gates] = shapes.pop() as readonly number[];
    shapes.push([inputs + shape[0], gates]);
  }
  return shapes;
}
