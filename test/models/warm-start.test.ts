import { describe, expect, it } from 'vitest';
import { createOnnxEngine } from '../../src/models/engine/onnx/onnx-engine.ts';
import { initialWeights } from '../../src/models/spec.ts';
import { train } from '../../src/models/trainer.ts';
import { type Predecessor, predecessorOf, startOf } from '../../src/models/warm-start.ts';
import { healthyRows, smallOrder } from './support/fixtures.ts';

const context = { engine: createOnnxEngine(), clock: () => 5000, onProgress() {} };
const spec = { kind: 'lstm_forecaster', window: 8, channels: 2, hidden: 4 } as const;
const scaling = { center: Float32Array.of(0, 50), scale: Float32Array.of(1, 5), clip: 10 };
const weights = initialWeights(spec, 9);
const predecessor: Predecessor = { model: 'pump-1-aa', channels: ['a', 'b'], spec, scaling, weights };
const order = { channels: ['a', 'b'], seed: 3, start: predecessor };

describe('where a training starts', () => {
  it('is the predecessor, where all fits', () => {
    const now = { ...scaling, center: Float32Array.of(0.9, 46), scale: Float32Array.of(0.6, 9) };
    expect(startOf(order, { ...spec }, now)).toEqual({ weights, from: 'pump-1-aa', reason: 'warm' });
  });

  it.each([
    ['no_predecessor', { channels: ['a', 'b'], seed: 3 }, spec, scaling],
    ['other_channels', { ...order, channels: ['b', 'a'] }, spec, scaling],
    ['other_network', order, { ...spec, hidden: 8 }, scaling],
    ['other_scaling', order, spec, { ...scaling, center: Float32Array.of(0, 56) }],
    ['other_scaling', order, spec, { ...scaling, scale: Float32Array.of(2.1, 5) }],
    ['other_scaling', order, spec, { ...scaling, scale: Float32Array.of(0.4, 5) }],
  ] as const)('is random, because of %s', (reason, asked, network, now) => {
    const start = startOf(asked, network, now);
    expect(start).toMatchObject({ from: null, reason });
    expect(start.weights).toEqual(initialWeights(network, 3));
  });
});

describe('a training that starts from a model', { timeout: 60_000 }, () => {
  it('is ahead of a cold one at once, the same every time, and says so on its card', async () => {
    const first = await train(smallOrder({ steps: 40 }), context);
    expect(first.card.training).toMatchObject({ startedFrom: null, startReason: 'no_predecessor' });
    const later = smallOrder({
      steps: 10,
      number: 2,
      assets: ['a', 'b'].map((id, i) => healthyRows(id, 400, 40 + i)),
    });
    const cold = await train(later, context);
    const warm = await train({ ...later, start: predecessorOf(first) }, context);
    expect(warm.card.training).toMatchObject({ startedFrom: first.card.id, startReason: 'warm' });
    expect(warm.card.training.heldOutLoss[0]).toBeLessThan(0.7 * cold.card.training.heldOutLoss[0]!);
    const again = await train({ ...later, start: predecessorOf(first) }, context);
    expect(again.card.hash).toBe(warm.card.hash);
    expect(warm.card.hash).not.toBe(cold.card.hash);
  });
});
