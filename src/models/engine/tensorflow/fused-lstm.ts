import type { HeldTensor, OpAttribute, Tensor, Tfjs } from './tfjs.ts';

/**
 * LSTMs over whole sequences, each one native op forward and one backward, differentiable by TensorFlow.js. All are
 * time-major; `kernel` is `[inputs + H x 4H]` (input rows, then recurrent rows) and `bias` `[4H]`, gates in
 * TensorFlow's order, no peepholes, states 0 at the start.
 */
export interface FusedLstm {
  /** Rows `[T x B x I]` to the last hidden state `[B x H]`; gives no gradient of the rows. */
  encode(rows: Tensor, kernel: Tensor, bias: Tensor): Tensor;
  /** The same input `[B x I]` at each of `steps` steps to all hidden states `[T x B x H]`. */
  decode(input: Tensor, kernel: Tensor, bias: Tensor, steps: number): Tensor;
}

/** Outputs of BlockLSTMV2 (input, cell, forget, output, candidate, tanh of cell, hidden) and of its gradient. */
const FORWARD_OUTPUTS = 7;
const HIDDEN = 6;
const CELL = 1;
const GRADIENT_OUTPUTS = 8;

export function createFusedLstm(tf: Tfjs): FusedLstm {
  const backend = tf.backend();
  const { binding } = backend;
  const float: OpAttribute = { name: 'T', type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT };
  const noPeephole: OpAttribute = { name: 'use_peephole', type: binding.TF_ATTR_BOOL, value: false };
  const noClip: OpAttribute = { name: 'cell_clip', type: binding.TF_ATTR_FLOAT, value: 0 };
  const lengths = new Map<number, HeldTensor>();

  /**
   * The number of steps as the int64 scalar that the op wants. The binding's own Int64Scalar makes a native tensor at
   * every call and never frees it, so each length is made once and kept.
   */
  const lengthOf = (steps: number): HeldTensor => {
    const known = lengths.get(steps);
    if (known !== undefined) return known;
    const id = binding.createTensor([], binding.TF_INT64, new Int32Array([steps, 0]));
    const held = { dataId: {} };
    backend.tensorMap.set(held.dataId, { shape: [], dtype: binding.TF_INT64, id, values: null, refCount: 1 });
    lengths.set(steps, held);
    return held;
  };

  /** The inputs that the op and its gradient have in common. */
  const inputsOf = (rows: Tensor, kernel: Tensor, bias: Tensor): (Tensor | HeldTensor)[] => {
    const [steps, batch] = rows.shape;
    const hidden = bias.shape[0] / 4;
    const state = tf.zeros([batch, hidden]);
    const peephole = tf.zeros([hidden]);
    return [lengthOf(steps), rows, state, state, kernel, peephole, peephole, peephole, bias];
  };

  const forward = (rows: Tensor, kernel: Tensor, bias: Tensor): Tensor[] =>
    backend.executeMultipleOutputs(
      'BlockLSTMV2',
      [noClip, noPeephole, float],
      inputsOf(rows, kernel, bias),
      FORWARD_OUTPUTS,
    );

  /** Gradients of the rows, the kernel and the bias from that of all hidden states. */
  const backward = (
    rows: Tensor,
    kernel: Tensor,
    bias: Tensor,
    outputs: readonly Tensor[],
    hiddenGradient: Tensor,
  ): [rows: Tensor, kernel: Tensor, bias: Tensor] => {
    const gradients = backend.executeMultipleOutputs(
      'BlockLSTMGradV2',
      [noPeephole, float],
      [...inputsOf(rows, kernel, bias), ...outputs, tf.zerosLike(outputs[CELL]), hiddenGradient],
      GRADIENT_OUTPUTS,
    );
    return [gradients[0], gradients[3], gradients[7]];
  };

  const repeat = (input: Tensor, steps: number): Tensor =>
    tf.tile(tf.reshape(input, [1, ...input.shape]), [steps, 1, 1]);

  return {
    encode(rows, kernel, bias) {
      const [steps, batch] = rows.shape;
      const hidden = bias.shape[0] / 4;
      return tf.customGrad<[Tensor, Tensor]>((kernel, bias, save) => {
        const outputs = forward(rows, kernel, bias);
        save([kernel, bias, ...outputs]);
        return {
          value: tf.reshape(tf.slice(outputs[HIDDEN], [steps - 1, 0, 0], [1, batch, hidden]), [
            batch,
            hidden,
          ]),
          gradFunc: (upstream, [kernel, bias, ...outputs]) => {
            const all = tf.pad(tf.reshape(upstream, [1, batch, hidden]), [
              [steps - 1, 0],
              [0, 0],
              [0, 0],
            ]);
            return backward(rows, kernel, bias, outputs, all).slice(1);
          },
        };
      })(kernel, bias);
    },
    decode(input, kernel, bias, steps) {
      return tf.customGrad<[Tensor, Tensor, Tensor]>((input, kernel, bias, save) => {
        const outputs = forward(repeat(input, steps), kernel, bias);
        save([input, kernel, bias, ...outputs]);
        return {
          value: outputs[HIDDEN],
          gradFunc: (upstream, [input, kernel, bias, ...outputs]) => {
            const gradients = backward(repeat(input, steps), kernel, bias, outputs, upstream);
            return [tf.sum(gradients[0], 0), gradients[1], gradients[2]];
          },
        };
      })(input, kernel, bias);
    },
  };
}
