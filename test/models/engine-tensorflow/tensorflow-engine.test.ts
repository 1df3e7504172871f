import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOnnxEngine } from '../../../src/models/engine/onnx/onnx-engine.ts';
import {
  startTensorFlowEngine,
  type TensorFlowEngine,
} from '../../../src/models/engine/tensorflow/tensorflow-engine.ts';
import type { Engine, Weights } from '../../../src/models/engine.ts';
import { createRandom } from '../../../src/models/random.ts';
import { initialWeights, type NetworkSpec } from '../../../src/models/spec.ts';
import { largestError } from '../engine/reference-network.ts';
import { tensorFlowHere } from './linked.ts';

const spec: NetworkSpec = {
  kind: 'lstm_autoencoder',
  window: 16,
  channels: 4,
  hidden: 24,
  latent: null,
  reverse: true,
};
const scaling = { center: new Float32Array(4).fill(3), scale: new Float32Array(4).fill(2), clip: 5 };
const training = { spec, weights: initialWeights(spec, 1), clipNorm: 0.5, weightDecay: 0.01 };

function gaussian(batch: number, seed: number, mean = 0): Float32Array<ArrayBuffer> {
  const random = createRandom(seed);
  return new Float32Array(batch * spec.window * spec.channels).map(() => mean + random.gaussian());
}

/** Trains `steps` steps on the same batches on either engine; gives the losses and the weights. */
async function train(engine: Engine, steps: number): Promise<{ losses: number[]; weights: Weights }> {
  const session = await engine.createTraining(training);
  const losses: number[] = [];
  for (let step = 0; step < steps; step++) {
    const batch = gaussian(32, 100 + (step % 5));
    losses.push(await session.step(batch, batch, 32, 5e-3));
  }
  const weights = session.weights();
  await session.dispose();
  return { losses, weights };
}

const runtime = await tensorFlowHere();
/** The binding as npm installs it allows one engine in a process. */
const itWithSeveral = it.skipIf(runtime?.threadSafe !== true);

describe.skipIf(runtime === null)('the TensorFlow engine', () => {
  const onnx = createOnnxEngine();
  let tensorflow: TensorFlowEngine;
  beforeAll(async () => {
    tensorflow = await startTensorFlowEngine();
  });
  afterAll(() => tensorflow.stop());

  it('gives the outputs of the ONNX engine', async () => {
    const windows = gaussian(50, 2, 3);
    const results = await Promise.all(
      [onnx, tensorflow].map(async (engine) => {
        const session = await engine.createScoring({ spec, weights: training.weights, scaling });
        const residuals = await session.score(windows, 50);
        const reconstruction = await session.reconstruct(windows, 50);
        await session.dispose();
        return { ...residuals, reconstruction };
      }),
    );
    const [expected, actual] = results;
    expect(largestError(actual.lastResidual, expected.lastResidual)).toBeLessThan(1e-4);
    expect(largestError(actual.squaredError, expected.squaredError)).toBeLessThan(1e-4);
    expect(largestError(actual.reconstruction, expected.reconstruction)).toBeLessThan(1e-4);
  });

  it('gives the gradients of the ONNX engine', async () => {
    const [input, target] = [gaussian(20, 3), gaussian(20, 4)];
    const [expected, actual] = await Promise.all(
      [onnx, tensorflow].map(async (engine) => {
        const session = await engine.createTraining(training);
        const result = await session.gradients(input, target, 20);
        await session.dispose();
        return result;
      }),
    );
    expect(Math.abs(actual.loss - expected.loss)).toBeLessThan(1e-5);
    for (const [name, { data }] of Object.entries(expected.gradients)) {
      const largest = data.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      data.forEach((value, k) => {
        expect(Math.abs(actual.gradients[name].data[k] - value), name).toBeLessThan(1e-4 * largest);
      });
    }
  });

  it('refuses a network of another kind by name', async () => {
    const gru: NetworkSpec = { ...spec, kind: 'gru_autoencoder' };
    const options = { ...training, spec: gru, weights: initialWeights(gru, 1) };
    const refusal = { code: 'ENGINE_UNSUPPORTED', retryable: false };
    await expect(tensorflow.createScoring({ ...options, scaling })).rejects.toMatchObject(refusal);
    await expect(tensorflow.createTraining(options)).rejects.toMatchObject(refusal);
  });

  it('learns along the ONNX engine’s loss curve', async () => {
    const [expected, actual] = [await train(onnx, 60), await train(tensorflow, 60)];
    expect(actual.losses[59]).toBeLessThan(actual.losses[0]);
    expect(largestError(actual.losses, expected.losses)).toBeLessThan(1e-3);
  });

  it('scores what the ONNX engine has trained, and the other way round', async () => {
    const windows = gaussian(10, 5, 3);
    for (const [trainer, scorer] of [
      [onnx, tensorflow],
      [tensorflow, onnx],
    ]) {
      const { weights } = await train(trainer, 5);
      const scores = await Promise.all(
        [trainer, scorer].map(async (engine) => {
          const session = await engine.createScoring({ spec, weights, scaling });
          const { squaredError } = await session.score(windows, 10);
          await session.dispose();
          return squaredError;
        }),
      );
      expect(largestError(scores[1], scores[0])).toBeLessThan(1e-4);
    }
  });

  itWithSeveral(
    'takes a batch that is larger than it computes at once',
    async () => {
      // 7 outputs of 256 x 128 floats for each of two LSTMs leave 146 windows a chunk.
      const large: NetworkSpec = { ...spec, window: 256, hidden: 128, channels: 1 };
      const batch = 150;
      const engine = await startTensorFlowEngine({ lanes: 1 });
      const windows = new Float32Array(batch * large.window);
      const random = createRandom(6);
      for (let k = 0; k < windows.length; k++) windows[k] = random.gaussian();
      const weights = initialWeights(large, 7);
      const scoring = await engine.createScoring({
        spec: large,
        weights,
        scaling: { center: new Float32Array(1), scale: new Float32Array(1).fill(1), clip: 100 },
      });
      const { squaredError } = await scoring.score(windows, batch);
      const alone = await scoring.score(windows.subarray((batch - 1) * large.window), 1);
      expect(largestError(squaredError.subarray(-1), alone.squaredError)).toBeLessThan(1e-5);

      const session = await engine.createTraining({ ...training, spec: large, weights });
      const mean = squaredError.reduce((sum, value) => sum + value, 0) / batch;
      expect(await session.loss(windows, windows, batch)).toBeCloseTo(mean, 5);
      expect((await session.gradients(windows, windows, batch)).loss).toBeCloseTo(mean, 5);
      await engine.stop();
    },
    60_000,
  );

  it('holds as many tensors after 1,000 steps and batches as before, and none after dispose', async () => {
    // Enough windows for a second lane.
    const batch = gaussian(128, 8);
    const use = async (rounds: number): Promise<void> => {
      const scoring = await tensorflow.createScoring({ spec, weights: training.weights, scaling });
      const session = await tensorflow.createTraining(training);
      const round = async (): Promise<void> => {
        await session.step(batch, batch, 128, 1e-3);
        await session.loss(batch, batch, 128);
        await session.gradients(batch, batch, 128);
        await scoring.score(batch, 128);
        await scoring.reconstruct(batch, 128);
      };
      await round();
      const start = await tensorflow.memory();
      for (let count = 0; count < rounds; count++) await round();
      expect(await tensorflow.memory()).toEqual(start);
      await Promise.all([scoring.dispose(), session.dispose()]);
    };
    // The length of a network's window stays as one native tensor for all sessions; this makes it.
    await use(1);
    const before = await tensorflow.memory();
    await use(1000);
    expect(await tensorflow.memory()).toEqual(before);
  }, 120_000);

  itWithSeveral('trains alike on one lane and on three', async () => {
    const batch = gaussian(200, 10);
    const results = await Promise.all(
      [1, 3].map(async (lanes) => {
        const engine = await startTensorFlowEngine({ lanes });
        const session = await engine.createTraining(training);
        const losses: number[] = [];
        for (let step = 0; step < 10; step++) losses.push(await session.step(batch, batch, 200, 5e-3));
        losses.push(await session.loss(batch, batch, 200));
        expect((await engine.memory()).length).toBe(lanes);
        await engine.stop();
        return losses;
      }),
    );
    expect(largestError(results[1], results[0])).toBeLessThan(1e-4);
  });

  itWithSeveral('rejects the call in flight and all later ones when its thread dies', async () => {
    const engine = await startTensorFlowEngine();
    const session = await engine.createTraining(training);
    const windows = gaussian(3000, 9);
    const pending = session.step(windows, windows, 3000, 1e-3);
    const failure = expect.objectContaining({ code: 'ENGINE_FAILED', retryable: true });
    const rejected = expect(pending).rejects.toEqual(failure);
    await engine.stop();
    await rejected;
    await expect(session.step(windows, windows, 1, 1e-3)).rejects.toEqual(failure);
    await expect(engine.createTraining(training)).rejects.toEqual(failure);
    await session.dispose();
    await engine.stop();
  });

  itWithSeveral('starts again after its thread has died', async () => {
    const engine = await startTensorFlowEngine();
    const { losses } = await train(engine, 1);
    expect(losses[0]).toBeGreaterThan(0);
    await engine.stop();
  });
});
