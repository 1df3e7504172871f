import { describe, expect, it } from 'vitest';
import { checkWeights, initialWeights, type NetworkSpec, weightShapes } from '../../../src/models/spec.ts';

const spec: NetworkSpec = {
  kind: 'lstm_autoencoder',
  window: 8,
  channels: 3,
  hidden: 4,
  latent: 2,
  reverse: true,
};

describe('weightShapes', () => {
  it('names every parameter with its shape', () => {
    const shapes = weightShapes(spec).map(({ name, shape }) => `${name} ${shape.join('x')}`);
    expect(shapes).toEqual([
      'encoder.input 3x16',
      'encoder.recurrent 4x16',
      'encoder.bias 16',
      'latent.kernel 4x2',
      'latent.bias 2',
      'decoder.input 2x16',
      'decoder.recurrent 4x16',
      'decoder.bias 16',
      'output.kernel 4x3',
      'output.bias 3',
    ]);
  });

  it('has no latent layer where the last state is the latent vector', () => {
    const shapes = weightShapes({ ...spec, latent: null });
    expect(shapes.map(({ name }) => name)).not.toContain('latent.kernel');
    expect(shapes.find(({ name }) => name === 'decoder.input')?.shape).toEqual([4, 16]);
  });
});

describe('weightShapes of the other kinds', () => {
  const shapesOf = (other: NetworkSpec) =>
    weightShapes(other).map(({ name, shape }) => `${name} ${shape.join('x')}`);

  it('has three gates where an LSTM has four', () => {
    expect(shapesOf({ ...spec, kind: 'gru_autoencoder' })).toEqual(
      shapesOf(spec).map((text) => text.replace(/16$/, '12')),
    );
  });

  it.each([
    [7, 2],
    [8, 2],
    [9, 3],
  ])('has convolutions whose latent layer sees a window of %i rows as %i', (window, length) => {
    expect(shapesOf({ kind: 'conv_autoencoder', window, channels: 3, hidden: 5, latent: 2 })).toEqual([
      'encoder_1.kernel 18x5',
      'encoder_1.bias 5',
      'encoder_2.kernel 30x5',
      'encoder_2.bias 5',
      `latent.kernel ${5 * length}x2`,
      'latent.bias 2',
      `decoder_1.kernel 2x${5 * length}`,
      `decoder_1.bias ${5 * length}`,
      'decoder_2.kernel 15x10',
      'decoder_2.bias 10',
      'output.kernel 15x6',
      'output.bias 6',
    ]);
  });

  it('has one LSTM and a dense layer where it forecasts', () => {
    expect(shapesOf({ kind: 'lstm_forecaster', window: 8, channels: 3, hidden: 4 })).toEqual([
      'lstm.input 3x16',
      'lstm.recurrent 4x16',
      'lstm.bias 16',
      'output.kernel 4x3',
      'output.bias 3',
    ]);
  });
});

describe('checkWeights', () => {
  const malformed = expect.objectContaining({ code: 'MODEL_MALFORMED' });
  it.each([
    ['a convolution without a latent vector', { ...spec, kind: 'conv_autoencoder', latent: null }],
    ['a latent vector of no numbers', { ...spec, kind: 'gru_autoencoder', latent: 0 }],
    ['half a filter', { ...spec, kind: 'conv_autoencoder', hidden: 2.5 }],
    ['a forecaster without units', { ...spec, kind: 'lstm_forecaster', hidden: 0 }],
    ['no window', { ...spec, kind: 'conv_autoencoder', window: undefined }],
    ['a kind that every object has', { ...spec, kind: 'constructor' }],
  ])('refuses %s', (_case, wrong) => {
    expect(() => checkWeights(wrong as NetworkSpec, {})).toThrow(malformed);
  });
});

describe('initialWeights', () => {
  it.each<NetworkSpec>([
    spec,
    { ...spec, kind: 'gru_autoencoder' },
    { kind: 'conv_autoencoder', window: 9, channels: 3, hidden: 4, latent: 2 },
    { kind: 'lstm_forecaster', window: 9, channels: 3, hidden: 4 },
  ])('is the same for a seed, differs for another, and fits its network ($kind)', (each) => {
    expect(initialWeights(each, 1)).toEqual(initialWeights(each, 1));
    expect(initialWeights(each, 1)).not.toEqual(initialWeights(each, 2));
    expect(() => checkWeights(each, initialWeights(each, 1))).not.toThrow();
  });

  it('opens the forget gates, bounds kernels and makes recurrent rows orthonormal', () => {
    const weights = initialWeights(spec, 3);
    expect([...weights['encoder.bias'].data]).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    const limit = Math.sqrt(6 / (3 + 16));
    expect(weights['encoder.input'].data.every((value) => Math.abs(value) <= limit)).toBe(true);
    const { data } = weights['decoder.recurrent'];
    const row = (k: number): number[] => [...data.subarray(k * 16, (k + 1) * 16)];
    const dot = (a: number[], b: number[]): number => a.reduce((sum, value, k) => sum + value * b[k], 0);
    for (const a of [0, 1, 2, 3]) {
      for (const b of [0, 1, 2, 3]) expect(dot(row(a), row(b))).toBeCloseTo(a === b ? 1 : 0, 5);
    }
  });
});
