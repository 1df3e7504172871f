import type { LstmForecasterSpec } from '../../spec.ts';
import type { Value } from '../graph/graph.ts';
import { dense, denseShapes } from './dense.ts';
import { trainableStates } from './lstm-layers.ts';
import type { Form, Network } from './network.ts';
import { type CellWeights, cellShapes, cellWeights } from './recurrent-autoencoder.ts';
import { operatorStates, scanStates } from './scoring-lstm.ts';

/** Over time-major rows `[T*B x I]`: the hidden states before each of them, `[T*B x H]`; before the first, zeros. */
export type StatesBefore = (rows: Value, steps: number, weights: CellWeights) => Value;

const statesBefore: Readonly<Record<Form, StatesBefore>> = {
  training: trainableStates,
  small_batch: operatorStates,
  large_batch: scanStates,
};

/** Each row is written from the state before it, so that no row has a part in what is said of it or of earlier ones. */
export const lstmForecaster: Network<LstmForecasterSpec> = {
  sizes: ({ window, channels, hidden }) => ({ window, channels, hidden }),
  weightShapes: ({ channels, hidden }) => [
    ...cellShapes('lstm', { inputs: channels, hidden, gates: 4, bias: 'gates' }),
    ...denseShapes('output', hidden, channels),
  ],
  reconstruct(spec, weights, rows, form) {
    const states = statesBefore[form](rows, spec.window, cellWeights(weights, 'lstm'));
    return dense(states, weights, 'output');
  },
};
