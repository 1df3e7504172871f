import type {
  ConvAutoencoderSpec,
  GruAutoencoderSpec,
  LstmAutoencoderSpec,
  NetworkSpec,
} from '../../../src/models/spec.ts';

/** Row-major and in double precision, so that finite differences of it are good to seven digits. */
export type DoubleWeights = Record<string, Float64Array>;

/** `x' W + b` for one row vector. */
function dense(x: Float64Array, kernel: Float64Array, bias: Float64Array): Float64Array {
  const result = Float64Array.from(bias);
  for (let row = 0; row < x.length; row++) {
    for (let column = 0; column < bias.length; column++) {
      result[column] += x[row] * kernel[row * bias.length + column];
    }
  }
  return result;
}

function sigmoid(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

/** All hidden states for a sequence of inputs. */
type Layer = (
  inputs: readonly Float64Array[],
  weights: DoubleWeights,
  name: string,
  hidden: number,
) => Float64Array[];

const lstm: Layer = (inputs, weights, name, hidden) => {
  const nothing = new Float64Array(4 * hidden);
  let state = new Float64Array(hidden);
  let cell = new Float64Array(hidden);
  return inputs.map((input) => {
    const fresh = dense(input, weights[`${name}.input`], weights[`${name}.bias`]);
    const kept = dense(state, weights[`${name}.recurrent`], nothing);
    const gate = (block: number, unit: number): number =>
      fresh[block * hidden + unit] + kept[block * hidden + unit];
    cell = cell.map((value, u) => sigmoid(gate(1, u)) * value + sigmoid(gate(0, u)) * Math.tanh(gate(3, u)));
    state = cell.map((value, u) => sigmoid(gate(2, u)) * Math.tanh(value));
    return state;
  });
};

const gru: Layer = (inputs, weights, name, hidden) => {
  const nothing = new Float64Array(3 * hidden);
  let state = new Float64Array(hidden);
  return inputs.map((input) => {
    const fresh = dense(input, weights[`${name}.input`], weights[`${name}.bias`]);
    const kept = dense(state, weights[`${name}.recurrent`], nothing);
    state = state.map((value, u) => {
      const update = sigmoid(fresh[u] + kept[u]);
      const reset = sigmoid(fresh[hidden + u] + kept[hidden + u]);
      const candidate = Math.tanh(fresh[2 * hidden + u] + reset * kept[2 * hidden + u]);
      return update * value + (1 - update) * candidate;
    });
    return state;
  });
};

function recurrent(
  spec: LstmAutoencoderSpec | GruAutoencoderSpec,
  weights: DoubleWeights,
  rows: readonly Float64Array[],
  layer: Layer,
): Float64Array[] {
  let latent = layer(rows, weights, 'encoder', spec.hidden)[spec.window - 1];
  if (spec.latent !== null) latent = dense(latent, weights['latent.kernel'], weights['latent.bias']);
  const states = layer(Array(spec.window).fill(latent), weights, 'decoder', spec.hidden);
  const written = states.map((state) => dense(state, weights['output.kernel'], weights['output.bias']));
  return spec.reverse ? written.reverse() : written;
}

/** Written as strided and transposed convolutions over single rows, not as the joined rows of the network's code. */
function convolutional(
  { window, channels, hidden }: ConvAutoencoderSpec,
  weights: DoubleWeights,
  rows: readonly Float64Array[],
): Float64Array[] {
  const layer = (x: Float64Array, name: string): Float64Array =>
    dense(x, weights[`${name}.kernel`], weights[`${name}.bias`]);
  const rowsOf = (flat: Float64Array, width: number): Float64Array[] =>
    Array.from({ length: flat.length / width }, (_, t) => flat.slice(t * width, (t + 1) * width));
  const join = (parts: readonly Float64Array[]): Float64Array =>
    Float64Array.from(parts.flatMap((part) => [...part]));
  const curve = (x: Float64Array): Float64Array => x.map(Math.tanh);

  /** Row t sees `width` rows of the input from `stride * t - offset`, zeros beyond its ends. */
  const convolve = (x: readonly Float64Array[], name: string, stride: number): Float64Array[] => {
    const [width, offset] = [3 * stride, stride];
    return Array.from({ length: x.length / stride }, (_, t) => {
      const seen = Array.from(
        { length: width },
        (_unused, k) => x[stride * t - offset + k] ?? new Float64Array(x[0].length),
      );
      return layer(join(seen), name);
    });
  };

  const padding = (4 - (window % 4)) % 4;
  const padded = [...Array.from({ length: padding }, () => new Float64Array(channels)), ...rows];
  const half = convolve(padded, 'encoder_1', 2).map(curve);
  const quarter = convolve(half, 'encoder_2', 2).map(curve);
  const latent = layer(join(quarter), 'latent');
  const spread = rowsOf(curve(layer(latent, 'decoder_1')), hidden);
  const doubled = rowsOf(join(convolve(spread, 'decoder_2', 1).map(curve)), hidden);
  return rowsOf(join(convolve(doubled, 'output', 1)), channels).slice(padding);
}

/** The reconstruction of one scaled window `[T x C]`, written as the definitions of the networks read. */
export function reconstructWindow(
  spec: NetworkSpec,
  weights: DoubleWeights,
  window: Float64Array,
): Float64Array {
  const { channels } = spec;
  const rows = Array.from({ length: spec.window }, (_, t) =>
    window.subarray(t * channels, (t + 1) * channels),
  );
  return Float64Array.from(writtenRows(spec, weights, rows).flatMap((row) => [...row]));
}

function writtenRows(
  spec: NetworkSpec,
  weights: DoubleWeights,
  rows: readonly Float64Array[],
): Float64Array[] {
  switch (spec.kind) {
    case 'lstm_autoencoder':
      return recurrent(spec, weights, rows, lstm);
    case 'gru_autoencoder':
      return recurrent(spec, weights, rows, gru);
    case 'conv_autoencoder':
      return convolutional(spec, weights, rows);
    case 'lstm_forecaster': {
      const after = lstm(rows, weights, 'lstm', spec.hidden);
      const before = [new Float64Array(spec.hidden), ...after.slice(0, -1)];
      return before.map((state) => dense(state, weights['output.kernel'], weights['output.bias']));
    }
  }
}
