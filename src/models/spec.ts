import { ForewarnError } from '../errors.ts';
import type { NamedTensor, Scaling, Weights } from './engine.ts';
import { createRandom, type Random } from './random.ts';

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

/** Everything that determines a network but its weights. A new architecture is a new member. */
export type NetworkSpec = LstmAutoencoderSpec;

export interface WeightShape {
  readonly name: string;
  readonly shape: readonly number[];
  /** How the weight starts. `recurrent` and `gates` are 4 blocks of H columns in {@link weightShapes}' gate order. */
  readonly start: 'kernel' | 'recurrent' | 'gates' | 'zero';
}

/**
 * Names and shapes of a network's parameters, in their one fixed order. `x * kernel` with row vectors `x`, so a
 * kernel is `[inputs x outputs]`. The 4H columns of an LSTM's weights are the gates input, forget, output and
 * candidate, in this order (i f o g): `c' = s(f) c + s(i) tanh(g)`, `h' = s(o) tanh(c')`, with one bias and h = c = 0
 * at the start.
 */
export function weightShapes(spec: NetworkSpec): readonly WeightShape[] {
  const gates = 4 * spec.hidden;
  const lstm = (name: string, inputs: number): WeightShape[] => [
    { name: `${name}.input`, shape: [inputs, gates], start: 'kernel' },
    { name: `${name}.recurrent`, shape: [spec.hidden, gates], start: 'recurrent' },
    { name: `${name}.bias`, shape: [gates], start: 'gates' },
  ];
  const dense = (name: string, inputs: number, outputs: number): WeightShape[] => [
    { name: `${name}.kernel`, shape: [inputs, outputs], start: 'kernel' },
    { name: `${name}.bias`, shape: [outputs], start: 'zero' },
  ];
  return [
    ...lstm('encoder', spec.channels),
    ...(spec.latent === null ? [] : dense('latent', spec.hidden, spec.latent)),
    ...lstm('decoder', spec.latent ?? spec.hidden),
    ...dense('output', spec.hidden, spec.channels),
  ];
}

/** Throws `MODEL_MALFORMED`, naming the field, unless every size is a positive integer of a known kind of network. */
function checkSpec(spec: NetworkSpec): void {
  if (spec.kind !== 'lstm_autoencoder') throw malformed(`unknown kind of network ${String(spec.kind)}`);
  for (const field of ['window', 'channels', 'hidden', 'latent'] as const) {
    const size = spec[field];
    if (field === 'latent' && size === null) continue;
    if (!Number.isInteger(size) || Number(size) < 1)
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

/**
 * Fresh weights; the same seed gives the same weights. Kernels are Glorot uniform, recurrent weights have orthonormal
 * rows, biases are 0 but the forget gate's, which is 1 (the start that Keras uses, after Glorot 2010, Saxe 2014 and
 * Jozefowicz 2015).
 */
export function initialWeights(spec: NetworkSpec, seed: number): Weights {
  checkSpec(spec);
  const random = createRandom(seed);
  const weights: Record<string, NamedTensor> = {};
  for (const { name, shape, start } of weightShapes(spec)) {
    weights[name] = { shape, data: startingValues(start, shape, random) };
  }
  return weights;
}

function startingValues(
  start: WeightShape['start'],
  shape: readonly number[],
  random: Random,
): Float32Array<ArrayBuffer> {
  const data = new Float32Array(sizeOf(shape));
  switch (start) {
    case 'zero':
      return data;
    case 'gates': {
      const hidden = data.length / 4;
      return data.fill(1, hidden, 2 * hidden);
    }
    case 'kernel': {
      const limit = Math.sqrt(6 / (shape[0] + shape[1]));
      return data.map(() => (2 * random.uniform() - 1) * limit);
    }
    case 'recurrent':
      return orthonormalRows(shape[0], shape[1], random);
  }
}

/** Gaussian rows made orthonormal one after the other (modified Gram-Schmidt); needs `rows <= columns`. */
function orthonormalRows(rows: number, columns: number, random: Random): Float32Array<ArrayBuffer> {
  const matrix = Float64Array.from({ length: rows * columns }, () => random.gaussian());
  for (let r = 0; r < rows; r++) {
    const row = matrix.subarray(r * columns, (r + 1) * columns);
    for (let before = 0; before < r; before++) {
      const other = matrix.subarray(before * columns, (before + 1) * columns);
      const overlap = dot(row, other);
      for (let k = 0; k < columns; k++) row[k] -= overlap * other[k];
    }
    const norm = Math.sqrt(dot(row, row));
    for (let k = 0; k < columns; k++) row[k] /= norm;
  }
  return Float32Array.from(matrix);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}

function malformed(message: string): ForewarnError {
  return new ForewarnError('MODEL_MALFORMED', `The model does not fit its network: ${message}.`);
}
