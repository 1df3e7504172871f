import type { Scaling, Weights } from '../../../src/models/engine.ts';
import { createRandom } from '../../../src/models/random.ts';
import { initialWeights, type NetworkSpec } from '../../../src/models/spec.ts';

/** Networks of one kind: the first is small, the second too, and all but the last are small enough for differences. */
export type ContractSpecs = readonly [NetworkSpec, ...NetworkSpec[]];

const smallLstm: NetworkSpec = {
  kind: 'lstm_autoencoder',
  window: 5,
  channels: 2,
  hidden: 3,
  latent: 2,
  reverse: true,
};
const smallGru: NetworkSpec = { ...smallLstm, kind: 'gru_autoencoder' };
const smallConv: NetworkSpec = {
  kind: 'conv_autoencoder',
  window: 5,
  channels: 2,
  hidden: 2,
  latent: 2,
};
const smallForecaster: NetworkSpec = { kind: 'lstm_forecaster', window: 5, channels: 2, hidden: 3 };
export const lstmSpecs: ContractSpecs = [
  smallLstm,
  { ...smallLstm, latent: null, reverse: false },
  { ...smallLstm, window: 1, channels: 1, hidden: 1, latent: null },
  { ...smallLstm, window: 32, channels: 8, hidden: 64, latent: null, reverse: false },
];
export const gruSpecs: ContractSpecs = [
  smallGru,
  { ...smallGru, latent: null, reverse: false },
  { ...smallGru, window: 1, channels: 1, hidden: 1, latent: null },
  { ...smallGru, window: 32, channels: 8, hidden: 64, latent: null, reverse: false },
];
export const convSpecs: ContractSpecs = [
  smallConv,
  { ...smallConv, window: 8, channels: 3 },
  { ...smallConv, window: 4, channels: 1, hidden: 1, latent: 1 },
  { ...smallConv, window: 30, channels: 8, hidden: 64, latent: 16 },
];
export const forecasterSpecs: ContractSpecs = [
  smallForecaster,
  { ...smallForecaster, window: 8, channels: 3 },
  { ...smallForecaster, window: 1, channels: 1, hidden: 1 },
  { ...smallForecaster, window: 32, channels: 8, hidden: 64 },
];
export const nameOf = (spec: NetworkSpec): string =>
  Object.entries(spec)
    .map(([field, value]) => `${field} ${value}`)
    .join(', ');

/** Readings around `center` with some missing and some far outside the clip. */
export function rawWindows(spec: NetworkSpec, batch: number, seed: number): Float32Array<ArrayBuffer> {
  const random = createRandom(seed);
  return new Float32Array(batch * spec.window * spec.channels).map(() => {
    const chance = random.uniform();
    if (chance < 0.05) return Number.NaN;
    return 20 + 3 * random.gaussian() * (chance < 0.1 ? 100 : 1);
  });
}

export function scaledWindows(spec: NetworkSpec, batch: number, seed: number): Float32Array<ArrayBuffer> {
  const random = createRandom(seed);
  return new Float32Array(batch * spec.window * spec.channels).map(() => random.gaussian());
}

export function scalingOf(spec: NetworkSpec): Scaling {
  const center = new Float32Array(spec.channels).map((_, channel) => 20 + channel);
  const scale = new Float32Array(spec.channels).map((_, channel) => 2 + channel);
  return { center, scale, clip: 4 };
}

/** Weights large enough that every gate leaves its linear part. */
export function livelyWeights(spec: NetworkSpec, seed: number): Weights {
  const random = createRandom(seed + 1000);
  return Object.fromEntries(
    Object.entries(initialWeights(spec, seed)).map(([name, { shape, data }]) => [
      name,
      { shape, data: data.map((value) => value + 0.3 * random.gaussian()) },
    ]),
  );
}
