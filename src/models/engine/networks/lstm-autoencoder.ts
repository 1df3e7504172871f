import type { LstmAutoencoderSpec } from '../../spec.ts';
import type { Value } from '../graph/graph.ts';
import { add, concat, matmul, multiply, sigmoid, split, splitAt, tanh } from '../graph/operators.ts';

/**
 * The network forward, on time-major rows: `rows` is `[T*B x C]`, first all assets' first rows. Gives the
 * reconstruction in the same order and scale. `weights` go by the names of `weightShapes`.
 */
export function lstmAutoencoder(
  spec: LstmAutoencoderSpec,
  weights: Readonly<Record<string, Value>>,
  rows: Value,
): Value {
  const gates = add(matmul(rows, weights['encoder.input']), weights['encoder.bias']);
  const states = lstm(split(gates, spec.window, 0), weights['encoder.recurrent']);
  const last = states[states.length - 1];
  const latent =
    spec.latent === null ? last : add(matmul(last, weights['latent.kernel']), weights['latent.bias']);

  // Every step of the decoder has the same input, so it meets its weights once.
  const constant = add(matmul(latent, weights['decoder.input']), weights['decoder.bias']);
  const written = lstm(Array<Value>(spec.window).fill(constant), weights['decoder.recurrent']);
  const inOrder = spec.reverse ? written.slice().reverse() : written;
  return add(matmul(concat(inOrder, 0), weights['output.kernel']), weights['output.bias']);
}

/** Hidden states `[B x H]` of every step, from each step's input gates `[B x 4H]` (i f o g). */
function lstm(inputGates: readonly Value[], recurrent: Value): readonly Value[] {
  const hidden = Number(recurrent.shape[0]);
  const states: Value[] = [];
  let cell: Value | null = null;
  for (const [step, inputs] of inputGates.entries()) {
    const gates = step === 0 ? inputs : add(inputs, matmul(states[step - 1], recurrent));
    const [logistic, candidate] = splitAt(gates, [3 * hidden, hidden], 1);
    const [input, forget, output] = split(sigmoid(logistic), 3, 1);
    const fresh: Value = multiply(input, tanh(candidate));
    cell = cell === null ? fresh : add(multiply(forget, cell), fresh);
    states.push(multiply(output, tanh(cell)));
  }
  return states;
}
