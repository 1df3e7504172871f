import type { GruAutoencoderSpec, LstmAutoencoderSpec, WeightShape } from '../../spec.ts';
import type { Value } from '../graph/graph.ts';
import { BACKWARD, type Direction, FORWARD } from '../graph/scan.ts';
import { dense, denseShapes } from './dense.ts';
import type { Form, Network } from './network.ts';

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

export interface Cell {
  /** Blocks of H columns in its weights. */
  readonly gates: number;
  /** How its bias starts. */
  readonly bias: WeightShape['start'];
  readonly layers: Readonly<Record<Form, RecurrentLayers>>;
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
    weightShapes({ channels, hidden, latent }) {
      const columns = cell.gates * hidden;
      const cellShapes = (name: string, inputs: number): readonly WeightShape[] => [
        { name: `${name}.input`, shape: [inputs, columns], start: 'kernel' },
        { name: `${name}.recurrent`, shape: [hidden, columns], start: 'recurrent' },
        { name: `${name}.bias`, shape: [columns], start: cell.bias },
      ];
      return [
        ...cellShapes('encoder', channels),
        ...(latent === null ? [] : denseShapes('latent', hidden, latent)),
        ...cellShapes('decoder', latent ?? hidden),
        ...denseShapes('output', hidden, channels),
      ];
    },
    reconstruct(spec, weights, rows, form) {
      const layers = cell.layers[form];
      const weightsOf = (name: string): CellWeights => ({
        input: weights[`${name}.input`],
        recurrent: weights[`${name}.recurrent`],
        bias: weights[`${name}.bias`],
      });
      const last = layers.read(rows, spec.window, weightsOf('encoder'));
      const latent = spec.latent === null ? last : dense(last, weights, 'latent');
      const order = spec.reverse ? BACKWARD : FORWARD;
      return dense(layers.write(latent, spec.window, weightsOf('decoder'), order), weights, 'output');
    },
  };
}
