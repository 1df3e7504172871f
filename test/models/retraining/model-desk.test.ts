import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { silentLogger } from '../../../src/log.ts';
import { createOnnxEngine } from '../../../src/models/engine/onnx/onnx-engine.ts';
import { createLearner } from '../../../src/models/learner.ts';
import type { Model } from '../../../src/models/model.ts';
import { createRegistry } from '../../../src/models/registry.ts';
import { createLifeLog } from '../../../src/models/retraining/life-log.ts';
import { createModelDesk } from '../../../src/models/retraining/model-desk.ts';
import { createScorer } from '../../../src/models/scorer.ts';
import { train } from '../../../src/models/trainer.ts';
import { assetAt, healthyRows, plainModel, smallOrder, temporaryDirectory } from '../support/fixtures.ts';

const ada = { by: 'ada', comment: 'it was calmer' };
const engine = createOnnxEngine();
const { assets: _assets, number: _number, ...order } = smallOrder();

/** A class with these versions, the last of them in use, and a live scorer. */
async function deskOf(versions: readonly Model[]) {
  const directory = temporaryDirectory();
  const registry = createRegistry(directory);
  for (const version of versions) registry.save(version);
  const last = versions.at(-1);
  if (last !== undefined) registry.promote('pump', last.card.id);
  const life = createLifeLog(directory);
  const scores: number[] = [];
  const scorer = createScorer({
    windowLength: 8,
    channels: 3,
    minCoverage: 0.5,
    forgetAfterMs: 1e12,
    raise: 1,
    batch: 64,
    waitMs: 1,
    mostWaiting: 10_000,
    onVerdict: (verdict) => verdict.kind !== 'unknown' && scores.push(verdict.score.value),
    onFailure(error) {
      throw error;
    },
  });
  const failure = { onModel: null as Error | null };
  const learner = createLearner({
    className: 'pump',
    order,
    after: 100,
    keep: 5,
    registry,
    clock: () => 0,
    log: silentLogger,
    train: () => Promise.reject(new Error('not here')),
    async onModel(model) {
      if (failure.onModel !== null) throw failure.onModel;
      await scorer.use(model, engine);
    },
  });
  await learner.start();
  const calls: string[] = [];
  let busy = false;
  const retrainer = {
    status: () => ({ phase: busy ? 'training' : 'idle' }),
    retrain: (withAlerted: boolean) => {
      calls.push(`retrain ${withAlerted}`);
      return !busy;
    },
    overtaken: async () => void calls.push('overtaken'),
  } as unknown as Parameters<typeof createModelDesk>[0]['retrainer'];
  const parts = {
    className: 'pump',
    order,
    registry,
    life,
    learner,
    retrainer,
    keep: 5,
    engine,
    clock: () => 7,
    log: silentLogger,
  };
  const rows = healthyRows('a', 60, 9);
  return {
    ...{ desk: createModelDesk(parts), registry, life, learner, calls, directory, failure },
    work(isBusy: boolean) {
      busy = isBusy;
    },
    /** The scores of the same 50 windows, from a fresh start. */
    async live(): Promise<number[]> {
      scores.length = 0;
      for (let row = 0; row < 50; row++)
        scorer.accept({
          asset: assetAt(0),
          at: row * 1000,
          values: rows.values.subarray(row * 3, (row + 8) * 3),
          measured: rows.measured.subarray(row * 3, (row + 8) * 3),
          coverage: 1,
        });
      await scorer.settled();
      return [...scores];
    },
  };
}

const version = (number: number) => {
  const model = plainModel({ channels: 3, length: 8, number, seed: number });
  return { ...model, card: { ...model.card, channels: order.channels } };
};

/** The hash covers names of channels, so a version whose card is changed must not be loaded. */
const versions = [1, 2, 3].map((number) => plainModel({ channels: 3, length: 8, number, seed: number }));

describe('model desk', () => {
  it('brings an older version back with its scaling and thresholds: scores are the same bit for bit', async () => {
    const context = { engine, clock: () => 5000, onProgress() {} };
    const one = await train(smallOrder({ steps: 40 }), context);
    const two = await train(smallOrder({ steps: 40, number: 2, seed: 8, margin: 2 }), context);
    const bench = await deskOf([two, one]);
    const before = await bench.live();
    expect(before.length).toBe(50);
    expect(await bench.desk.promote(two.card.id, ada)).toMatchObject({
      ok: true,
      value: { state: 'in_use' },
    });
    const other = await bench.live();
    expect(other).not.toEqual(before);
    expect(await bench.desk.restore(one.card.id, ada)).toMatchObject({
      ok: true,
      value: { champion: true, last: { kind: 'restored', by: 'ada', sentence: 'it was calmer', at: 7 } },
    });
    expect(await bench.live()).toEqual(before);
    expect(bench.registry.champion('pump')?.card.id).toBe(one.card.id);
    expect(bench.calls).toEqual(['overtaken', 'overtaken']);
  });

  it('says where each version stands', async () => {
    const bench = await deskOf(versions);
    const [one, two] = versions.map(({ card }) => card.id);
    const event = { at: 1, reason: 'no_better', sentence: 'No.', by: null };
    bench.life.add('pump', { ...event, kind: 'refused', model: one });
    bench.life.add('pump', { ...event, kind: 'shadowing', model: two });
    expect(bench.desk.versions().map(({ state, champion }) => [state, champion])).toEqual([
      ['refused', false],
      ['shadowing', false],
      ['in_use', true],
    ]);
  });

  it('pins and unpins, once each', async () => {
    const bench = await deskOf(versions);
    const { id } = versions[0].card;
    expect(bench.desk.pin(id, ada)).toMatchObject({ ok: true, value: { pinned: true } });
    expect(bench.desk.pin(id, ada)).toEqual({ ok: false, refusal: 'pinned_already' });
    bench.registry.prune('pump', 0);
    expect(bench.desk.versions().map((one) => one.card.number)).toEqual([1, 3]);
    expect(bench.desk.unpin(id, ada)).toMatchObject({ ok: true, value: { pinned: false } });
    expect(bench.desk.unpin(id, ada)).toEqual({ ok: false, refusal: 'not_pinned' });
    expect(bench.life.events('pump').map(({ kind, by }) => `${kind} ${by}`)).toEqual([
      'pinned ada',
      'unpinned ada',
    ]);
  });

  it('refuses what cannot be, by name, and changes nothing', async () => {
    const bench = await deskOf([...versions.slice(0, 2), version(3)]);
    const inUse = bench.registry.list('pump').find(({ champion }) => champion)!.card.id;
    const refusal = async (id: string) => {
      const result = await bench.desk.promote(id, ada);
      return result.ok ? null : result.refusal;
    };
    expect(await refusal('pump-9-none')).toBe('no_such_model');
    expect(await refusal(inUse)).toBe('in_use_already');
    expect(await refusal(versions[0].card.id)).toBe('does_not_fit');
    const damaged = version(4);
    bench.registry.save(damaged);
    writeFileSync(join(bench.directory, 'pump', damaged.card.id, 'weights.bin'), 'oh');
    expect(await refusal(damaged.card.id)).toBe('model_damaged');
    expect(bench.life.events('pump')).toEqual([]);
    expect(bench.registry.list('pump').find(({ champion }) => champion)!.card.id).toBe(inUse);
  });

  it('keeps the old version when the new one cannot be put in use', async () => {
    const context = { engine, clock: () => 5000, onProgress() {} };
    const one = await train(smallOrder({ steps: 5 }), context);
    const two = await train(smallOrder({ steps: 5, number: 2, seed: 8 }), context);
    const bench = await deskOf([two, one]);
    const before = await bench.live();
    bench.failure.onModel = new Error('no memory');
    await expect(bench.desk.promote(two.card.id, ada)).rejects.toThrow('no memory');
    expect(bench.registry.champion('pump')?.card.id).toBe(one.card.id);
    expect(bench.learner.champion()?.card.id).toBe(one.card.id);
    expect((await bench.live()).length).toBe(before.length);
  });

  it('has a class trained that has a model and is not being trained', async () => {
    const empty = await deskOf([]);
    expect(empty.desk.retrain(false, ada)).toEqual({ ok: false, refusal: 'still_learning' });
    const context = { engine, clock: () => 5000, onProgress() {} };
    const bench = await deskOf([await train(smallOrder({ steps: 5 }), context)]);
    expect(bench.desk.retrain(true, ada)).toEqual({ ok: true, value: null });
    bench.work(true);
    expect(bench.desk.retrain(false, ada)).toEqual({ ok: false, refusal: 'training_already' });
    expect(bench.calls).toEqual(['retrain true', 'retrain false']);
  });

  it('takes a new level for normal: a version of its own, in use, with who said so and why', async () => {
    const context = { engine, clock: () => 5000, onProgress() {} };
    const one = await train(smallOrder({ steps: 40, assets: [healthyRows('a', 600, 1)] }), context);
    const bench = await deskOf([one]);
    const rows = healthyRows('a', 300, 4);
    expect(
      await bench.desk.acceptLevel({ since: healthyRows('a', 30, 4), onset: null }, 'alert-1', ada),
    ).toMatchObject({
      ok: false,
      refusal: 'no_new_level',
      sentence: expect.stringContaining('windows have been at this level'),
    });
    expect(bench.life.events('pump')).toEqual([]);
    bench.work(true);
    const result = await bench.desk.acceptLevel({ since: rows, onset: null }, 'alert-1', ada);
    if (!result.ok) throw new Error(result.sentence);
    // The training that is under way has number 2.
    expect(result.value).toMatchObject({ champion: true, state: 'in_use', card: { number: 3 } });
    expect(bench.registry.champion('pump')?.calibration.assets).toHaveProperty('a');
    expect(bench.life.events('pump')).toMatchObject([
      {
        kind: 'level_accepted',
        by: 'ada',
        level: { assetId: 'a', alert: 'alert-1' },
        sentence: expect.stringMatching(/normal operation from now on\. it was calmer$/),
      },
    ]);
    expect(bench.calls).toEqual(['overtaken']);
    expect([bench.desk.levelAcceptedBy('ada', 'a'), bench.desk.levelAcceptedBy('ada', 'b')]).toEqual([
      one.card.data.toAt <= 7,
      false,
    ]);
  });
});
