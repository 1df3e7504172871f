import { beforeAll, describe, expect, it } from 'vitest';
import { createOnnxEngine } from '../../src/models/engine/onnx/onnx-engine.ts';
import type { Engine } from '../../src/models/engine.ts';
import type { FitProgress } from '../../src/models/fit.ts';
import type { Model } from '../../src/models/model.ts';
import { train } from '../../src/models/trainer.ts';
import { healthyRows, smallOrder } from './support/fixtures.ts';

const context = { engine: createOnnxEngine(), clock: () => 5000, onProgress() {} };

describe('train', () => {
  const order = smallOrder();
  const seen: FitProgress[] = [];
  let model: Model;

  beforeAll(async () => {
    model = await train(order, { ...context, onProgress: (progress) => seen.push(progress) });
  });

  it('learns: the loss on what fitting never saw falls far below that of knowing nothing', () => {
    const { heldOutLoss, fitLoss, steps, bestStep } = model.card.training;
    expect(heldOutLoss.length).toBeGreaterThan(3);
    expect(Math.min(...heldOutLoss)).toBeLessThan(0.5 * heldOutLoss[0]);
    // Scaled values have variance about 1, which is the loss of always guessing the centre.
    expect(Math.min(...heldOutLoss)).toBeLessThan(0.4);
    expect(fitLoss[fitLoss.length - 1]).toBeLessThan(0.5 * fitLoss[0]);
    expect(bestStep).toBeGreaterThan(0);
    expect(bestStep).toBeLessThanOrEqual(steps);
  });

  it('keeps the weights of the look with the lowest held-out loss', () => {
    const { heldOutLoss, bestStep, steps } = model.card.training;
    const every = steps / heldOutLoss.length;
    expect(heldOutLoss.indexOf(Math.min(...heldOutLoss))).toBe(bestStep / every - 1);
  });

  it('shows progress that only goes forward and ends at the last step', () => {
    const steps = seen.map(({ step }) => step);
    expect(steps).toEqual(steps.toSorted((a, b) => a - b));
    expect(new Set(steps).size).toBe(steps.length);
    expect(seen[seen.length - 1]).toMatchObject({ step: model.card.training.steps, steps: 120 });
  });

  it('has detectors of each source, with thresholds that normal operation seldom reaches', () => {
    const { detectors } = model.calibration;
    expect(detectors.map(({ source, kind }) => `${source} ${kind}`)).toEqual([
      'network shift',
      'vector_autoregression shift',
      'vector_autoregression burst',
    ]);
    expect(model.linear.map(({ kind }) => kind)).toEqual(['vector_autoregression']);
    expect(model.card.threshold.detectors).toEqual(
      detectors.map(({ source, kind, threshold }) => ({ source, kind, value: threshold })),
    );
    expect(model.card.threshold.heldOutExceeded).toBeLessThan(0.01);
    // A threshold that nothing reaches would pass as well, so it must be of the statistic's own size.
    for (const { threshold } of detectors) {
      expect(threshold).toBeGreaterThan(1);
      expect(threshold).toBeLessThan(12);
    }
  });

  it('takes what is asked for beside the network, and leaves out what has nothing to say', async () => {
    const quick = { ...order, steps: 5 };
    const alone = await train({ ...quick, sources: ['network'] }, context);
    expect(alone.linear).toEqual([]);
    expect(alone.calibration.detectors.map(({ source }) => source)).toEqual(['network']);
    const one = order.assets.map(({ values, measured, ...rest }) => ({
      ...rest,
      values: values.filter((_, i) => i % 3 === 0),
      measured: measured.filter((_, i) => i % 3 === 0),
    }));
    const single = { ...quick, channels: ['current'], assets: one };
    const model = await train({ ...single, sources: ['network', 'pca', 'robust_z'] }, context);
    // One channel has no components, and no detector waits for their residuals.
    expect(model.linear.map(({ kind }) => kind)).toEqual(['robust_z']);
    expect(model.calibration.detectors.map(({ source }) => source)).toEqual(['network', 'robust_z']);
  });

  it('has infinite thresholds, null on its card, where windows are too far apart to judge by', async () => {
    const { card, calibration } = await train({ ...order, steps: 5, stride: 1000 }, context);
    expect(calibration.detectors.map(({ threshold }) => threshold)).toEqual([
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
      Number.POSITIVE_INFINITY,
    ]);
    expect(card.threshold.detectors.map(({ value }) => value)).toEqual([null, null, null]);
    expect(card.threshold.heldOutExceeded).toBe(0);
  });

  it('says on its card what it was made of', () => {
    expect(model.card).toMatchObject({
      className: 'pump',
      number: 1,
      createdAt: 5000,
      sampleEveryMs: 1000,
      channels: ['current', 'pressure', 'speed'],
      data: {
        assets: ['a', 'b'],
        rows: 800,
        // 300 rows to fit and 100 held out of each asset, windows of 8.
        fitWindows: 2 * 293,
        heldOutWindows: 2 * 93,
        fromAt: 1_700_000_000_000,
        toAt: 1_700_000_399_000,
      },
      training: { seed: 7, engine: 'onnx' },
    });
    expect(model.card.id).toBe(`pump-1-${model.card.hash.slice(0, 8)}`);
  });

  it('gives the same model from the same data and seed, and another from another seed', async () => {
    const again = await train(order, context);
    expect(again.card.hash).toBe(model.card.hash);
    expect(again).toEqual(model);
    const other = await train({ ...order, seed: 8 }, context);
    expect(other.card.hash).not.toBe(model.card.hash);
  });

  it('learns with a channel that was never read', async () => {
    const assets = order.assets.map((rows) => {
      const values = rows.values.map((value, i) => (i % 3 === 1 ? Number.NaN : value));
      return { ...rows, values, measured: rows.measured.map((cell, i) => (i % 3 === 1 ? 0 : cell)) };
    });
    const blind = await train({ ...order, assets, steps: 20, minCoverage: 0.6 }, context);
    for (const { threshold, mean, precision } of blind.calibration.detectors)
      expect([threshold, ...mean, ...precision].every(Number.isFinite)).toBe(true);
  });

  it('refuses too few rows, and rows with too many gaps, by name', async () => {
    const short = { code: 'TRAINING_DATA_TOO_SHORT', retryable: true };
    await expect(train({ ...order, assets: [] }, context)).rejects.toMatchObject(short);
    await expect(train({ ...order, assets: [healthyRows('a', 60, 1)] }, context)).rejects.toMatchObject(
      short,
    );
    const gappy = order.assets.map((rows) => ({
      ...rows,
      at: rows.at.map((at, i) => at + 500 * Math.floor(i / 7)),
    }));
    await expect(train({ ...order, assets: gappy }, context)).rejects.toMatchObject({
      ...short,
      message: expect.stringContaining('0 unbroken windows of 8 rows'),
    });
  });

  it('refuses to hand over weights that never had a finite loss', async () => {
    let disposed = 0;
    const diverging: Engine = {
      ...context.engine,
      async createTraining(options) {
        const session = await context.engine.createTraining(options);
        return {
          ...session,
          step: () => Promise.resolve(Number.NaN),
          loss: () => Promise.resolve(Number.NaN),
          dispose() {
            disposed++;
            return session.dispose();
          },
        };
      },
    };
    await expect(train(order, { ...context, engine: diverging })).rejects.toMatchObject({
      code: 'TRAINING_DIVERGED',
    });
    expect(disposed).toBe(1);
  });

  it('says in the card what a budget of false alerts lacks, and keeps the threshold of the margin rule', async () => {
    const alertBudget = {
      alertsPerWeek: 1,
      raise: 1,
      raiseOn: { windows: 3, of: 5 },
      clearAfter: 10,
    };
    const changes = { steps: 10, assets: order.assets };
    const [plain, asked] = [
      await train(smallOrder(changes), context),
      await train(smallOrder({ ...changes, alertBudget }), context),
    ];
    expect(plain.card.threshold.budget).toBeNull();
    expect(asked.card.threshold.budget).toMatchObject({ asked: 1, reason: 'too_short', weeksNeeded: 1 });
    expect(asked.card.hash).toBe(plain.card.hash);
  });
});
