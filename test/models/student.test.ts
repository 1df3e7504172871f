import { beforeAll, describe, expect, it } from 'vitest';
import { createOnnxEngine } from '../../src/models/engine/onnx/onnx-engine.ts';
import { modelHash } from '../../src/models/hash.ts';
import type { Model } from '../../src/models/model.ts';
import { pruneUnits } from '../../src/models/pruning.ts';
import type { LstmAutoencoderSpec } from '../../src/models/spec.ts';
import { trainStudent } from '../../src/models/student.ts';
import { type TrainingOrder, train } from '../../src/models/trainer.ts';
import type { AssetRows } from '../../src/models/training-set.ts';
import { Plant } from '../../src/simulator/plant.ts';
import { pumpChannels } from '../../src/simulator/pump.ts';
import { smallOrder } from './support/fixtures.ts';

const context = { engine: createOnnxEngine(), clock: () => 5000, onProgress() {} };

/** Healthy pumps of the built-in simulator. */
function pumpRows(pumps: number, rows: number, seed = 3): AssetRows[] {
  const plant = new Plant({ pumps, seed, startAt: 1_700_000_000_000 });
  const channels = pumpChannels.length;
  const assets = plant.pumps.map(({ asset }) => ({
    assetId: asset,
    at: new Float64Array(rows),
    values: new Float32Array(rows * channels),
    measured: new Uint8Array(rows * channels).fill(1),
  }));
  for (let row = 0; row < rows; row++) {
    const at = plant.advance();
    for (const { index, values } of plant.pumps) {
      assets[index].at[row] = at;
      assets[index].values.set(values, row * channels);
    }
  }
  return assets;
}

/** Share of the variance of the teacher's reconstructions, on pumps that neither saw, that the student's have as well. */
async function shareExplained(
  student: Pick<Model, 'weights' | 'scaling'> & { card: Pick<Model['card'], 'spec'> },
  teacher: Model,
): Promise<number> {
  const size = 16 * pumpChannels.length;
  const windows = new Float32Array(100 * size);
  const [{ values }] = pumpRows(1, 1000, 4);
  for (let i = 0; i < 100; i++) windows.set(values.subarray(i * 8 * 8, i * 8 * 8 + size), i * size);
  const [own, taught] = await Promise.all(
    [student, teacher].map(async ({ card, weights, scaling }) => {
      const session = await context.engine.createScoring({ spec: card.spec, weights, scaling });
      const rows = await session.reconstruct(windows, 100);
      await session.dispose();
      const { center, scale } = teacher.scaling;
      return rows.map((value, i) => (value - center[i % center.length]) / scale[i % center.length]);
    }),
  );
  const mean = taught.reduce((sum, value) => sum + value, 0) / taught.length;
  const variance = taught.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return 1 - taught.reduce((sum, value, i) => sum + (value - own[i]) ** 2, 0) / variance;
}

describe('trainStudent', () => {
  const order: TrainingOrder = smallOrder({
    channels: pumpChannels.map(({ name }) => name),
    windowLength: 16,
    hidden: 24,
    latent: 6,
    student: 6,
    steps: 200,
    batch: 64,
    assets: pumpRows(2, 700),
  });
  let teacher: Model;
  let student: Model;

  beforeAll(async () => {
    teacher = await train(order, context);
    student = await trainStudent(order, teacher, context);
  });

  it('is a model like any other: its own threshold, its hash, a card', () => {
    expect(student.card.spec).toEqual({ ...teacher.card.spec, hidden: 6 });
    expect(student.card.hash).toBe(modelHash(order.channels, { ...student, spec: student.card.spec }));
    expect(student.card.id).toBe(`pump-1-${student.card.hash.slice(0, 8)}`);
    expect(student.card.id).not.toBe(teacher.card.id);
    expect(student.scaling).toEqual(teacher.scaling);
    const [own, ...others] = student.calibration.detectors;
    const [taught, ...same] = teacher.calibration.detectors;
    expect(own.threshold).not.toBe(taught.threshold);
    // What stands beside the network knows nothing of it.
    expect(student.linear).toEqual(teacher.linear);
    expect(others).toEqual(same);
    expect(student.card.threshold.detectors[0]).toMatchObject({ source: 'network', value: own.threshold });
    expect(student.card.threshold.heldOutExceeded).toBeLessThan(0.02);
    expect(teacher.card.student).toBeNull();
  });

  it('says what it is worth beside its teacher', () => {
    expect(student.card.student).toEqual({
      teacher: teacher.card.id,
      hidden: 6,
      // Encoder 4 (8 6 + 6 6 + 6), latent 6 6 + 6, decoder 4 (6 6 + 6 6 + 6), output 6 8 + 8; and the same with 24.
      parameters: 4 * 90 + 42 + 4 * 78 + 56,
      teacherParameters: 4 * 792 + 150 + 4 * 744 + 200,
      heldOutLoss: Math.min(...student.card.training.heldOutLoss),
      teacherHeldOutLoss: Math.min(...teacher.card.training.heldOutLoss),
      scoreAgreement: expect.any(Number),
      speedUp: expect.any(Number),
    });
    expect(student.card.student?.speedUp).toBeGreaterThan(0);
  });

  it('has learned from its teacher, which its start had not', async () => {
    const spec = teacher.card.spec as LstmAutoencoderSpec;
    const start = { ...pruneUnits(spec, teacher.weights, 6), scaling: teacher.scaling };
    const learned = await shareExplained(student, teacher);
    const atFirst = await shareExplained({ ...start, card: { spec: start.spec } }, teacher);
    // Seen: 0.73 against 0.04.
    expect(learned).toBeGreaterThan(0.5);
    expect(atFirst).toBeLessThan(0.3);
    const { heldOutLoss, scoreAgreement } = student.card.student!;
    expect(heldOutLoss).toBeLessThan(0.5 * student.card.training.heldOutLoss[0]);
    expect(scoreAgreement).toBeGreaterThan(0.6);
    expect(scoreAgreement).toBeLessThan(1);
  });

  it('repeats itself from the same seed', async () => {
    const again = await trainStudent(order, teacher, context);
    expect(again.card.hash).toBe(student.card.hash);
  });

  it('refuses what cannot be', async () => {
    for (const size of [0, 24, 25])
      await expect(trainStudent({ ...order, student: size }, teacher, context)).rejects.toMatchObject({
        code: 'STUDENT_IMPOSSIBLE',
        message: expect.stringContaining(`of ${size} hidden units`),
        retryable: false,
      });
  });
});
