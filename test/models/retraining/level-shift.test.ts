import { beforeAll, describe, expect, it } from 'vitest';
import { loadModel, saveModel } from '../../../src/models/artefact.ts';
import type { Onset } from '../../../src/models/decision/level-fit.ts';
import { createOnnxEngine } from '../../../src/models/engine/onnx/onnx-engine.ts';
import type { Model } from '../../../src/models/model.ts';
import { acceptLevel } from '../../../src/models/retraining/level-shift.ts';
import { scoreRows } from '../../../src/models/retraining/score-rows.ts';
import { train } from '../../../src/models/trainer.ts';
import type { AssetRows } from '../../../src/models/training-set.ts';
import { healthyRows, smallOrder, temporaryDirectory } from '../support/fixtures.ts';

const engine = createOnnxEngine();
const order = { ...smallOrder(), channels: 3, number: 7 };
const context = { engine, clock: () => 42 };
let model: Model;

beforeAll(async () => {
  const assets = [healthyRows('a', 600, 1), healthyRows('b', 600, 2)];
  model = await train(smallOrder({ steps: 60, assets, sources: ['network', 'vector_autoregression'] }), {
    ...context,
    onProgress() {},
  });
});

/** The rows with `offset(row)` added to their second channel. */
function moved(rows: AssetRows, offset: (row: number) => number): AssetRows {
  return {
    ...rows,
    values: rows.values.map((value, i) => (i % 3 === 1 ? value + offset((i - 1) / 3) : value)),
  };
}

async function scoresOf(by: Model, rows: AssetRows): Promise<number[]> {
  const scores: number[] = [];
  await scoreRows(by, [rows], order, engine, ({ score }) => scores.push(score.value));
  return scores.slice(20);
}

const share = (scores: readonly number[]) => scores.filter((score) => score >= 1).length / scores.length;

describe('accepting a level', () => {
  it('judges that asset by its new level and every other as before, and survives the disk', async () => {
    const step = moved(healthyRows('a', 500, 5), () => 1.2);
    expect(share(await scoresOf(model, step))).toBeGreaterThan(0.9);
    const decision = await acceptLevel(model, { since: step, onset: null }, order, context);
    if (decision.kind !== 'accepted') throw new Error(decision.sentence);
    expect(decision.sentence).toMatch(/^What a has done in \d+ windows is its normal operation/);
    const accepted = decision.model;
    expect(accepted.card).toMatchObject({ number: 7, createdAt: 42, data: model.card.data });
    expect(accepted.card.id).toBe(`pump-7-${accepted.card.hash.slice(0, 8)}`);
    const later = moved(healthyRows('a', 500, 6), () => 1.2);
    expect(share(await scoresOf(accepted, later))).toBeLessThan(0.02);
    expect(share(await scoresOf(accepted, healthyRows('a', 500, 6)))).toBeGreaterThan(0.9);
    for (const id of ['b', 'never seen'])
      expect(await scoresOf(accepted, healthyRows(id, 300, 8))).toEqual(
        await scoresOf(model, healthyRows(id, 300, 8)),
      );
    const directory = `${temporaryDirectory()}/${accepted.card.id}`;
    saveModel(directory, accepted);
    expect(await scoresOf(loadModel(directory), later)).toEqual(await scoresOf(accepted, later));
  });

  it('refuses what is still on its way, what is out of sight, and what it has hardly seen, and says so', async () => {
    const rows = healthyRows('a', 500, 5);
    const refusal = async (since: AssetRows, onset: Onset<AssetRows> | null = null) => {
      const decision = await acceptLevel(model, { since, onset }, order, context);
      return decision.kind === 'refused' ? [decision.reason, decision.sentence] : null;
    };
    expect(await refusal(moved(rows, (row) => row / 250))).toEqual([
      'still_moving',
      expect.stringMatching(/went on by \d\.\d thresholds: that is no level yet/),
    ]);
    const level = moved(rows, () => 1.2);
    const near = (offset: number) => moved(healthyRows('a', 100, 6), () => offset);
    expect(await refusal(level, { before: near(0), after: near(1.2) })).toBe(null);
    const slowly = [
      'came_slowly',
      expect.stringMatching(/^It had gone .* before the alert began .*: so comes wear/),
    ];
    expect(await refusal(level, { before: near(1), after: near(1.2) })).toEqual(slowly);
    expect(await refusal(level, { before: near(0), after: near(0.2) })).toEqual(slowly);
    expect(await refusal(level, { before: healthyRows('a', 2, 6), after: near(1.2) })).toEqual(slowly);
    expect(await refusal(moved(rows, () => 100))).toEqual([
      'beyond_range',
      expect.stringContaining('pressure is further from what'),
    ]);
    expect(await refusal(moved(healthyRows('a', 60, 5), () => 1.2))).toEqual([
      'too_few_windows',
      expect.stringMatching(/^Only \d+ windows have been at this level; 60 are needed/),
    ]);
  });
});
