import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadModel, saveModel } from '../../src/models/artefact.ts';
import { createOnnxEngine } from '../../src/models/engine/onnx/onnx-engine.ts';
import type { Model } from '../../src/models/model.ts';
import type { NetworkSpec } from '../../src/models/spec.ts';
import { train } from '../../src/models/trainer.ts';
import { healthyRows, smallOrder, temporaryDirectory } from './support/fixtures.ts';

const context = { engine: createOnnxEngine(), clock: () => 5000, onProgress() {} };
const kinds: readonly NetworkSpec['kind'][] = [
  'lstm_autoencoder',
  'gru_autoencoder',
  'conv_autoencoder',
  'lstm_forecaster',
];

describe.each(kinds)('a model version of a class with %s', (network) => {
  const order = smallOrder({ network, windowLength: 9, sources: ['network'] });
  let model: Model;

  beforeAll(async () => {
    model = await train(order, context);
  });

  it('learns what normal looks like and sets a threshold for it', () => {
    const latent = network === 'lstm_forecaster' ? {} : { latent: 4 };
    expect(model.card.spec).toMatchObject({ kind: network, window: 9, channels: 3, hidden: 8, ...latent });
    const { heldOutLoss } = model.card.training;
    expect(Math.min(...heldOutLoss)).toBeLessThan(0.5 * heldOutLoss[0]);
    expect(Math.min(...heldOutLoss)).toBeLessThan(0.4);
    expect(model.card.threshold.heldOutExceeded).toBeLessThan(0.02);
  });

  it('is the same again from the same data and seed', async () => {
    expect((await train(order, context)).card.hash).toBe(model.card.hash);
  });

  it('comes back from its files, and tells a channel that no longer follows the others', async () => {
    const directory = join(temporaryDirectory(), model.card.id);
    saveModel(directory, model);
    const loaded = loadModel(directory);
    expect(loaded.card).toEqual(model.card);
    expect(loaded.weights).toEqual(model.weights);

    const { spec } = loaded.card;
    const session = await context.engine.createScoring({ spec, ...loaded });
    const normal = healthyRows('c', 9 * 40, 3).values;
    // Pressure falls where it should rise with the load.
    const broken = normal.map((value, i) => (i % 3 === 1 ? 6 - value : value));
    const errorOf = async (windows: Float32Array): Promise<number> => {
      const { squaredError } = await session.score(windows, 40);
      return squaredError.reduce((sum, value) => sum + value, 0);
    };
    const [usual, strange] = await Promise.all([errorOf(normal), errorOf(broken)]);
    await session.dispose();
    expect(strange).toBeGreaterThan(2 * usual);
  });
});
