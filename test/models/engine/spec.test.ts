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

describe('initialWeights', () => {
  it('is the same for a seed, differs for another, and fits its network', () => {
    expect(initialWeights(spec, 1)).toEqual(initialWeights(spec, 1));
    expect(initialWeights(spec, 1)).not.toEqual(initialWeights(spec, 2));
    expect(() => checkWeights(spec, initialWeights(spec, 1))).not.toThrow();
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
