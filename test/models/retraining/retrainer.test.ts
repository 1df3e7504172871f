import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ForewarnError } from '../../../src/errors.ts';
import { healthyRows } from '../support/fixtures.ts';
import { classBench, happened, modelOf, night } from './support/class-bench.ts';
import { judgementOf } from './support/judgements.ts';

const dayMs = 86_400_000;
const hourMs = 3_600_000;

describe('retrainer', () => {
  it('trains by night, tries the challenger on live windows, and promotes it with the reason on disk', async () => {
    const bench = await classBench();
    expect(happened(bench)).toEqual(['promoted first_model']);
    await bench.tick();
    expect(bench.trainings).toEqual([]);
    bench.advance(dayMs);
    await bench.tick();
    expect(bench.retrainer.status()).toMatchObject({ phase: 'training', challenger: null });
    const [{ order, comparison }] = bench.trainings;
    expect(order.number).toBe(2);
    expect(comparison.champion.card.id).toBe(bench.first.card.id);
    expect(order.start?.model).toBe(bench.first.card.id);
    // 2000 rows, the latest fifth of which is only judged on.
    expect([order.assets[0].at.length, comparison.rows[0].at.length]).toEqual([1600, 400]);
    expect(comparison.rows[0].at[0]).toBeGreaterThan(order.assets[0].at.at(-1)!);

    const model = bench.trainings[0].succeed();
    await bench.tick();
    expect(bench.retrainer.status()).toMatchObject({ phase: 'shadowing', challenger: model.card.id });
    expect(bench.shadows.map(({ card }) => card.id)).toEqual([model.card.id]);
    expect(bench.adopted).toEqual([]);
    bench.world.windows = 3600;
    bench.advance(hourMs - 1);
    await bench.tick();
    expect(bench.adopted).toEqual([]);
    bench.advance(1);
    await bench.tick();
    expect(bench.adopted).toEqual([model.card.id]);
    expect(bench.shadows).toEqual([]);
    expect(bench.registry.champion('pump')?.card.id).toBe(model.card.id);
    expect(happened(bench)).toEqual(['promoted first_model', 'shadowing better', 'promoted better']);
    expect(bench.life.events('pump')[1]).toMatchObject({
      sentence: 'On 5000 windows new to both: error 0.400 instead of 0.500.',
      challenger: { heldOutError: 0.4 },
    });
    expect(bench.retrainer.status()).toMatchObject({
      phase: 'idle',
      challenger: null,
      last: { kind: 'promoted' },
    });
  });

  it('trains from random weights where that is asked for', async () => {
    const bench = await classBench({ warmStart: false });
    bench.advance(dayMs);
    await bench.tick();
    expect(bench.trainings[0].order.start).toBeUndefined();
  });

  it('does not train again before the next night', async () => {
    const bench = await classBench({ shadowForMs: 0 });
    await night(bench);
    expect(bench.adopted.length).toBe(1);
    bench.advance(hourMs);
    await bench.tick();
    expect(bench.trainings.length).toBe(1);
    await night(bench);
    expect(bench.adopted.length).toBe(2);
  });

  it('refuses what is no better and keeps only the latest refused version', async () => {
    const bench = await classBench();
    for (let i = 0; i < 3; i++) {
      bench.advance(dayMs);
      await bench.tick();
      bench.trainings.at(-1)!.succeed({ challenger: judgementOf({ heldOutError: 0.9 }) });
      await bench.tick();
    }
    expect(happened(bench).slice(1)).toEqual(Array(3).fill('refused predicts_worse'));
    expect(bench.registry.list('pump').map(({ card, champion }) => [card.number, champion])).toEqual([
      [1, true],
      [4, false],
    ]);
    expect(bench.adopted).toEqual([]);
  });

  it('refuses what finds fewer of the faults that operators confirmed', async () => {
    const bench = await classBench();
    bench.world.faults = [{ rows: healthyRows('a', 60, 1), from: 0 }];
    bench.advance(dayMs);
    await bench.tick();
    const { comparison, succeed } = bench.trainings.at(-1)!;
    expect(comparison.faults).toBe(bench.world.faults);
    succeed({ labelled: { tried: 1, champion: 1, challenger: 0 } });
    await bench.tick();
    expect(bench.retrainer.status().last).toMatchObject({
      kind: 'refused',
      reason: 'misses_labelled_faults',
      sentence: 'It finds 0 of 1 faults that operators confirmed; the model in use finds 1.',
    });
  });

  it('refuses a challenger whose live alerts are more', async () => {
    const bench = await classBench();
    const model = await night(bench);
    Object.assign(bench.world, { windows: 3600, challengerEpisodes: 5 });
    bench.advance(hourMs);
    await bench.tick();
    expect(bench.adopted).toEqual([]);
    expect(bench.retrainer.status()).toMatchObject({
      phase: 'idle',
      last: { kind: 'refused', reason: 'more_alerts', model: model.card.id },
    });
  });

  it('gives a quiet class more time, but not for ever', async () => {
    const bench = await classBench();
    await night(bench);
    bench.advance(hourMs);
    await bench.tick();
    expect(bench.retrainer.status().phase).toBe('shadowing');
    bench.advance(dayMs);
    await bench.tick();
    expect(happened(bench).at(-1)).toBe('refused too_few_windows');
  });

  it.each(['manual', 'pinned'])('leaves it to a person: %s', async (why) => {
    const bench = await classBench({ shadowForMs: 0, ...(why === 'manual' ? { mode: 'manual' } : {}) });
    if (why === 'pinned') bench.registry.pin('pump', bench.first.card.id);
    const model = await night(bench);
    expect(bench.retrainer.status()).toMatchObject({ phase: 'waiting', challenger: model.card.id });
    expect(bench.adopted).toEqual([]);
    // The next one takes its place.
    const next = await night(bench);
    expect(bench.retrainer.status()).toMatchObject({ phase: 'waiting', challenger: next.card.id });
    expect(happened(bench).slice(-2)).toEqual(['refused replaced', 'waiting better']);
  });

  it('still waits when the next night has nothing to train on', async () => {
    const bench = await classBench({ shadowForMs: 0, mode: 'manual' });
    const model = await night(bench);
    bench.rows.refusal = 'There are no rows to train on.';
    bench.advance(dayMs);
    await bench.tick();
    expect(happened(bench).at(-1)).toBe('skipped unfit_rows');
    expect(bench.retrainer.status()).toMatchObject({ phase: 'waiting', challenger: model.card.id });
  });

  it('skips the night with its reason where there is nothing fit, or nothing new, to train on', async () => {
    const bench = await classBench();
    bench.rows.refusal = 'Of 90 rows 3 unbroken windows are left to train on; 120 are needed.';
    bench.advance(dayMs);
    await bench.tick();
    expect(bench.life.events('pump').at(-1)).toMatchObject({ kind: 'skipped', sentence: bench.rows.refusal });
    bench.rows.refusal = null;
    (bench.rows.assets as unknown[]).length = 0;
    bench.advance(dayMs);
    await bench.tick();
    expect(happened(bench).at(-1)).toBe('skipped too_few_windows');
    expect(bench.trainings).toEqual([]);
    expect(bench.retrainer.status().phase).toBe('idle');
  });

  it('writes down what failed and tries again the next night', async () => {
    const bench = await classBench({ shadowForMs: 0 });
    bench.advance(dayMs);
    await bench.tick();
    bench.trainings[0].fail(new ForewarnError('TRAINING_CRASHED', 'The training process died: killed'));
    await bench.tick();
    expect(bench.life.events('pump').at(-1)).toMatchObject({
      kind: 'failed',
      reason: 'training_crashed',
      sentence: 'The training process died: killed',
    });
    expect(bench.retrainer.status()).toMatchObject({ phase: 'idle', last: { kind: 'failed' } });
    await night(bench);
    expect(bench.adopted.length).toBe(1);
  });

  it('keeps the champion when the challenger cannot be put in use', async () => {
    const bench = await classBench({ shadowForMs: 0 });
    bench.world.adoptFailure = new ForewarnError('ENGINE_FAILED', 'no memory');
    await night(bench);
    expect(bench.registry.champion('pump')?.card.id).toBe(bench.first.card.id);
    expect(happened(bench).at(-1)).toBe('failed engine_failed');
  });

  it('trains when asked, also with alerted rows, but not twice at a time', async () => {
    const bench = await classBench();
    expect(bench.retrainer.retrain(true)).toBe(true);
    expect(bench.retrainer.retrain(false)).toBe(false);
    await bench.tick();
    expect(bench.requests).toMatchObject([{ withAlerted: true, most: 10_000 }]);
    expect(bench.requests[0].to - bench.requests[0].from).toBe(30 * dayMs);
    const first = bench.trainings[0].succeed();
    await bench.tick();
    // What is tried is given up for it.
    expect(bench.retrainer.retrain(false)).toBe(true);
    await bench.tick();
    expect(bench.shadows).toEqual([]);
    expect(bench.life.events('pump').at(-1)).toMatchObject({ reason: 'replaced', model: first.card.id });
    expect(bench.trainings.length).toBe(2);
  });

  it('trains for drift, once a day at most', async () => {
    const bench = await classBench({ shadowForMs: 0 });
    bench.world.drifting = true;
    await bench.tick();
    expect(bench.trainings.length).toBe(1);
    bench.trainings[0].succeed({ challenger: judgementOf({ heldOutError: 0.9 }) });
    await bench.tick();
    await bench.tick();
    expect(bench.trainings.length).toBe(1);
  });

  it('does not judge against a model that is no longer in use', async () => {
    const bench = await classBench({ shadowForMs: 0 });
    bench.advance(dayMs);
    await bench.tick();
    await bench.adopt(modelOf(77));
    bench.trainings[0].succeed();
    await bench.tick();
    expect(happened(bench).at(-1)).toBe('refused overtaken');
  });

  it('gives up what it tries when a person puts another model in use', async () => {
    const bench = await classBench();
    await night(bench);
    await bench.retrainer.overtaken();
    expect(bench.retrainer.status()).toMatchObject({ phase: 'idle', challenger: null });
    expect(bench.shadows).toEqual([]);
    expect(happened(bench).at(-1)).toBe('refused overtaken');
  });

  it('survives a disk that takes nothing', async () => {
    const bench = await classBench({ shadowForMs: 0 });
    rmSync(join(bench.directory, 'models'), { recursive: true });
    writeFileSync(join(bench.directory, 'models'), 'a file where the folder should be');
    bench.advance(dayMs);
    await bench.tick();
    await bench.tick();
    expect(bench.retrainer.status().phase).toBe('idle');
    expect(bench.adopted).toEqual([]);
  });

  it('aborts its training on stop and writes nothing of it', async () => {
    const bench = await classBench();
    bench.advance(dayMs);
    await bench.tick();
    await bench.retrainer.stop();
    expect(bench.trainings[0].signal.aborted).toBe(true);
    expect(happened(bench)).toEqual(['promoted first_model']);
    await bench.retrainer.stop();
    expect(bench.retrainer.retrain(false)).toBe(false);
  });
});
