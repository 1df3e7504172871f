import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ForewarnError } from '../../src/errors.ts';
import { silentLogger } from '../../src/log.ts';
import type { FitProgress } from '../../src/models/fit.ts';
import { createLearner, type Learner, type LearnerOptions } from '../../src/models/learner.ts';
import type { Model } from '../../src/models/model.ts';
import { createRegistry, type Registry } from '../../src/models/registry.ts';
import type { TrainingOrder } from '../../src/models/trainer.ts';
import { assetAt, plainModel, smallOrder, temporaryDirectory, until } from './support/fixtures.ts';

/** One training that was asked for; the test decides how it ends. */
interface Training {
  readonly order: TrainingOrder;
  readonly signal: AbortSignal;
  show(progress: Partial<FitProgress>): void;
  succeed(model: Model, student?: Model | null, studentFailure?: string | null): void;
  fail(error: unknown): void;
}

interface Bench {
  readonly learner: Learner;
  readonly registry: Registry;
  readonly directory: string;
  readonly trainings: Training[];
  readonly used: string[];
  readonly complaints: { fields: object; message: string }[];
  /** Feeds rows of one asset, one a second of the learner's clock. */
  readonly feed: (rows: number) => void;
  readonly advance: (ms: number) => void;
}

function benchOf(changes: Partial<LearnerOptions> = {}, directory = temporaryDirectory()): Bench {
  const registry = createRegistry(directory);
  const trainings: Training[] = [];
  const used: string[] = [];
  const complaints: { fields: object; message: string }[] = [];
  let now = 1_000_000;
  const {
    assets: _assets,
    number: _number,
    ...order
  } = smallOrder({
    channels: ['channel-0', 'channel-1'],
    windowLength: 4,
  });
  const note = (fields: object, message: string) => complaints.push({ fields, message });
  const learner = createLearner({
    className: 'pump',
    order,
    after: 100,
    keep: 2,
    registry,
    clock: () => now,
    log: { ...silentLogger, error: note, warn: note },
    train: (asked, onProgress, signal) =>
      new Promise((resolve, reject) => {
        trainings.push({
          order: asked,
          signal,
          show: (progress) => onProgress({ step: 0, steps: 100, fitLoss: 1, heldOutLoss: 1, ...progress }),
          succeed: (model, student = null, studentFailure = null) =>
            resolve({ model, student, studentFailure, judgements: null }),
          fail: reject,
        });
        signal.addEventListener('abort', () => reject(new ForewarnError('TRAINING_ABORTED', 'stopped')));
      }),
    onModel(model) {
      used.push(model.card.id);
      return Promise.resolve();
    },
    ...changes,
  });
  return {
    learner,
    registry,
    directory,
    trainings,
    used,
    complaints,
    feed(rows) {
      for (let i = 0; i < rows; i++) {
        now += 1000;
        learner.accept({
          asset: assetAt(0),
          at: now,
          values: Float32Array.of(i, -i),
          measured: Uint8Array.of(1, 1),
        });
      }
    },
    advance(ms) {
      now += ms;
    },
  };
}

const modelOf = (number: number) => plainModel({ channels: 2, length: 4, number, seed: number });

describe('learner', () => {
  it('collects, trains, registers and hands over, and says so as it goes', async () => {
    const { learner, registry, trainings, used, feed, advance } = benchOf();
    await learner.start();
    expect(learner.status()).toMatchObject({ phase: 'collecting', progress: 0, etaMs: null, model: null });
    feed(50);
    expect(learner.status()).toMatchObject({
      phase: 'collecting',
      rows: 50,
      rowsNeeded: 100,
      progress: 0.35,
    });
    // 50 rows in 49 s, and 50 to go.
    expect(learner.status().etaMs).toBeCloseTo(49_000, -1);
    feed(50);
    expect(learner.status()).toMatchObject({ phase: 'training', progress: 0.7, etaMs: null });
    expect(trainings.length).toBe(1);
    expect(trainings[0].order).toMatchObject({ className: 'pump', number: 1, windowLength: 4 });
    expect(trainings[0].order.assets[0].at.length).toBe(100);
    // Rows that come during training are not its business.
    feed(500);
    expect(trainings.length).toBe(1);
    const before = learner.status().rows;
    expect(before).toBe(100);
    advance(20_000);
    trainings[0].show({ step: 25 });
    expect(learner.status().progress).toBeCloseTo(0.775, 6);
    expect(learner.status()).toMatchObject({ etaMs: 3 * 520_000, training: { step: 25, steps: 100 } });
    const model = modelOf(1);
    trainings[0].succeed(model);
    await until(() => learner.status().phase === 'ready', 'the model');
    expect(learner.status()).toEqual({
      phase: 'ready',
      rows: 100,
      rowsNeeded: 100,
      progress: 1,
      etaMs: 0,
      training: null,
      model: model.card.id,
      lastFailure: null,
      trained: 1,
      failed: 0,
    });
    expect(used).toEqual([model.card.id]);
    expect(registry.champion('pump')?.card.id).toBe(model.card.id);
    feed(500);
    expect(trainings.length).toBe(1);
  });

  it('keeps the student beside the model in use, in which it is not put', async () => {
    const { learner, registry, trainings, used, complaints, feed } = benchOf();
    feed(100);
    const model = modelOf(1);
    const student = plainModel({ channels: 2, length: 4, number: 1, seed: 99 });
    trainings[0].succeed(model, student);
    await until(() => learner.status().phase === 'ready', 'the model');
    expect(used).toEqual([model.card.id]);
    expect(registry.champion('pump')?.card.id).toBe(model.card.id);
    expect(registry.list('pump').map(({ card, champion }) => [card.id, champion])).toEqual(
      expect.arrayContaining([
        [model.card.id, true],
        [student.card.id, false],
      ]),
    );
    expect(complaints).toEqual([]);
  });

  it('uses the model although its student failed, and says why there is none', async () => {
    const { learner, registry, trainings, complaints, feed } = benchOf();
    feed(100);
    const model = modelOf(1);
    trainings[0].succeed(model, null, 'no memory');
    await until(() => learner.status().phase === 'ready', 'the model');
    expect(learner.status()).toMatchObject({
      model: model.card.id,
      trained: 1,
      failed: 0,
      lastFailure: null,
    });
    expect(registry.list('pump').length).toBe(1);
    expect(complaints).toEqual([
      { fields: { class: 'pump', model: model.card.id, error: 'no memory' }, message: 'no student was made' },
    ]);
  });

  it('never goes backward on the way to a model', async () => {
    const { learner, trainings, feed } = benchOf();
    const shown: number[] = [];
    for (let i = 0; i < 100; i++) {
      feed(1);
      shown.push(learner.status().progress);
    }
    for (const step of [1, 30, 80, 100]) {
      trainings[0].show({ step });
      shown.push(learner.status().progress);
    }
    trainings[0].succeed(modelOf(1));
    await until(() => learner.status().phase === 'ready', 'the model');
    shown.push(learner.status().progress);
    expect(shown).toEqual(shown.toSorted((a, b) => a - b));
    expect(shown[shown.length - 1]).toBe(1);
  });

  it('tries again with a quarter more rows after a failure, keeping those it has', async () => {
    const { learner, trainings, complaints, feed } = benchOf();
    feed(100);
    trainings[0].fail(new ForewarnError('TRAINING_DATA_TOO_SHORT', 'too short', { hint: 'wait' }));
    await until(() => learner.status().phase === 'collecting', 'the failure');
    expect(learner.status()).toMatchObject({
      rows: 100,
      rowsNeeded: 125,
      failed: 1,
      lastFailure: 'too short',
    });
    expect(complaints).toEqual([
      {
        fields: { class: 'pump', error: 'too short', hint: 'wait', rowsNeeded: 125 },
        message: 'training failed; it is tried again with more rows',
      },
    ]);
    feed(24);
    expect(trainings.length).toBe(1);
    feed(1);
    expect(trainings[1].order.assets[0].at.length).toBe(125);
    trainings[1].succeed(modelOf(1));
    await until(() => learner.status().phase === 'ready', 'the model');
    expect(learner.status()).toMatchObject({ trained: 1, failed: 1, lastFailure: null });
  });

  it('begins afresh instead of collecting without end when training fails again and again', async () => {
    // 400 000 channels make 16 million values out of 40 rows.
    const channels = Array.from({ length: 400_000 }, (_, i) => `channel-${i}`);
    const { assets: _assets, number: _number, ...order } = smallOrder({ channels });
    const { learner, trainings } = benchOf({ order, after: 30 });
    const values = new Float32Array(channels.length);
    const measured = new Uint8Array(channels.length);
    const feed = (rows: number) => {
      for (let i = 0; i < rows; i++) learner.accept({ asset: assetAt(0), at: i, values, measured });
    };
    feed(30);
    trainings[0].fail(new Error('broken'));
    await until(() => learner.status().failed === 1, 'the first failure');
    expect(learner.status()).toMatchObject({ rows: 30, rowsNeeded: 38 });
    feed(8);
    trainings[1].fail(new Error('broken'));
    await until(() => learner.status().failed === 2, 'the second failure');
    expect(learner.status()).toMatchObject({ phase: 'collecting', rows: 0, rowsNeeded: 30, etaMs: null });
  });

  it('goes back to collecting when the model cannot be put in use', async () => {
    const { learner, trainings, feed } = benchOf({
      onModel: () => Promise.reject(new ForewarnError('ENGINE_FAILED', 'no memory')),
    });
    feed(100);
    trainings[0].succeed(modelOf(1));
    await until(() => learner.status().failed === 1, 'the failure');
    expect(learner.status()).toMatchObject({ phase: 'collecting', model: null, lastFailure: 'no memory' });
  });

  it('trains at once when asked, resolves when that has ended, and not twice at a time', async () => {
    const { learner, trainings, feed } = benchOf({ after: 1_000_000 });
    feed(10);
    const asked = learner.trainNow();
    await learner.trainNow();
    expect(trainings.length).toBe(1);
    trainings[0].succeed(modelOf(1));
    await asked;
    expect(learner.status().phase).toBe('ready');
    await learner.trainNow();
    expect(trainings.length).toBe(1);
  });

  it('loads the champion at start, and then collects nothing', async () => {
    const directory = temporaryDirectory();
    const registry = createRegistry(directory);
    const model = modelOf(3);
    registry.save(model);
    registry.promote('pump', model.card.id);
    const { learner, used, feed, trainings } = benchOf({}, directory);
    await learner.start();
    expect(used).toEqual([model.card.id]);
    expect(learner.status()).toMatchObject({ phase: 'ready', model: model.card.id, progress: 1, trained: 0 });
    feed(200);
    expect(trainings.length).toBe(0);
  });

  it.each([
    ['its channels', { channels: ['channel-0', 'other'] }],
    ['the order of its channels', { channels: ['channel-1', 'channel-0'] }],
    ['its window', { windowLength: 5 }],
    ['its sampling', { sampleEveryMs: 500 }],
  ])('learns anew when the class has changed %s', async (_what, change) => {
    const directory = temporaryDirectory();
    const registry = createRegistry(directory);
    const model = modelOf(1);
    registry.save(model);
    registry.promote('pump', model.card.id);
    const {
      assets: _assets,
      number: _number,
      ...order
    } = smallOrder({
      channels: ['channel-0', 'channel-1'],
      windowLength: 4,
      ...change,
    });
    const { learner, used, trainings, complaints, feed } = benchOf({ order }, directory);
    await learner.start();
    expect(used).toEqual([]);
    expect(complaints.length).toBe(1);
    feed(100);
    // The old version stays, so the next number is its successor.
    expect(trainings[0].order.number).toBe(2);
  });

  it('does not throw on a damaged champion, says why, and learns anew', async () => {
    const directory = temporaryDirectory();
    const registry = createRegistry(directory);
    const model = modelOf(1);
    registry.save(model);
    registry.promote('pump', model.card.id);
    writeFileSync(join(directory, 'pump', model.card.id, 'weights.bin'), 'oh');
    const { learner, complaints, feed, trainings, used } = benchOf({}, directory);
    await learner.start();
    expect(learner.status().phase).toBe('collecting');
    expect(learner.status().lastFailure).toMatch(/weights.bin has 2 bytes/);
    expect(complaints[0].fields).toMatchObject({ class: 'pump', hint: expect.stringContaining('backup') });
    feed(100);
    trainings[0].succeed(modelOf(2));
    await until(() => learner.status().phase === 'ready', 'the new model');
    expect(used).toEqual([modelOf(2).card.id]);
  });

  it('does not throw either when the engine refuses the champion', async () => {
    const directory = temporaryDirectory();
    const registry = createRegistry(directory);
    const model = modelOf(1);
    registry.save(model);
    registry.promote('pump', model.card.id);
    const onModel = () => Promise.reject(new ForewarnError('ENGINE_FAILED', 'refused'));
    const { learner, complaints } = benchOf({ onModel }, directory);
    await learner.start();
    expect(learner.status()).toMatchObject({ phase: 'collecting', model: null, lastFailure: 'refused' });
    expect(complaints.length).toBe(1);
  });

  it('aborts its training on stop without calling that a failure', async () => {
    const { learner, trainings, complaints, feed } = benchOf();
    feed(100);
    learner.stop();
    learner.stop();
    expect(trainings[0].signal.aborted).toBe(true);
    await new Promise((resolve) => setImmediate(resolve));
    expect(learner.status()).toMatchObject({ failed: 0, lastFailure: null });
    expect(complaints).toEqual([]);
  });

  it('survives a registry that cannot be written', async () => {
    const { learner, directory, trainings, feed } = benchOf();
    rmSync(directory, { recursive: true });
    writeFileSync(directory, 'a file where the folder should be');
    feed(100);
    trainings[0].succeed(modelOf(1));
    await until(() => learner.status().failed === 1, 'the failure');
    expect(learner.status().phase).toBe('collecting');
  });

  it('goes on with the rows of a run before, which say nothing of how fast rows come', async () => {
    const { learner, trainings, feed } = benchOf();
    await learner.start();
    const rows = 60;
    learner.resume([
      {
        assetId: 'asset-0',
        at: Float64Array.from({ length: rows }, (_, i) => 900_000 + i * 1000),
        values: Float32Array.from({ length: rows * 2 }, (_, i) => i),
        measured: new Uint8Array(rows * 2).fill(1),
      },
    ]);
    expect(learner.status()).toMatchObject({ phase: 'collecting', rows: 60, rowsNeeded: 100, etaMs: null });
    feed(11);
    expect(learner.status().rows).toBe(71);
    // 11 rows in 10 s, and 29 to go.
    expect(learner.status().etaMs).toBeCloseTo((10_000 * 29) / 11, 3);
    feed(29);
    expect(trainings.length).toBe(1);
    const collected = trainings[0].order.assets.find(({ at }) => at[0] === 900_000)!;
    expect(Array.from(collected.values.slice(0, 4))).toEqual([0, 1, 2, 3]);
    learner.resume([]);
    expect(learner.status()).toMatchObject({ phase: 'training', rows: 100 });
  });
});
