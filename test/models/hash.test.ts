import { describe, expect, it } from 'vitest';
import type { Detector } from '../../src/models/decision/detector.ts';
import { modelHash } from '../../src/models/hash.ts';
import type { Model } from '../../src/models/model.ts';
import type { LinearSource } from '../../src/models/sources/linear-source.ts';
import type { NetworkSpec } from '../../src/models/spec.ts';
import { plainDetector, plainModel } from './support/fixtures.ts';

const model: Model = {
  ...plainModel({ channels: 2 }),
  linear: [
    {
      kind: 'vector_autoregression',
      now: null,
      before: Float32Array.of(1, 2, 3, 4),
      offset: Float32Array.of(0, 5),
    },
  ],
  calibration: {
    detectors: [plainDetector(2), plainDetector(2, { source: 'vector_autoregression', threshold: 3 })],
  },
};
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
    const linear = model.linear.map((source) => ({
      ...source,
      offset: source.offset.map((value) => value || -0),
    }));
    const detectors = model.calibration.detectors.map((one) => ({ ...one, mean: one.mean.map(() => -0) }));
    expect(hashOf({ linear, calibration: { detectors } })).toBe(hashOf());
  });

  it('changes with everything that decides a score', () => {
    const { scaling, calibration, weights } = model;
    const nudged = (array: Float32Array) => array.map((value, i) => (i === 1 ? value + 1e-6 : value));
    const output = weights['output.kernel'];
    const [first, second] = calibration.detectors;
    const detectorChanges: Partial<Detector>[] = [
      { source: 'pca' },
      { kind: 'burst' },
      { smoothing: 0.5 },
      { energySmoothing: 0.5 },
      { threshold: 1.5 },
      { threshold: Number.POSITIVE_INFINITY },
      { mean: nudged(first.mean) },
      { precision: nudged(first.precision) },
    ];
    const [source] = model.linear;
    const before = source.before!;
    const linearChanges: Partial<LinearSource>[] = [
      { kind: 'pca' },
      { before: nudged(before) },
      { offset: nudged(source.offset) },
      // The same numbers in another place.
      { now: before, before: null },
    ];
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
      ...detectorChanges.map((change) =>
        hashOf({ calibration: { detectors: [{ ...first, ...change }, second] } }),
      ),
      hashOf({ calibration: { detectors: [first] } }),
      ...[
        { a: [{ mean: first.mean, factor: 1 }] },
        { b: [{ mean: first.mean, factor: 1 }] },
        { a: [{ mean: first.mean, factor: 2 }] },
        { a: [{ mean: nudged(first.mean), factor: 1 }] },
      ].map((assets) => hashOf({ calibration: { ...calibration, assets } })),
      hashOf({ calibration: { detectors: [second, first] } }),
      ...linearChanges.map((change) => hashOf({ linear: [{ ...source, ...change }] })),
      hashOf({ linear: [] }),
      hashOf({ linear: [source, source] }),
      hashOf({ weights: { ...weights, 'output.kernel': { ...output, data: nudged(output.data) } } }),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
  });
});
