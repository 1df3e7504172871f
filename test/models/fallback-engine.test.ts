import { describe, expect, it } from 'vitest';
import { ForewarnError } from '../../src/errors.ts';
import { createFallbackEngine } from '../../src/models/engine/fallback-engine.ts';
import { createOnnxEngine } from '../../src/models/engine/onnx/onnx-engine.ts';
import type { Engine, ScoringOptions } from '../../src/models/engine.ts';
import { chooseEngine } from '../../src/models/engine-choice.ts';
import { initialWeights, type NetworkSpec } from '../../src/models/spec.ts';

const spec: NetworkSpec = {
  kind: 'lstm_autoencoder',
  window: 4,
  channels: 2,
  hidden: 4,
  latent: 2,
  reverse: true,
};
const model: ScoringOptions = {
  spec,
  weights: initialWeights(spec, 1),
  scaling: { center: Float32Array.of(1, 2), scale: Float32Array.of(1, 3), clip: 10 },
};
const windows = Float32Array.from({ length: 3 * 8 }, (_, i) => Math.sin(i));
const onnx = createOnnxEngine({ lanes: 1 });

/** An engine whose device dies after `good` calls; until then it is the real one under another name. */
function dyingEngine(good: number, code = 'ENGINE_FAILED'): Engine {
  let left = good;
  const live = <T>(call: () => Promise<T>): Promise<T> => {
    left--;
    if (left < 0) return Promise.reject(new ForewarnError(code, 'the device is gone', { retryable: true }));
    return call();
  };
  return {
    kind: 'tensorflow',
    createScoring: (options) =>
      live(async () => {
        const session = await onnx.createScoring(options);
        return {
          score: (values, batch) => live(() => session.score(values, batch)),
          reconstruct: (values, batch) => live(() => session.reconstruct(values, batch)),
          dispose: () => live(() => session.dispose()),
        };
      }),
    createTraining: (options) => live(() => onnx.createTraining(options)),
  };
}

/** Refuses other kinds of networks as the TensorFlow engine does. */
function lstmOnly(engine: Engine): Engine {
  const checked = <T>({ kind }: NetworkSpec, call: () => Promise<T>): Promise<T> => {
    if (kind === 'lstm_autoencoder') return call();
    return Promise.reject(new ForewarnError('ENGINE_UNSUPPORTED', `no networks of kind ${kind}`));
  };
  return {
    ...engine,
    createScoring: (options) => checked(options.spec, () => engine.createScoring(options)),
    createTraining: (options) => checked(options.spec, () => engine.createTraining(options)),
  };
}

describe('fallback engine', () => {
  it('scores the batches that were in flight again, all of them, and says once why', async () => {
    const expected = await (await onnx.createScoring(model)).score(windows, 3);
    const reasons: string[] = [];
    const engine = createFallbackEngine(dyingEngine(2), onnx, (error) => reasons.push(error.message));
    const session = await engine.createScoring(model);
    const results = await Promise.all([1, 2, 3].map(() => session.score(windows, 3)));
    expect(results).toEqual([expected, expected, expected]);
    expect(reasons).toEqual(['the device is gone']);
    expect(engine.kind).toBe('onnx');
    await session.dispose();
  });

  it('makes new sessions on the backup once the device is gone', async () => {
    const engine = createFallbackEngine(dyingEngine(0), onnx, () => undefined);
    const session = await engine.createScoring(model);
    expect((await session.score(windows, 3)).lastResidual).toHaveLength(6);
    const training = await engine.createTraining({
      spec,
      weights: model.weights,
      clipNorm: 1,
      weightDecay: 0,
    });
    expect(await training.loss(windows, windows, 3)).toBeGreaterThan(0);
    await training.dispose();
    await session.dispose();
  });

  it('passes on what is the fault of the model and not of the device', async () => {
    const engine = createFallbackEngine(dyingEngine(0, 'MODEL_MALFORMED'), onnx, () => undefined);
    await expect(engine.createScoring(model)).rejects.toMatchObject({ code: 'MODEL_MALFORMED' });
    expect(engine.kind).toBe('tensorflow');
  });
});

describe('a network of a kind that the primary does not have', () => {
  const gru: NetworkSpec = { ...spec, kind: 'gru_autoencoder' };
  const weights = initialWeights(gru, 1);

  it('runs on the backup, and the primary goes on with the others', async () => {
    const reasons: string[] = [];
    const primary = lstmOnly(dyingEngine(Number.POSITIVE_INFINITY));
    const engine = createFallbackEngine(primary, onnx, (error) => reasons.push(error.message));
    const session = await engine.createScoring({ ...model, spec: gru, weights });
    const expected = await onnx.createScoring({ ...model, spec: gru, weights });
    expect(await session.score(windows, 3)).toEqual(await expected.score(windows, 3));
    const training = await engine.createTraining({ spec: gru, weights, clipNorm: 1, weightDecay: 0 });
    expect(await training.loss(windows, windows, 3)).toBeGreaterThan(0);
    expect(reasons).toEqual([]);
    expect(engine.kind).toBe('tensorflow');
    await Promise.all([session.dispose(), expected.dispose(), training.dispose()]);
  });

  it('is no reason not to fall back when the primary fails later', async () => {
    const reasons: string[] = [];
    const engine = createFallbackEngine(lstmOnly(dyingEngine(0)), onnx, ({ message }) =>
      reasons.push(message),
    );
    const other = await engine.createScoring({ ...model, spec: gru, weights });
    const session = await engine.createScoring(model);
    expect((await session.score(windows, 3)).lastResidual).toHaveLength(6);
    expect(reasons).toEqual(['the device is gone']);
    await Promise.all([other.dispose(), session.dispose()]);
  });
});

describe('engine choice', () => {
  it('computes on the CPU and says why when TensorFlow is wanted and cannot be loaded', async () => {
    const reasons: string[] = [];
    const chosen = await chooseEngine('tensorflow', {
      linked: '/nowhere',
      onFallback: (reason) => reasons.push(reason),
    });
    // Where the optional package is installed in the project itself, TensorFlow does load.
    if (chosen.status().kind === 'tensorflow') return void (await chosen.stop());
    expect(chosen.status()).toEqual({
      wanted: 'tensorflow',
      kind: 'onnx',
      device: null,
      fallback: reasons[0],
    });
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toMatch(/tfjs-node/);
  });

  it('takes the CPU engine without a word where it is wanted, or no GPU is there', async () => {
    const reasons: string[] = [];
    const chosen = await chooseEngine('onnx', { onFallback: (reason) => reasons.push(reason) });
    expect(chosen.status()).toEqual({ wanted: 'onnx', kind: 'onnx', device: null, fallback: null });
    expect(reasons).toEqual([]);
  });
});
