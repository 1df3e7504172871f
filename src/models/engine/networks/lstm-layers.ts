import type { Value } from '../graph/graph.ts';
import {
  add,
  affine,
  concat,
  multiply,
  reshape,
  sigmoid,
  split,
  splitAt,
  tanh,
  transpose,
} from '../graph/operators.ts';

/** `input` `[I x 4H]`, `recurrent` `[H x 4H]`, `bias` `[4H]`, gates in the order i f o g. */
export interface LstmWeights {
  readonly input: Value;
  readonly recurrent: Value;
  readonly bias: Value;
}

/** The two ways in which a network uses an LSTM, apart from how a graph computes them. */
export interface LstmLayers {
  /** Over time-major rows `[T*B x I]`: the hidden state after the last, `[B x H]`. */
  read(rows: Value, steps: number, weights: LstmWeights): Value;
  /** With the same input `[B x I]` at each step: the hidden states of all steps, `[B x H]` each. */
  write(input: Value, steps: number, weights: LstmWeights): readonly Value[];
}

/** Step by step in operators that have gradients. */
export const unrolledLstm: LstmLayers = {
  read(rows, steps, weights) {
    const inputs = split(affine(rows, weights.input, weights.bias), steps, 0);
    return unroll(inputs, weights.recurrent)[steps - 1];
  },
  write(input, steps, weights) {
    const constant = affine(input, weights.input, weights.bias);
    return unroll(Array<Value>(steps).fill(constant), weights.recurrent);
  },
};

/** All four gates are one product, and i f o share one sigmoid: the fewest nodes forward and backward. */
function unroll(inputs: readonly Value[], recurrent: Value): readonly Value[] {
  const hidden = Number(recurrent.shape[0]);
  const states: Value[] = [];
  let cell: Value | null = null;
  for (const [step, input] of inputs.entries()) {
    const gates = step === 0 ? input : affine(states[step - 1], recurrent, input);
    const [logistic, candidate] = splitAt(gates, [3 * hidden, hidden], 1);
    const [i, f, o] = split(sigmoid(logistic), 3, 1);
    const fresh: Value = multiply(i, tanh(candidate));
    cell = cell === null ? fresh : add(multiply(f, cell), fresh);
    states.push(multiply(o, tanh(cell)));
  }
  return states;
}

/**
 * The fastest forward pass that measurement found, for weights that are constants of the graph.
 *
 * Windows a second of the reference network on one core, batch 1 / 16 / 64 / 128 / 256: the LSTM operator for both
 * layers 17,500 / 43,900 / 45,700 / 45,600 / 44,200, as the operator multiplies the decoder's constant input at every
 * step; both unrolled with four products a step 4,800 / 35,100 / 51,300 / 55,600 / 58,700; this 8,300 / 44,100 /
 * 54,100 / 57,600 / 56,700. A product a step with a split of its result: 10 to 15 % behind. State kept as
 * `[H x B]`: the same.
 */
export const fusedLstm: LstmLayers = {
  read(rows, steps, weights) {
    const [hidden, inputs] = [Number(weights.recurrent.shape[0]), rows.shape[1]];
    const { graph } = rows;
    const sequence = reshape(rows, [steps, { batches: 1 }, inputs]);
    const shape = [1, { batches: 1 }, hidden];
    const outputs = graph.node(
      'LSTM',
      [
        sequence,
        operatorKernel(weights.input),
        operatorKernel(weights.recurrent),
        reshape(
          concat(
            [...operatorGates(weights.bias, 0), graph.constant(new Float32Array(4 * hidden), [4 * hidden])],
            0,
          ),
          [1, 8 * hidden],
        ),
      ],
      [[steps, ...shape], shape],
      { hidden_size: hidden },
    );
    return reshape(outputs[1], [{ batches: 1 }, hidden]);
  },
  /** A product a gate, into which the runtime fuses the addition and the activation, and nothing is ever split. */
  write(input, steps, weights) {
    const recurrents = split(weights.recurrent, 4, 1);
    const biases = split(weights.bias, 4, 0);
    const constant = split(weights.input, 4, 1).map((kernel, gate) => affine(input, kernel, biases[gate]));
    const states: Value[] = [];
    let cell: Value | null = null;
    for (let step = 0; step < steps; step++) {
      const [i, f, o, g] =
        step === 0
          ? constant
          : constant.map((added, gate) => affine(states[step - 1], recurrents[gate], added));
      const fresh: Value = multiply(sigmoid(i), tanh(g));
      cell = cell === null ? fresh : add(multiply(sigmoid(f), cell), fresh);
      states.push(multiply(sigmoid(o), tanh(cell)));
    }
    return states;
  },
};

/** `[I x 4H]` in our gate order to `[1 x 4H x I]` in the LSTM operator's, which is i o f g. */
function operatorKernel(kernel: Value): Value {
  const [inputs, gates] = kernel.shape;
  return reshape(transpose(concat(operatorGates(kernel, 1), 1), [1, 0]), [1, gates, inputs]);
}

function operatorGates(weight: Value, axis: number): readonly Value[] {
  const [i, f, o, g] = split(weight, 4, axis);
  return [i, o, f, g];
}
