import { apply, type Value } from '../graph/graph.ts';
import {
  add,
  affine,
  concat,
  matmul,
  multiply,
  repeat,
  reshape,
  sigmoid,
  split,
  subtract,
  tanh,
  transpose,
  zeros,
} from '../graph/operators.ts';
import { type Direction, FORWARD, scan } from '../graph/scan.ts';
import type { CellWeights, RecurrentLayers } from './recurrent-autoencoder.ts';

/*
 * Two forms. Windows a second of an autoencoder of T 32, C 8, H 64 and latent 16 on one core, batch 1 / 16 / 64 / 128:
 * - ONNX's GRU operator for both layers 17,900 / 38,300 / 38,800 / 38,600;
 * - scans with a product a gate 4,100 / 33,700 / 56,300 / 62,500, with one product and splits 3,000 / 28,100 / 48,200 /
 *   54,000, and with these it trained 2 to 8 % slower too;
 * - the operator to read and a scan to write in between.
 */

/** In operators that have gradients, and best for many windows. */
export const gruScan: RecurrentLayers = {
  read(rows, steps, weights) {
    const hidden = hiddenOf(weights);
    const sequences = inputsOf(rows, weights).map((input) => {
      return reshape(input, [steps, { batches: 1 }, hidden]);
    });
    const start = zeros(split(rows, steps, 0)[0], hidden);
    const step = stepOf(weights);
    const { final } = scan({ steps, initial: [start], sequences, written: FORWARD }, ([state], inputs) => ({
      states: [step(state, inputs)],
      outputs: [],
    }));
    return final[0];
  },
  write(input, steps, weights, order) {
    const hidden = hiddenOf(weights);
    const inputs = inputsOf(input, weights);
    const step = stepOf(weights);
    const initial = [zeros(input, hidden)];
    const { stacks } = scan({ steps, initial, sequences: [], written: order }, ([state]) => {
      const next = step(state, inputs);
      return { states: [next], outputs: [next] };
    });
    return reshape(stacks[0], [{ batches: steps }, hidden]);
  },
};

/** What the input adds to each gate. */
function inputsOf(input: Value, { input: kernel, bias }: CellWeights): readonly Value[] {
  const biases = split(bias, 3, 0);
  return split(kernel, 3, 1).map((part, gate) => affine(input, part, biases[gate]));
}

function stepOf({ recurrent }: CellWeights): (state: Value, inputs: readonly Value[]) => Value {
  const [recurrentZ, recurrentR, recurrentN] = split(recurrent, 3, 1);
  return (state, [inputZ, inputR, inputN]) => {
    const z = sigmoid(affine(state, recurrentZ, inputZ));
    const r = sigmoid(affine(state, recurrentR, inputR));
    const candidate = tanh(add(inputN, multiply(r, matmul(state, recurrentN))));
    return add(candidate, multiply(z, subtract(state, candidate)));
  };
}

/** ONNX's operator for both layers, for weights that are constants of the graph: best for a few windows. */
export const gruOperator: RecurrentLayers = {
  read: (rows, steps, weights) => {
    const sequence = reshape(rows, [steps, { batches: 1 }, rows.shape[1]]);
    return reshape(operator(sequence, weights, FORWARD).last, [{ batches: 1 }, hiddenOf(weights)]);
  },
  write(input, steps, weights, order) {
    const { all } = operator(repeat(input, steps), weights, order);
    return reshape(all, [{ batches: steps }, hiddenOf(weights)]);
  },
};

/** `sequence` `[T x B x I]`; a backward one starts at its end. Gives `all` states `[T x 1 x B x H]` in the sequence's order. */
function operator(
  sequence: Value,
  weights: CellWeights,
  direction: Direction,
): { readonly all: Value; readonly last: Value } {
  const hidden = hiddenOf(weights);
  const columns = 3 * hidden;
  const noBias = sequence.graph.constant(new Float32Array(columns), [columns]);
  const bias = reshape(concat([weights.bias, noBias], 0), [1, 2 * columns]);
  const state = [1, { batches: 1 }, hidden];
  const [all, last] = apply(
    'GRU',
    [sequence, operatorKernel(weights.input), operatorKernel(weights.recurrent), bias],
    [[sequence.shape[0], ...state], state],
    {
      hidden_size: hidden,
      direction: direction === FORWARD ? 'forward' : 'reverse',
      linear_before_reset: 1,
    },
  );
  return { all, last };
}

/** `[I x 3H]` to `[1 x 3H x I]`; the operator has its gates in our order. */
function operatorKernel(kernel: Value): Value {
  const [inputs, columns] = kernel.shape;
  return reshape(transpose(kernel, [1, 0]), [1, columns, inputs]);
}

function hiddenOf({ recurrent }: CellWeights): number {
  return Number(recurrent.shape[0]);
}
