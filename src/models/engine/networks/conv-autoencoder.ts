import type { ConvAutoencoderSpec } from '../../spec.ts';
import type { Value } from '../graph/graph.ts';
import { concat, reshape, splitAt, tanh, transpose, zeros } from '../graph/operators.ts';
import { dense, denseShapes } from './dense.ts';
import type { NamedValues, Network } from './network.ts';

/** Rows that a convolution sees at each place: itself and both neighbours. */
const KERNEL = 3;
/** Every stage of the encoder joins so many rows into one, and of the decoder cuts one into so many. */
const STRIDE = 2;
const STAGES = 2;

/**
 * Convolutions as products of a matrix whose rows hold what the kernel sees, on windows `[B x T x C]`: joining rows
 * before a convolution of stride 1 makes it one of 6 rows and stride 2, and cutting rows after one undoes it
 * (sub-pixel convolution, Shi 2016); neither moves a number in memory.
 */
export const convAutoencoder: Network<ConvAutoencoderSpec> = {
  sizes: ({ window, channels, hidden, latent }) => ({ window, channels, hidden, latent }),
  weightShapes(spec) {
    const { channels, hidden, latent } = spec;
    const features = shortest(spec) * hidden;
    return [
      ...denseShapes('encoder_1', KERNEL * STRIDE * channels, hidden),
      ...denseShapes('encoder_2', KERNEL * STRIDE * hidden, hidden),
      ...denseShapes('latent', features, latent),
      ...denseShapes('decoder_1', latent, features),
      ...denseShapes('decoder_2', KERNEL * hidden, STRIDE * hidden),
      ...denseShapes('output', KERNEL * hidden, STRIDE * channels),
    ];
  },
  reconstruct(spec, weights, rows) {
    const { window, channels, hidden } = spec;
    const length = shortest(spec);
    const padding = length * STRIDE ** STAGES - window;
    const windows = transpose(reshape(rows, [window, { batches: 1 }, channels]), [1, 0, 2]);

    const padded = concat([...emptyRows(windows, padding), windows], 1);
    const half = tanh(convolve(join(padded), weights, 'encoder_1'));
    const quarter = tanh(convolve(join(half), weights, 'encoder_2'));
    const latent = dense(reshape(quarter, [{ batches: 1 }, length * hidden]), weights, 'latent');
    const spread = tanh(dense(latent, weights, 'decoder_1'));
    const start = reshape(spread, [{ batches: 1 }, length, hidden]);
    const doubled = cut(tanh(convolve(start, weights, 'decoder_2')));
    const written = cut(convolve(doubled, weights, 'output'));

    const kept = padding === 0 ? written : splitAt(written, [padding, window], 1)[1];
    return reshape(transpose(kept, [1, 0, 2]), [{ batches: window }, channels]);
  },
};

/** Length of the window between encoder and decoder, rounded up: rows of zeros go before the oldest row. */
function shortest({ window }: ConvAutoencoderSpec): number {
  return Math.ceil(window / STRIDE ** STAGES);
}

/** Each place of `[B x L x I]` and its neighbours, zeros beyond the ends, times `[3I x O]`: `[B x L x O]`. */
function convolve(x: Value, weights: NamedValues, name: string): Value {
  const [batch, length, inputs] = x.shape;
  const steps = Number(length);
  const [empty] = emptyRows(x, 1);
  const wide = concat([empty, x, empty], 1);
  const [before] = splitAt(wide, [steps, 2], 1);
  const [, after] = splitAt(wide, [2, steps], 1);
  const seen = reshape(concat([before, x, after], 2), [{ batches: steps }, KERNEL * Number(inputs)]);
  const product = dense(seen, weights, name);
  return reshape(product, [batch, steps, product.shape[1]]);
}

/** `[B x L x I]` to `[B x L/2 x 2I]`. */
function join(x: Value): Value {
  const [batch, length, inputs] = x.shape;
  return reshape(x, [batch, Number(length) / STRIDE, Number(inputs) * STRIDE]);
}

/** `[B x L x 2O]` to `[B x 2L x O]`. */
function cut(x: Value): Value {
  const [batch, length, outputs] = x.shape;
  return reshape(x, [batch, Number(length) * STRIDE, Number(outputs) / STRIDE]);
}

/** `[B x count x I]` of zeros for `like` `[B x L x I]`; none for a count of 0. */
function emptyRows(like: Value, count: number): readonly Value[] {
  if (count === 0) return [];
  const columns = Number(like.shape[2]);
  return [reshape(zeros(like, count * columns), [{ batches: 1 }, count, columns])];
}
