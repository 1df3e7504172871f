import { InferenceSession, Tensor } from 'onnxruntime-node';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportedCard } from '../../src/commands/exported-card.ts';
import { createDecider, type ResidualsBySource } from '../../src/models/decision/decider.ts';
import { createOnnxEngine } from '../../src/models/engine/onnx/onnx-engine.ts';
import { encodePortableModel } from '../../src/models/engine/onnx/portable-graph.ts';
import type { Model } from '../../src/models/model.ts';
import { createRandom } from '../../src/models/random.ts';
import { train } from '../../src/models/trainer.ts';
import type { AssetRows } from '../../src/models/training-set.ts';
import { healthyRows, plainDetector, plainModel, smallOrder } from './support/fixtures.ts';
import { residualsOfWindows, windowsOver, withMissingReadings } from './support/scored-windows.ts';

/** The card as who gets it sees it: plain JSON. */
interface Card {
  readonly scaling: { readonly center: number[]; readonly scale: number[]; readonly clip: number };
  readonly score: {
    readonly linear_sources: readonly {
      readonly kind: string;
      readonly now: number[] | null;
      readonly before: number[] | null;
      readonly offset: number[];
    }[];
    readonly detectors: readonly {
      readonly source: string;
      readonly kind: string;
      readonly smoothing: number;
      readonly energy_smoothing: number;
      readonly mean: number[];
      readonly precision: number[];
      readonly threshold: number | null;
    }[];
    readonly assets: Readonly<Record<string, readonly { mean: number[]; factor: number }[]>>;
  };
}

const cardOf = (model: Model, onnx: Uint8Array): Card =>
  JSON.parse(JSON.stringify(exportedCard(model, [], 'model.onnx', onnx)));

interface ScoredWindow {
  readonly score: number;
  readonly leading: string;
  readonly shares: readonly number[];
}

/**
 * What the card's words say, in code that shares nothing with ours. `windows` are lists of rows in raw units, `network`
 * the model's `last_residual` of each, `missing` the channels that its last row lacks.
 */
function scoresByCard(
  { scaling: { center, scale, clip }, score }: Card,
  windows: readonly (readonly number[][])[],
  network: readonly number[][],
  missing: readonly boolean[][],
): ScoredWindow[] {
  const channels = center.length;
  const all = Array.from({ length: channels }, (_, i) => i);
  const times = (matrix: readonly number[] | null, row: readonly number[]): number[] =>
    all.map((i) =>
      matrix === null ? 0 : all.reduce((sum, j) => sum + matrix[i * channels + j] * row[j], 0),
    );
  const scaled = (row: readonly number[]): number[] =>
    row.map((x, i) => (Number.isNaN(x) ? 0 : Math.min(clip, Math.max(-clip, (x - center[i]) / scale[i]))));
  const states = score.detectors.map(() => ({ m: all.map(() => 0), e: 0 }));

  return windows.map((rows, at) => {
    const residuals = new Map([['network', network[at]]]);
    for (const { kind, now, before, offset } of score.linear_sources) {
      const [current, previous] = [scaled(rows[rows.length - 1]), scaled(rows[rows.length - 2])];
      const [a, b] = [times(now, current), times(before, previous)];
      residuals.set(
        kind,
        current.map((x, i) => x - (a[i] + b[i] + offset[i])),
      );
    }
    const scored = score.detectors.map((detector, d) => {
      const { smoothing, mean, precision, threshold } = detector;
      const residual = residuals.get(detector.source) ?? [];
      const { m, e } = states[d];
      for (const i of all) {
        if (!missing[at][i]) m[i] += smoothing * (residual[i] - m[i]);
        else if (smoothing === 1) m[i] = 0;
      }
      const error = m.map((value, i) => value - mean[i]);
      const weighted = times(precision, error);
      const distance = error.reduce((sum, value, i) => sum + value * weighted[i], 0) / channels;
      states[d].e = e + detector.energy_smoothing * (distance - e);
      const parts = weighted.map((value, i) => value ** 2 / precision[i * channels + i]);
      const sum = parts.reduce((total, part) => total + part, 0);
      return {
        score: threshold === null ? 0 : Math.sqrt(states[d].e) / threshold,
        leading: `${detector.source} ${detector.kind}`,
        shares: parts.map((part) => part / sum),
      };
    });
    return scored.reduce((most, one) => (one.score > most.score ? one : most));
  });
}

/** A machine that is well, then has one channel off, then is well, then shakes in another; readings are missing. */
function faultyRows(): AssetRows {
  const rows = healthyRows('c', 400, 9);
  const random = createRandom(3);
  for (let row = 0; row < 400; row++) {
    if (row >= 100 && row < 180) rows.values[row * 3 + 1] += 0.4;
    if (row >= 260 && row < 300) rows.values[row * 3 + 2] += 60 * random.gaussian();
  }
  return withMissingReadings(rows, 0.1, 4);
}

const close = (actual: number, expected: number) =>
  expect(Math.abs(actual - expected)).toBeLessThan(2e-4 * Math.max(1, Math.abs(expected)));

describe('the card of an exported model', () => {
  let model: Model;
  let onnx: Uint8Array;

  beforeAll(async () => {
    const order = smallOrder({ steps: 40, sources: ['network', 'vector_autoregression', 'pca', 'robust_z'] });
    model = await train(order, { engine: createOnnxEngine(), clock: () => 0, onProgress() {} });
    onnx = encodePortableModel({ ...model, spec: model.card.spec }, {});
  });

  it('has all it takes to compute the scores, with the ONNX file, window after window', async () => {
    const rows = faultyRows();
    const { window } = model.card.spec;
    const { count, windows } = windowsOver(rows, window);
    const missing = Array.from({ length: count }, (_, i) => {
      const last = (i + window - 1) * 3;
      return [0, 1, 2].map((channel) => rows.measured[last + channel] === 0);
    });
    expect(missing.flat().filter(Boolean).length).toBeGreaterThan(20);

    const session = await InferenceSession.create(onnx);
    const outputs = await session.run({ windows: new Tensor('float32', windows, [count, window, 3]) });
    await session.release();
    const inThrees = (values: Float32Array) =>
      Array.from({ length: values.length / 3 }, (_, row) => [...values.subarray(row * 3, row * 3 + 3)]);
    const network = inThrees(outputs.last_residual.data as Float32Array);
    const raw = Array.from({ length: count }, (_, i) =>
      inThrees(windows.subarray(i * window * 3, (i + 1) * window * 3)),
    );
    const byHand = scoresByCard(cardOf(model, onnx), raw, network, missing);

    const decider = createDecider(model.calibration);
    const led = new Set<string>();
    let agreed = 0;
    const all = await residualsOfWindows(model, windows, count);
    for (const [i, residuals] of all.entries()) {
      for (const one of Object.values(residuals))
        for (const channel of [0, 1, 2]) if (missing[i][channel]) one[channel] = Number.NaN;
      const shares = new Float32Array(3);
      const { value, detector } = decider.decide(0, residuals, shares);
      close(byHand[i].score, value);
      // At a tie within rounding either may lead.
      if (byHand[i].leading !== `${detector.source} ${detector.kind}`) continue;
      agreed++;
      led.add(byHand[i].leading);
      for (const [channel, share] of shares.entries()) close(byHand[i].shares[channel], share);
    }
    expect(agreed).toBeGreaterThan(0.95 * count);
    // Both kinds of detectors had their say, and the faults their scores.
    expect([...led].map((name) => name.split(' ')[1])).toEqual(expect.arrayContaining(['shift', 'burst']));
    const highest = (from: number, to: number) =>
      Math.max(...byHand.slice(from - window + 1, to - window + 1).map(({ score }) => score));
    expect(highest(40, 100)).toBeLessThan(1);
    expect(highest(100, 180)).toBeGreaterThan(1);
    expect(highest(260, 300)).toBeGreaterThan(1);
  });

  it('says null for a threshold that is infinite, and means a score of 0', () => {
    expect(Object.keys(cardOf(model, onnx).score.assets)).toEqual(['a', 'b']);
    const infinite = plainDetector(1, { threshold: Number.POSITIVE_INFINITY });
    const plain = plainModel();
    const card = cardOf({ ...plain, calibration: { detectors: [infinite] } }, onnx);
    expect(card.score.detectors[0].threshold).toBeNull();
    const residuals: ResidualsBySource = { network: Float32Array.of(5) };
    const decider = createDecider({ detectors: [infinite] });
    const [scored] = scoresByCard(card, [[[5], [5]]], [[5]], [[false]]);
    expect(decider.decide(0, residuals, new Float32Array(1)).value).toBe(scored.score);
  });
});
