import { beforeAll, describe, expect, it } from 'vitest';
import { createOnnxEngine } from '../../../src/models/engine/onnx/onnx-engine.ts';
import type { Model } from '../../../src/models/model.ts';
import { createRandom } from '../../../src/models/random.ts';
import { channelRanges, injectFault } from '../../../src/models/retraining/injected-faults.ts';
import { compareModels, createJudge, type Judgement } from '../../../src/models/retraining/judgement.ts';
import { decidePromotion } from '../../../src/models/retraining/promotion.ts';
import { scoreRows } from '../../../src/models/retraining/score-rows.ts';
import { train } from '../../../src/models/trainer.ts';
import type { AssetRows } from '../../../src/models/training-set.ts';
import { healthyRows, plainModel, smallOrder } from '../support/fixtures.ts';
import { scriptedEngine } from '../support/scripted-engine.ts';

const engine = createOnnxEngine();
const order = smallOrder({ steps: 300 });
const rule = { raise: 1, clear: 0.9, raiseOn: { windows: 3, of: 5 }, clearAfter: 10 };
const options = { ...order, channels: 3, rule };
const context = { engine, clock: () => 5000, onProgress() {} };
const judge = createJudge(engine, options);
/** Rows that no model here was fitted on. */
const later = [healthyRows('a', 1200, 11), healthyRows('b', 1200, 12)];

describe('judgement', () => {
  let good: Model;
  let judged: Judgement;

  beforeAll(async () => {
    good = await train(order, context);
    judged = await judge(good, later);
  });

  it('says how a model does on rows that it was not fitted on', () => {
    expect(judged.model).toBe(good.card.id);
    expect(judged.windows).toBe(2 * (1200 - 7));
    expect(judged.episodes).toBeLessThanOrEqual(1);
    // 2386 windows, one a second.
    expect(judged.episodesPerWeek).toBeCloseTo((judged.episodes * 604_800) / 2386, 6);
    // In spreads of each channel; the centre of each alone would give about 1.
    expect(judged.heldOutError).toBeGreaterThan(0.01);
    expect(judged.heldOutError).toBeLessThan(0.6);
  });

  it('finds injected faults, and tells them from normal rows', () => {
    const { tried, found, separation, byKind } = judged.faults!;
    expect(tried).toBe(70);
    expect(found).toBeGreaterThan(50);
    expect(separation).toBeGreaterThan(0.9);
    expect(byKind.level_shift).toBeGreaterThan(0.9);
    const shares = Object.values(byKind);
    expect(shares.reduce((sum, share) => sum + share, 0) / shares.length).toBeCloseTo(found / tried, 9);
  });

  it('gives the same for the same rows', async () => {
    expect(await judge(good, later)).toEqual(judged);
  });

  // Detectors that nothing reaches: the usual way for a training to go wrong unseen.
  const blinded = (): Model => ({
    ...good,
    calibration: {
      ...good.calibration,
      detectors: good.calibration.detectors.map((one) => ({ ...one, threshold: 1e9 })),
    },
  });

  it('counts the confirmed faults that each model finds, from their alert on', async () => {
    const stopsAt = 100;
    const stuck = healthyRows('a', 200, 11);
    const ranges = channelRanges(later, 3);
    const injection = { fault: 'level_shift', channel: 1, from: stopsAt, to: 200 } as const;
    const faulty = injectFault(stuck, injection, ranges[1], createRandom(1));
    const faults = [
      { rows: faulty, from: faulty.at[stopsAt] },
      // Nothing to be found: the same machine without the fault.
      { rows: stuck, from: stuck.at[stopsAt] },
    ];
    const both = await compareModels(
      blinded(),
      { champion: good, rows: later, rule, faults },
      options,
      engine,
    );
    expect(both.labelled).toEqual({ tried: 2, champion: 1, challenger: 0 });
    const { labelled } = await compareModels(good, { champion: good, rows: later, rule }, options, engine);
    expect(labelled).toBeNull();
  });

  it('refuses a model that says the same whatever it sees', async () => {
    const blind = blinded();
    const both = await compareModels(blind, { champion: good, rows: later, rule }, options, engine);
    expect(both.challenger.faults!.found).toBe(0);
    expect(decidePromotion(both.champion, both.challenger, { shadow: true, labelled: null })).toMatchObject({
      kind: 'refused',
      reason: 'finds_fewer_faults',
    });
  });

  it('refuses a model that was trained on another machine, or not at all', async () => {
    const other = await train(
      smallOrder({ steps: 300, assets: order.assets.map((rows) => ({ ...rows, values: shuffled(rows) })) }),
      context,
    );
    const both = await compareModels(other, { champion: good, rows: later, rule }, options, engine);
    const decision = decidePromotion(both.champion, both.challenger, { shadow: false, labelled: null });
    expect(decision.kind).toBe('refused');
  });

  it('knows no faults where nothing moves or no stretch is long enough', async () => {
    const still = later.map((rows) => ({ ...rows, values: rows.values.map((_, i) => i % 3) }));
    expect((await judge(good, still)).faults).toBeNull();
    expect((await judge(good, [healthyRows('a', 30, 3)])).faults).toBeNull();
    expect(await judge(good, [])).toMatchObject({ windows: 0, episodesPerWeek: 0, heldOutError: null });
  });

  it('passes on what the engine failed with', async () => {
    const shape = { channels: 1, length: 4 };
    const scripted = scriptedEngine(shape.channels, shape.length);
    const rows: AssetRows = {
      assetId: 'a',
      at: Float64Array.from({ length: 40 }, (_, i) => i * 1000),
      values: new Float32Array(40),
      measured: new Uint8Array(40).fill(1),
    };
    scripted.failNext('score', new Error('no memory'));
    const cut = { channels: 1, windowLength: 4, stride: 1, sampleEveryMs: 1000, minCoverage: 0.5 };
    await expect(scoreRows(plainModel(shape), [rows], cut, scripted.engine, () => undefined)).rejects.toThrow(
      'no memory',
    );
  });
});

/** Each channel from another time, so that nothing hangs together. */
function shuffled({ values, at }: AssetRows): Float32Array {
  const rows = at.length;
  return values.map((_, i) => values[((Math.floor(i / 3) * (1 + (i % 3) * 37)) % rows) * 3 + (i % 3)]);
}
