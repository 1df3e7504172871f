import { describe, expect, it, onTestFinished } from 'vitest';
import type { Detector } from '../../src/models/decision/detector.ts';
import { createOnnxEngine } from '../../src/models/engine/onnx/onnx-engine.ts';
import type { Engine } from '../../src/models/engine.ts';
import { type Model, predictorsOf } from '../../src/models/model.ts';
import { normalResiduals, scoresFrom } from '../../src/models/normal-residuals.ts';
import { createScorer, type Scorer } from '../../src/models/scorer.ts';
import { train } from '../../src/models/trainer.ts';
import type { Verdict, Window } from '../../src/types.ts';
import { assetAt, healthyRows, plainDetector, plainModel, smallOrder } from './support/fixtures.ts';
import { windowsOver, withMissingReadings } from './support/scored-windows.ts';
import { scriptedEngine } from './support/scripted-engine.ts';

const pump = assetAt(0);

type Scored = Exclude<Verdict, { kind: 'unknown' }>;

async function scorerOf(model: Model, engine: Engine): Promise<{ scorer: Scorer; scored: () => Scored[] }> {
  const verdicts: Verdict[] = [];
  const scorer = createScorer({
    windowLength: model.card.spec.window,
    channels: model.card.channels.length,
    minCoverage: 0.5,
    forgetAfterMs: 1e12,
    raise: 1,
    batch: 64,
    waitMs: 1,
    mostWaiting: 10_000,
    onVerdict: (verdict) => verdicts.push(verdict),
    onFailure(error) {
      throw error;
    },
  });
  await scorer.use(model, engine);
  onTestFinished(() => scorer.stop());
  const scored = () =>
    verdicts.map((verdict) => {
      if (verdict.kind === 'unknown') throw new Error(verdict.reason);
      return verdict;
    });
  return { scorer, scored };
}

describe('scorer with two sources', () => {
  /** The network's residual is the last row as it is (scripted); the autoregression expects half of channel 0 again. */
  function twoSources(changes: { network?: Partial<Detector>; linear?: Partial<Detector> }): Model {
    return {
      ...plainModel({ channels: 2, length: 3 }),
      scaling: { center: Float32Array.of(10, 100), scale: Float32Array.of(2, 10), clip: 5 },
      linear: [
        {
          kind: 'vector_autoregression',
          now: null,
          before: Float32Array.of(0.5, 0, 0, 0),
          offset: Float32Array.of(0, 1),
        },
      ],
      calibration: {
        detectors: [
          plainDetector(2, changes.network),
          plainDetector(2, { source: 'vector_autoregression', ...changes.linear }),
        ],
      },
    };
  }
  const engine = () => scriptedEngine(2, 3).engine;
  const windowOf = (at: number, rows: number[], missing: number[] = []): Window => ({
    asset: pump,
    at,
    values: Float32Array.from(rows),
    measured: Uint8Array.from(rows, (_, i) => (i >= 4 && missing.includes(i - 4) ? 0 : 1)),
    coverage: 1,
  });
  // Scaled (9, 9), (1, 0), (2, 2); expected (0.5, 1), so the residual is (1.5, 1).
  const rows = [28, 190, 12, 100, 14, 120];

  it('says what the source expected whose detector leads', async () => {
    const { scorer, scored } = await scorerOf(twoSources({ network: { threshold: 1000 } }), engine());
    scorer.accept(windowOf(1, rows));
    await scorer.settled();
    const [{ score, kind }] = scored();
    expect(score.value).toBeCloseTo(Math.sqrt((1.5 ** 2 + 1) / 2), 6);
    expect(kind).toBe('anomalous');
    expect(score.attribution[0]).toBeCloseTo(2.25 / 3.25, 6);
    expect(score.expected[0]).toBeCloseTo(10 + 0.5 * 2, 4);
    expect(score.expected[1]).toBeCloseTo(100 + 10, 4);
    expect([...score.actual]).toEqual([14, 120]);
  });

  it('says what the network expected where its detector leads', async () => {
    const { scorer, scored } = await scorerOf(twoSources({ linear: { threshold: 1000 } }), engine());
    scorer.accept(windowOf(1, rows));
    await scorer.settled();
    const [{ score }] = scored();
    expect(score.value).toBeCloseTo(Math.sqrt((14 ** 2 + 120 ** 2) / 2), 4);
    expect(score.expected[0]).toBeCloseTo(10 + (2 - 14) * 2, 4);
    expect(score.expected[1]).toBeCloseTo(100 + (2 - 120) * 10, 3);
  });

  it('takes a missing reading for no news in both, and the held value for the one before', async () => {
    const smoothed = twoSources({ network: { threshold: 1000 }, linear: { smoothing: 0.5 } });
    const { scorer, scored } = await scorerOf(smoothed, engine());
    scorer.accept(windowOf(1, rows));
    // Channel 0 is missing and held at 14: its running mean of 0.75 stays. Channel 1: 0.5, and then 0.5 + (3 - 0.5) / 2.
    scorer.accept(windowOf(2, [12, 100, 14, 120, 14, 140], [0]));
    // Back at 14, scaled 2: expected is half of the held 2, so 0.75 + (1 - 0.75) / 2; 1.75 + (0 - 1.75) / 2.
    scorer.accept(windowOf(3, [14, 120, 14, 140, 14, 110]));
    await scorer.settled();
    const running = [
      [0.75, 0.5],
      [0.75, 1.75],
      [0.875, 0.875],
    ];
    for (const [i, { score }] of scored().entries()) {
      expect(score.value).toBeCloseTo(Math.hypot(...running[i]) / Math.SQRT2, 5);
      expect(score.attribution[0]).toBeCloseTo(
        running[i][0] ** 2 / (running[i][0] ** 2 + running[i][1] ** 2),
        5,
      );
    }
    const second = scored()[1].score;
    expect(second.actual[0]).toBeNaN();
    expect(second.actual[1]).toBe(140);
    expect(second.expected[0]).toBeCloseTo(14, 4);
    expect(second.expected[1]).toBeCloseTo(110, 4);
  });
});

describe('scorer beside training', () => {
  it('scores live windows as training saw them, missing readings and all', async () => {
    const rows = withMissingReadings(healthyRows('a', 400, 1), 0.1, 3);
    const order = smallOrder({
      steps: 20,
      minCoverage: 0.1,
      assets: [rows],
      sources: ['network', 'vector_autoregression', 'pca'],
    });
    const engine = createOnnxEngine();
    const model = await train(order, { engine, clock: () => 0, onProgress() {} });
    const expected = scoresFrom(
      await normalResiduals(order, engine, predictorsOf(model)),
      0,
      model.calibration,
    );

    const { scorer, scored } = await scorerOf(model, engine);
    const { window } = model.card.spec;
    const { count, windows } = windowsOver(rows, window);
    const size = window * 3;
    for (let i = 0; i < count; i++) {
      scorer.accept({
        asset: pump,
        at: rows.at[i + window - 1],
        values: windows.subarray(i * size, (i + 1) * size),
        measured: rows.measured.subarray(i * 3, i * 3 + size),
        coverage: 1,
      });
    }
    await scorer.settled();
    const values = scored().map(({ score }) => score.value);
    expect(values.length).toBe(expected.length);
    expect(Math.max(...values)).toBeGreaterThan(0.2);
    for (const [i, value] of values.entries()) expect(value).toBeCloseTo(expected[i], 4);
  });
});
