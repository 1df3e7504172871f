import { gruOperator, gruScan } from './gru-layers.ts';
import { recurrentAutoencoder } from './recurrent-autoencoder.ts';

/**
 * The 3H columns of a GRU's weights are the gates update, reset and candidate, in this order (z r n). The reset gate
 * comes after the recurrent product, so that one product serves all gates (Cho 2014, as cuDNN computes it), and there
 * is one bias: `n = tanh(x W_n + b_n + s(r) * (h R_n))`, `h' = n + s(z) (h - n)`, with h = 0 at the start.
 */
export const gruAutoencoder = recurrentAutoencoder({
  gates: 3,
  bias: 'zero',
  layers: { training: gruScan, small_batch: gruOperator, large_batch: gruScan },
});
