import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel, saveModel } from '../../src/models/artefact.ts';
import { createDecider } from '../../src/models/decision/decider.ts';
import { createOnnxEngine } from '../../src/models/engine/onnx/onnx-engine.ts';
import { modelHash } from '../../src/models/hash.ts';
import type { Model } from '../../src/models/model.ts';
import { createRandom } from '../../src/models/random.ts';
import { train } from '../../src/models/trainer.ts';
import { plainDetector, plainModel, smallOrder, temporaryDirectory } from './support/fixtures.ts';
import { residualsOfWindows } from './support/scored-windows.ts';

/** Scores and shares of a walk of 64 windows. */
async function scoresOf(model: Model): Promise<number[]> {
  const { window, channels } = model.card.spec;
  const random = createRandom(9);
  const windows = Float32Array.from({ length: 64 * window * channels }, () => random.gaussian() * 40);
  const decider = createDecider(model.calibration);
  const shares = new Float32Array(channels);
  const residuals = await residualsOfWindows(model, windows, 64);
  return residuals.flatMap((one) => [decider.decide(0, one, shares).value, ...shares]);
}

describe('a saved model', () => {
  it('scores bit for bit as before, and keeps its card', async () => {
    const model = await train(
      smallOrder({ steps: 20, sources: ['network', 'robust_z', 'pca', 'vector_autoregression'] }),
      {
        engine: createOnnxEngine(),
        clock: () => 0,
        onProgress() {},
      },
    );
    const directory = join(temporaryDirectory(), model.card.id);
    saveModel(directory, model);
    const loaded = loadModel(directory);
    expect(loaded).toEqual(model);
    expect(loaded.linear.map(({ kind }) => kind)).toEqual(['robust_z', 'pca', 'vector_autoregression']);
    const scores = await scoresOf(model);
    expect(new Set(scores).size).toBeGreaterThan(64);
    expect(await scoresOf(loaded)).toEqual(scores);
  });

  it('survives numbers that JSON does not know: -0 and an infinite threshold', async () => {
    const plain = plainModel({ channels: 2 });
    const parts = {
      ...plain,
      linear: [{ kind: 'robust_z' as const, now: null, before: null, offset: Float32Array.of(-0, 1) }],
      calibration: {
        detectors: [
          plainDetector(2, { mean: Float32Array.of(-0, -0) }),
          plainDetector(2, { source: 'robust_z', kind: 'burst', threshold: Number.POSITIVE_INFINITY }),
        ],
      },
    };
    const hash = modelHash(plain.card.channels, { ...parts, spec: plain.card.spec });
    const model = { ...parts, card: { ...plain.card, hash } };
    const directory = join(temporaryDirectory(), 'odd');
    saveModel(directory, model);
    const loaded = loadModel(directory);
    expect(loaded.card.hash).toBe(hash);
    expect(loaded.calibration.detectors[1].threshold).toBe(Number.POSITIVE_INFINITY);
    expect(await scoresOf(loaded)).toEqual(await scoresOf(model));
    // Saved again it is the same once more.
    saveModel(`${directory}-again`, loaded);
    expect(loadModel(`${directory}-again`)).toEqual(loaded);
  });

  it('replaces what a crash left half written', () => {
    const root = temporaryDirectory();
    const directory = join(root, 'model');
    mkdirSync(`${directory}.partial`);
    writeFileSync(join(`${directory}.partial`, 'weights.bin'), 'half');
    writeFileSync(join(`${directory}.partial`, 'stranger'), '');
    saveModel(directory, plainModel());
    expect(readdirSync(root)).toEqual(['model']);
    expect(readdirSync(directory).toSorted()).toEqual(['model.json', 'weights.bin']);
    expect(loadModel(directory).card.number).toBe(1);
  });

  it('is not there before its last byte is: without its folder under its own name nothing loads', () => {
    const directory = join(temporaryDirectory(), 'model');
    saveModel(`${directory}.partial`, plainModel());
    expect(() => loadModel(directory)).toThrow(/cannot be used/);
  });
});

describe('a damaged model', () => {
  const edit = (path: string, change: (text: string) => string): void => {
    const before = readFileSync(path, 'utf8');
    const after = change(before);
    if (after === before) throw new Error('the test has changed nothing');
    writeFileSync(path, after);
  };
  const robustZ = '"linear": [{"kind": "robust_z", "now": null, "before": null, "offset": [1]}]';
  const damages: readonly [string, (directory: string) => void, RegExp][] = [
    [
      'one bit of the weights',
      (directory) => {
        const bytes = readFileSync(join(directory, 'weights.bin'));
        bytes[40] ^= 1;
        writeFileSync(join(directory, 'weights.bin'), bytes);
      },
      /does not match its hash/,
    ],
    [
      'a weight that is no number',
      (directory) => {
        const bytes = readFileSync(join(directory, 'weights.bin'));
        bytes.writeFloatLE(Number.NaN, 40);
        writeFileSync(join(directory, 'weights.bin'), bytes);
      },
      /not finite/,
    ],
    ['weights cut short', (directory) => truncateSync(join(directory, 'weights.bin'), 100), /has 100 bytes/],
    ['no weights', (directory) => truncateSync(join(directory, 'weights.bin'), 0), /has 0 bytes/],
    [
      'an edited threshold',
      (directory) =>
        edit(join(directory, 'model.json'), (text) => text.replace('"threshold": 1\n', '"threshold": 99\n')),
      /does not match its hash/,
    ],
    [
      'an edited linear source',
      (directory) => edit(join(directory, 'model.json'), (text) => text.replace('"linear": []', robustZ)),
      /does not match its hash/,
    ],
    [
      'another channel',
      (directory) =>
        edit(join(directory, 'model.json'), (text) => text.replace('"channel-0"', '"channel-1"')),
      /does not match its hash/,
    ],
    [
      'an impossible network',
      (directory) =>
        edit(join(directory, 'model.json'), (text) => text.replace('"hidden": 4', '"hidden": -4')),
      /weights.bin has|hidden/,
    ],
    ['a card cut short', (directory) => truncateSync(join(directory, 'model.json'), 200), /JSON/],
    ['an empty card', (directory) => writeFileSync(join(directory, 'model.json'), '{"format":2}'), /./],
    [
      'the format of an earlier version',
      (directory) =>
        edit(join(directory, 'model.json'), (text) => text.replace('"format": 2', '"format": 1')),
      /format 1 is not known/,
    ],
    [
      'a later format',
      (directory) =>
        edit(join(directory, 'model.json'), (text) => text.replace('"format": 2', '"format": 3')),
      /format 3 is not known/,
    ],
  ];

  it.each(damages)('is refused by name and with a way out: %s', (_name, damage, expected) => {
    const directory = join(temporaryDirectory(), 'pump-1-broken');
    saveModel(directory, plainModel());
    loadModel(directory);
    damage(directory);
    let thrown: unknown;
    try {
      loadModel(directory);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({
      code: 'MODEL_MALFORMED',
      retryable: false,
      message: expect.stringMatching(expected),
      hint: expect.stringMatching(/backup.*train again/),
    });
    expect((thrown as Error).message).toContain(directory);
  });
});
