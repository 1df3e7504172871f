import { apply, type Value } from '../graph/graph.ts';
import {
  add,
  affine,
  concat,
  multiply,
  repeat,
  reshape,
  sigmoid,
  split,
  splitAt,
  tanh,
  transpose,
  zeros,
} from '../graph/operators.ts';
import { type Direction, FORWARD, type ScanResult, scan } from '../graph/scan.ts';
import type { CellWeights, RecurrentLayers } from './recurrent-autoencoder.ts';

/*
 * Two forms for scoring, forward only, for weights that are constants of the graph. In percent of the speed of a large
 * matrix product, the reference network (T 32, C 8, H 64) on one core, batch 16 / 64 / 128 / 256, measured in turns:
 * - ONNX's LSTM operator for both layers 39 / 43 / 40 / 35, and at batch 1 four times as fast as scans: it multiplies
 *   the decoder's constant input at every step, and its gates of all steps pass through memory;
 * - the operator to read and a scan to write 38 / 49 / 45 / 47;
 * - scans for both 30 / 51 / 54 / 58, loaded in some milliseconds for any number of rows.
 * Within 3 percent of the scans or slower: one product for all gates and a split, or for three, tanh in the place of
 * every sigmoid, the state kept as `[H x B]`, steps unrolled by 2 to 32, a fixed batch, denormals as zero. The products
 * and the activations alone take four fifths of the time.
 */

/** The LSTM operator for both layers: best for a few windows. */
export const smallBatchLstm: RecurrentLayers = {
  read: (rows, steps, weights) => {
    const sequence = reshape(rows, [steps, { batches: 1 }, rows.shape[1]]);
    return reshape(lstmOperator(sequence, weights, FORWARD).last, [{ batches: 1 }, hiddenOf(weights)]);
  },
  write(input, steps, weights, order) {
    const sequence = repeat(input, steps);
    return reshape(lstmOperator(sequence, weights, order).all, [{ batches: steps }, hiddenOf(weights)]);
  },
};

/**
 * Scans with a product a gate, into which the runtime fuses the addition and the activation, and nothing is ever split:
 * best for many windows, as all that a step touches stays near the core.
 */
export const largeBatchLstm: RecurrentLayers = {
  read: (rows, steps, weights) => readingScan(rows, steps, weights, () => []).final[0],
  /** The constant input is multiplied once. */
  write(input, steps, weights, order) {
    const hidden = hiddenOf(weights);
    const recurrents = split(weights.recurrent, 4, 1);
    const biases = split(weights.bias, 4, 0);
    const constant = split(weights.input, 4, 1).map((kernel, gate) => affine(input, kernel, biases[gate]));
    const start = zeros(input, hidden);
    const { stacks } = scan(
      { steps, initial: [start, start], sequences: [], written: order },
      ([state, cell]) => {
        const gates = constant.map((added, gate) => affine(state, recurrents[gate], added));
        const states = nextStates(gates, cell);
        return { states, outputs: [states[0]] };
      },
    );
    return reshape(stacks[0], [{ batches: steps }, hidden]);
  },
};

/** {@link operatorStates} as a scan, for many windows. */
export function scanStates(rows: Value, steps: number, weights: CellWeights): Value {
  const { stacks } = readingScan(rows, steps, weights, (before) => [before]);
  return reshape(stacks[0], [{ batches: steps }, hiddenOf(weights)]);
}

/**
 * A scan over time-major rows that stacks what `output` makes of the hidden state before each. State and row are one
 * operand of the product: what the rows add to the gates, computed ahead, would pass through memory.
 */
function readingScan(
  rows: Value,
  steps: number,
  weights: CellWeights,
  output: (before: Value) => readonly Value[],
): ScanResult {
  const kernels = split(concat([weights.recurrent, weights.input], 0), 4, 1);
  const biases = split(weights.bias, 4, 0);
  const channels = Number(rows.shape[1]);
  const sequences = [reshape(rows, [steps, { batches: 1 }, channels])];
  const start = zeros(reshape(rows, [{ batches: 1 }, steps * channels]), hiddenOf(weights));
  const options = { steps, initial: [start, start], sequences, written: FORWARD };
  return scan(options, ([state, cell], [row]) => {
    const seen = concat([state, row], 1);
    const gates = kernels.map((kernel, gate) => affine(seen, kernel, biases[gate]));
    return { states: nextStates(gates, cell), outputs: output(state) };
  });
}

/** Hidden and cell state from the four gates before their activations. */
function nextStates([i, f, o, g]: readonly Value[], cell: Value): readonly [Value, Value] {
  const next = add(multiply(sigmoid(f), cell), multiply(sigmoid(i), tanh(g)));
  return [multiply(sigmoid(o), tanh(next)), next];
}

/** The hidden states `[T*B x H]` before each of the time-major rows `[T*B x I]`, zeros before the first. */
export function operatorStates(rows: Value, steps: number, weights: CellWeights): Value {
  const hidden = hiddenOf(weights);
  const sequence = reshape(rows, [steps, { batches: 1 }, rows.shape[1]]);
  const [earlier, last] = steps === 1 ? [null, sequence] : splitAt(sequence, [steps - 1, 1], 0);
  const start = zeros(reshape(last, [{ batches: 1 }, rows.shape[1]]), hidden);
  if (earlier === null) return start;
  const { all } = lstmOperator(earlier, weights, FORWARD);
  const after = reshape(all, [steps - 1, { batches: 1 }, hidden]);
  const before = concat([reshape(start, [1, { batches: 1 }, hidden]), after], 0);
  return reshape(before, [{ batches: steps }, hidden]);
}

/** `sequence` `[T x B x I]`; a backward one starts at its end. Gives `all` states `[T x 1 x B x H]` in the sequence's order. */
function lstmOperator(
  sequence: Value,
  weights: CellWeights,
  direction: Direction,
): { readonly all: Value; readonly last: Value } {
  const hidden = hiddenOf(weights);
  const gates = 4 * hidden;
  const noBias = sequence.graph.constant(new Float32Array(gates), [gates]);
  const bias = reshape(concat([...operatorGates(weights.bias, 0), noBias], 0), [1, 2 * gates]);
  const state = [1, { batches: 1 }, hidden];
  const [all, last] = apply(
    'LSTM',
    [sequence, operatorKernel(weights.input), operatorKernel(weights.recurrent), bias],
    [[sequence.shape[0], ...state], state],
    { hidden_size: hidden, direction: direction === FORWARD ? 'forward' : 'reverse' },
  );
  return { all, last };
}

/** `[I x 4H]` in our gate order to `[1 x 4H x I]` in the LSTM operator's, which is i o f g. */
function operatorKernel(kernel: Value): Value {
  const [inputs, gates] = kernel.shape;
  return reshape(transpose(concat(operatorGates(kernel, 1), 1), [1, 0]), [1, gates, inputs]);
}

function operatorGates(weight: Value, axis: number): readonly Value[] {
  const [i, f, o, g] = split(weight, 4, axis);
  return [i, o, f, g];
}

function hiddenOf({ recurrent }: CellWeights): number {
  return Number(recurrent.shape[0]);
}
