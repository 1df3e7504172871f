import type { GruAutoencoderSpec, LstmAutoencoderSpec, WeightShape } from '../../spec.ts';
import type { Value } from '../graph/graph.ts';
import { BACKWARD, type Direction, FORWARD } from '../graph/scan.ts';
import { dense, denseShapes } from './dense.ts';
import type { Form, NamedValues, Network } from './network.ts';

/** `input` `[I x gates*H]`, `recurrent` `[H x gates*H]` and `bias` `[gates*H]`, in the cell's own order of gates. */
export interface CellWeights {
  readonly input: Value;
  readonly recurrent: Value;
  readonly bias: Value;
}

/** The two ways in which a network uses a recurrent cell, apart from how a graph computes them. */
export interface RecurrentLayers {
  /** Over time-major rows `[T*B x I]`: the hidden state after the last, `[B x H]`. */
  read(rows: Value, steps: number, weights: CellWeights): Value;
  /** With the same input `[B x I]` at each step: all hidden states `[T*B x H]`, in the given order of steps. */
  write(input: Value, steps: number, weights: CellWeights, order: Direction): Value;
}

interface Cell {
  /** Blocks of H columns in its weights. */
  readonly gates: number;
  /** How its bias starts. */
  readonly bias: WeightShape['start'];
  readonly layers: Readonly<Record<Form, RecurrentLayers>>;
}

/** The parameters of a recurrent layer; see {@link CellWeights}. */
export function cellShapes(
  name: string,
  { inputs, hidden, gates, bias }: Pick<Cell, 'gates' | 'bias'> & { inputs: number; hidden: number },
): readonly WeightShape[] {
  const columns = gates * hidden;
  return [
    { name: `${name}.input`, shape: [inputs, columns], start: 'kernel' },
    { name: `${name}.recurrent`, shape: [hidden, columns], start: 'recurrent' },
    { name: `${name}.bias`, shape: [columns], start: bias },
  ];
}

export function cellWeights(weights: NamedValues, name: string): CellWeights {
  return {
    input: weights[`${name}.input`],
    recurrent: weights[`${name}.recurrent`],
    bias: weights[`${name}.bias`],
  };
}

/** An autoencoder of one recurrent cell, as {@link LstmAutoencoderSpec} describes it. */
export function recurrentAutoencoder(cell: Cell): Network<LstmAutoencoderSpec | GruAutoencoderSpec> {
  return {
    sizes: ({ window, channels, hidden, latent }) => ({
      window,
      channels,
      hidden,
      ...(latent === null ? {} : { latent }),
    }),
    weightShapes: ({ channels, hidden, latent }) => [
      ...cellShapes('encoder', { ...cell, hidden, inputs: channels }),
      ...(latent === null ? [] : denseShapes('latent', hidden, latent)),
      ...cellShapes('decoder', { ...cell, hidden, inputs: latent ?? hidden }),
      ...denseShapes('output', hidden, channels),
    ],
    reconstruct(spec, weights, rows, form) {
      const layers = cell.layers[form];
      const last = layers.read(rows, spec.window, cellWeights(weights, 'encoder'));
      const latent = spec.latent === null ? last : dense(last, weights, 'latent');
      const order = spec.reverse ? BACKWARD : FORWARD;
      return dense(
        layers.write(latent, spec.window, cellWeights(weights, 'decoder'), order),
        weights,
        'output',
      );
    },
  };
}
