import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadModel, saveModel } from '../../src/models/artefact.ts';
import { createDecider } from '../../src/models/decision/decider.ts';
import { createOnnxEngine } from '../../src/models/engine/onnx/onnx-engine.ts';
import type { Model } from '../../src/models/model.ts';
import { createRandom } from '../../src/models/random.ts';
import { train } from '../../src/models/trainer.ts';
import { plainModel, smallOrder, temporaryDirectory } from './support/fixtures.ts';

/** Scores and shares of a walk of 64 windows. */
async function scoresOf(model: Model): Promise<number[]> {
  const { spec } = model.card;
  const session = await createOnnxEngine().createScoring({ ...model, spec });
  const random = createRandom(9);
  const windows = Float32Array.from(
    { length: 64 * spec.window * spec.channels },
    () => random.gaussian() * 40,
  );
  const { lastResidual } = await session.score(windows, 64);
  await session.dispose();
  const decider = createDecider(model.calibration);
  const shares = new Float32Array(spec.channels);
  return Array.from({ length: 64 }, (_, i) => {
    const score = decider.decide(
      0,
      lastResidual.subarray(i * spec.channels, (i + 1) * spec.channels),
      shares,
    );
    return [score, ...shares];
  }).flat();
}

describe('a saved model', () => {
  it('scores bit for bit as before, and keeps its card', async () => {
    const model = await train(smallOrder({ steps: 20 }), {
      engine: createOnnxEngine(),
      clock: () => 0,
      onProgress() {},
    });
    const directory = join(temporaryDirectory(), model.card.id);
    saveModel(directory, model);
    const loaded = loadModel(directory);
    expect(loaded.card).toEqual(model.card);
    const scores = await scoresOf(model);
    expect(new Set(scores).size).toBeGreaterThan(64);
    expect(await scoresOf(loaded)).toEqual(scores);
  });

  it('survives numbers that JSON does not know: -0', () => {
    const model = plainModel({ channels: 2 });
    const signed = { ...model, calibration: { ...model.calibration, mean: Float32Array.of(-0, -0) } };
    const directory = join(temporaryDirectory(), 'signed');
    saveModel(directory, signed);
    expect(loadModel(directory).card.hash).toBe(model.card.hash);
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
    ['an empty card', (directory) => writeFileSync(join(directory, 'model.json'), '{"format":1}'), /./],
    [
      'a later format',
      (directory) =>
        edit(join(directory, 'model.json'), (text) => text.replace('"format": 1', '"format": 2')),
      /format 2 is not known/,
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
