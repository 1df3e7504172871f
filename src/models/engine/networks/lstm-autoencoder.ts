import type { LstmAutoencoderSpec } from '../../spec.ts';
import type { Value } from '../graph/graph.ts';
import { affine } from '../graph/operators.ts';
import { BACKWARD, FORWARD } from '../graph/scan.ts';
import type { LstmLayers, LstmWeights } from './lstm-layers.ts';

/**
 * The network forward, on time-major rows: `rows` is `[T*B x C]`, first all windows' first rows. Gives the
 * reconstruction in the same order and scale. `weights` go by the names of `weightShapes`.
 */
export function lstmAutoencoder(
  spec: LstmAutoencoderSpec,
  weights: Readonly<Record<string, Value>>,
  rows: Value,
  layers: LstmLayers,
): Value {
  const lstm = (name: string): LstmWeights => ({
    input: weights[`${name}.input`],
    recurrent: weights[`${name}.recurrent`],
    bias: weights[`${name}.bias`],
  });
  const dense = (x: Value, name: string): Value =>
    affine(x, weights[`${name}.kernel`], weights[`${name}.bias`]);

  const last = layers.read(rows, spec.window, lstm('encoder'));
  const latent = spec.latent === null ? last : dense(last, 'latent');
  const states = layers.write(latent, spec.window, lstm('decoder'), spec.reverse ? BACKWARD : FORWARD);
  return dense(states, 'output');
}
