import { createRandom } from '../../dist/models/random.js';
import { initialWeights } from '../../dist/models/spec.js';

/** The networks that are measured. Both write the window in its own order, as stock layers do. */
export const networks = {
  reference: {
    kind: 'lstm_autoencoder',
    window: 32,
    channels: 8,
    hidden: 64,
    latent: null,
    reverse: false,
  },
  large: {
    kind: 'lstm_autoencoder',
    window: 64,
    channels: 32,
    hidden: 128,
    latent: null,
    reverse: false,
  },
};

/**
 * Floating point operations of one window's forward pass, rounded down to 0.1 million: the matrix products of the two
 * LSTMs, `T * 2 * (C + 2H) * 4H`, where the decoder's constant input is multiplied once and not counted. 2.2 million
 * for the reference network, 18.8 for the large one. A training step counts three times that: forward, and the
 * gradients of inputs and of weights.
 */
export function flopsPerWindow({ window, channels, hidden }) {
  return Math.floor((window * 8 * hidden * (channels + 2 * hidden)) / 1e5) * 1e5;
}

/** Weights and a scaling that leaves values as they are, so that any other runtime can have the very same network. */
export function modelOf(spec) {
  const center = new Float32Array(spec.channels);
  const scale = new Float32Array(spec.channels).fill(1);
  return { spec, weights: initialWeights(spec, 1), scaling: { center, scale, clip: 10 } };
}

/** Waves of every channel's own period with noise, `[batch x T x C]`, within the clip. */
export function windowsOf({ window, channels }, batch) {
  const random = createRandom(2);
  const values = new Float32Array(batch * window * channels);
  for (let i = 0; i < values.length; i++) {
    const channel = i % channels;
    const row = Math.floor(i / channels);
    values[i] = Math.sin(row / (3 + channel)) + 0.3 * random.gaussian();
  }
  return values;
}
