import { describe, expect, it } from 'vitest';
import { modelHash } from '../../src/models/hash.ts';
import type { Model } from '../../src/models/model.ts';
import type { NetworkSpec } from '../../src/models/spec.ts';
import { plainModel } from './support/fixtures.ts';

const model = plainModel({ channels: 2 });
const names = model.card.channels;

function hashOf(changes: Partial<Model> = {}, channels = names): string {
  return modelHash(channels, { ...model, spec: model.card.spec, ...changes });
}

describe('modelHash', () => {
  it('is that of a model with the same numbers, whatever order its weights are in', () => {
    const copied = Object.entries(model.weights).map(([name, { shape, data }]) => [
      name,
      // A view into a larger buffer, as an engine may give.
      { shape, data: new Float32Array([0, ...data]).subarray(1) },
    ]);
    expect(hashOf({ weights: Object.fromEntries(copied.toReversed()) })).toBe(hashOf());
  });

  it('takes 0 and -0 for the same in what is stored as JSON', () => {
    const mean = model.calibration.mean.map(() => -0);
    expect(hashOf({ calibration: { ...model.calibration, mean } })).toBe(hashOf());
  });

  it('changes with everything that decides a score', () => {
    const { scaling, calibration, weights } = model;
    const nudged = (array: Float32Array) => array.map((value, i) => (i === 1 ? value + 1e-6 : value));
    const output = weights['output.kernel'];
    const hashes = [
      hashOf(),
      hashOf({}, ['channel-0', 'other']),
      hashOf({}, [names[1], names[0]]),
      modelHash(names, { ...model, spec: { ...model.card.spec, reverse: false } as NetworkSpec }),
      modelHash(names, { ...model, spec: { ...model.card.spec, kind: 'gru_autoencoder' } as NetworkSpec }),
      modelHash(names, { ...model, spec: { ...model.card.spec, window: 5 } }),
      hashOf({ scaling: { ...scaling, clip: 9 } }),
      hashOf({ scaling: { ...scaling, center: nudged(scaling.center) } }),
      hashOf({ scaling: { ...scaling, scale: nudged(scaling.scale) } }),
      hashOf({ calibration: { ...calibration, smoothing: 0.5 } }),
      hashOf({ calibration: { ...calibration, threshold: 1.5 } }),
      hashOf({ calibration: { ...calibration, mean: nudged(calibration.mean) } }),
      hashOf({ calibration: { ...calibration, deviation: nudged(calibration.deviation) } }),
      hashOf({ calibration: { ...calibration, precision: nudged(calibration.precision) } }),
      hashOf({ weights: { ...weights, 'output.kernel': { ...output, data: nudged(output.data) } } }),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
  });
});
