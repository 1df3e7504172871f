import { describe, expect, it } from 'vitest';
import { parameterCount } from '../../../src/models/engine/flat-weights.ts';
import { flattenWeights, unflattenWeights } from '../../../src/models/engine/tensorflow/flat-weights.ts';
import { initialWeights, type NetworkSpec } from '../../../src/models/spec.ts';

const spec: NetworkSpec = {
  kind: 'lstm_autoencoder',
  window: 4,
  channels: 1,
  hidden: 2,
  latent: 3,
  reverse: true,
};

describe('flat weights', () => {
  it('come back as they were, in memory of their own', () => {
    const weights = initialWeights(spec, 1);
    const flat = new Float32Array(parameterCount(spec));
    flattenWeights(spec, weights, flat);
    const back = unflattenWeights(spec, flat);
    expect(back).toEqual(weights);
    flat.fill(0);
    expect(back).toEqual(weights);
  });

  it('have the gates as input, forget, candidate, output', () => {
    const weights = { ...initialWeights(spec, 1) };
    // One channel and two hidden units: the encoder's first weight is one row of i i f f o o g g.
    weights['encoder.input'] = { shape: [1, 8], data: Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
    const flat = new Float32Array(parameterCount(spec));
    flattenWeights(spec, weights, flat);
    expect([...flat.subarray(0, 8)]).toEqual([1, 2, 3, 4, 7, 8, 5, 6]);
  });

  it('leave dense layers alone', () => {
    const weights = initialWeights(spec, 2);
    const flat = new Float32Array(parameterCount(spec));
    flattenWeights(spec, weights, flat);
    const { data } = weights['output.kernel'];
    expect([...flat.subarray(flat.length - 1 - data.length, flat.length - 1)]).toEqual([...data]);
  });
});
