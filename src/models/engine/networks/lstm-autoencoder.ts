import { trainableLstm } from './lstm-layers.ts';
import { recurrentAutoencoder } from './recurrent-autoencoder.ts';
import { largeBatchLstm, smallBatchLstm } from './scoring-lstm.ts';

/**
 * The 4H columns of an LSTM's weights are the gates input, forget, output and candidate, in this order (i f o g):
 * `c' = s(f) c + s(i) tanh(g)`, `h' = s(o) tanh(c')`, with one bias and h = c = 0 at the start.
 */
export const lstmAutoencoder = recurrentAutoencoder({
  gates: 4,
  bias: 'gates',
  layers: { training: trainableLstm, small_batch: smallBatchLstm, large_batch: largeBatchLstm },
});
