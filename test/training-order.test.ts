import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../src/config.ts';
import { createOnnxEngine } from '../src/models/engine/onnx/onnx-engine.ts';
import { compareModels } from '../src/models/retraining/judgement.ts';
import { train } from '../src/models/trainer.ts';
import { trainingOrderOf } from '../src/pipeline.ts';
import { healthyRows } from './models/support/fixtures.ts';

describe('the training order of a class', { timeout: 60_000 }, () => {
  it.each([null, '12h'])(
    'trains models that can be told from chance, whatever the class says of scores (baseline %s)',
    async (time) => {
      const { config, problems } = resolveConfig(
        {
          classes: {
            pump: {
              topic: 'plant/{asset}/t',
              channels: { current: {}, pressure: {}, speed: {} },
              sample_every: '1s',
              window: { length: 8 },
              train: { hidden: 8, latent: 4, steps: 60 },
              score: { baseline: { time } },
            },
          },
        },
        { env: {}, baseDir: '.' },
      );
      expect(problems).toEqual([]);
      const order = { ...trainingOrderOf(config!.classes[0]), number: 1, assets: [healthyRows('a', 800, 1)] };
      const engine = createOnnxEngine();
      const model = await train(order, { engine, clock: () => 0, onProgress() {} });
      const rule = { raise: 1, clear: 0.7, raiseOn: { windows: 3, of: 5 }, clearAfter: 10 };
      const comparison = { champion: model, rows: [healthyRows('a', 800, 2)], rule };
      // As the training process does it.
      const { challenger } = await compareModels(model, comparison, { ...order, channels: 3 }, engine);
      expect(challenger.faults!.separation).toBeGreaterThan(0.65);
    },
  );
});
