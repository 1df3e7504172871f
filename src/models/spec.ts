import { ForewarnError } from '../errors.ts';
import { networkOf } from './engine/networks/networks.ts';
import type { NamedTensor, Scaling, Weights } from './engine.ts';
import { createRandom } from './random.ts';
import { startingValues, type WeightStart } from './starting-values.ts';

/**
 * An LSTM reads the window into its last hidden state; that state, or a dense layer of it, is the latent vector; a
 * second LSTM that is given the latent vector at every step writes the window again through a dense layer.
 */
export interface LstmAutoencoderSpec {
  readonly kind: 'lstm_autoencoder';
  /** Rows a window (T). */
  readonly window: number;
  /** Channels a row (C). */
  readonly channels: number;
  /** Hidden units of the encoder and of the decoder (H). */
  readonly hidden: number;
  /** Size of a linear layer after the encoder; null takes the encoder's last hidden state itself. */
  readonly latent: number | null;
  /** The decoder writes the last row first, which makes the first steps easy and trains better (Srivastava 2015). */
  readonly reverse: boolean;
}

/** The same with a GRU in the place of each LSTM, which has three quarters of the weights. */
export interface GruAutoencoderSpec extends Omit<LstmAutoencoderSpec, 'kind'> {
  readonly kind: 'gru_autoencoder';
}

/**
 * Two convolutions of stride 2 shorten the window to a quarter, a dense layer of that is the latent vector, and
 * another and two convolutions undo it.
 */
export interface ConvAutoencoderSpec {
  readonly kind: 'conv_autoencoder';
  readonly window: number;
  readonly channels: number;
  /** Filters of a convolution. */
  readonly hidden: number;
  readonly latent: number;
}

/**
 * An LSTM that writes each row from its state before that row, through a dense layer: the residual of the last row is
 * the error of a forecast one row ahead, which that row has no part in. The first row is written from nothing.
 */
export interface LstmForecasterSpec {
  readonly kind: 'lstm_forecaster';
  readonly window: number;
  readonly channels: number;
  /** Hidden units. */
  readonly hidden: number;
}

/** Everything that determines a network but its weights. A new architecture is a new member. */
export type NetworkSpec = LstmAutoencoderSpec | GruAutoencoderSpec | ConvAutoencoderSpec | LstmForecasterSpec;

export interface WeightShape {
  readonly name: string;
  readonly shape: readonly number[];
  readonly start: WeightStart;
}

/** Names and shapes of a network's parameters, in their one fixed order. A kernel is `[inputs x outputs]`. */
export function weightShapes(spec: NetworkSpec): readonly WeightShape[] {
  return networkOf(spec).weightShapes(spec);
}

/** Throws `MODEL_MALFORMED`, naming the field, unless every size is a positive integer of a known kind of network. */
function checkSpec(spec: NetworkSpec): void {
  for (const [field, size] of Object.entries(networkOf(spec).sizes(spec))) {
    if (!Number.isInteger(size) || size < 1)
      throw malformed(`${field} must be a positive integer, is ${size}`);
  }
}

/** Throws `MODEL_MALFORMED`, naming the weight, unless `weights` are exactly those of `spec`, all of them finite. */
export function checkWeights(spec: NetworkSpec, weights: Weights): void {
  checkSpec(spec);
  const shapes = weightShapes(spec);
  for (const { name, shape } of shapes) {
    const weight: NamedTensor | undefined = weights[name];
    if (weight === undefined) throw malformed(`weight ${name} is missing`);
    if (weight.shape.join() !== shape.join())
      throw malformed(`weight ${name} has shape [${weight.shape}], the network needs [${shape}]`);
    if (weight.data.length !== sizeOf(shape))
      throw malformed(`weight ${name} has ${weight.data.length} values, its shape says ${sizeOf(shape)}`);
    if (!weight.data.every(Number.isFinite)) throw malformed(`weight ${name} has values that are not finite`);
  }
  const known = new Set(shapes.map(({ name }) => name));
  const stranger = Object.keys(weights).find((name) => !known.has(name));
  if (stranger !== undefined) throw malformed(`the network has no weight ${stranger}`);
}

/** Throws `MODEL_MALFORMED` unless `scaling` has a usable centre and scale for each channel. */
export function checkScaling(spec: NetworkSpec, { center, scale, clip }: Scaling): void {
  if (center.length !== spec.channels || scale.length !== spec.channels)
    throw malformed(`scaling is for ${center.length} channels, the network has ${spec.channels}`);
  if (!center.every(Number.isFinite) || !scale.every((value) => Number.isFinite(value) && value > 0))
    throw malformed('scaling has a centre that is not finite or a scale that is not above 0');
  if (!(clip > 0)) throw malformed(`clip must be above 0, is ${clip}`);
}

/** Product of a shape's dimensions. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, dimension) => product * dimension, 1);
}

/** Fresh weights; the same seed gives the same weights. */
export function initialWeights(spec: NetworkSpec, seed: number): Weights {
  checkSpec(spec);
  const random = createRandom(seed);
  const weights: Record<string, NamedTensor> = {};
  for (const { name, shape, start } of weightShapes(spec)) {
    weights[name] = { shape, data: startingValues(start, shape, random) };
  }
  return weights;
}

function malformed(message: string): ForewarnError {
  return new ForewarnError('MODEL_MALFORMED', `The model does not fit its network: ${message}.`);
}
