import { describe, expect, it } from 'vitest';
import { createDecider } from '../../src/models/decision/decider.ts';
import { normalResiduals, scoresFrom } from '../../src/models/normal-residuals.ts';
import { initialWeights } from '../../src/models/spec.ts';
import type { AssetRows } from '../../src/models/training-set.ts';
import { healthyRows, plainDetector, smallOrder } from './support/fixtures.ts';
import { withMissingReadings } from './support/scored-windows.ts';
import { scriptedEngine } from './support/scripted-engine.ts';

const length = 4;
const spec = {
  kind: 'lstm_autoencoder',
  window: length,
  channels: 3,
  hidden: 4,
  latent: 2,
  reverse: true,
} as const;
const predictors = {
  spec,
  weights: initialWeights(spec, 1),
  scaling: { center: Float32Array.of(50, 3, 1000), scale: Float32Array.of(4, 0.5, 60), clip: 10 },
  linear: [
    { kind: 'robust_z', now: null, before: null, offset: Float32Array.of(0.5, 0, -0.5) },
    {
      kind: 'vector_autoregression',
      now: null,
      before: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1),
      offset: new Float32Array(3),
    },
  ],
} as const;

/** The scripted engine's residual is the window's last row itself, in raw units. */
async function runsOf(assets: readonly AssetRows[], stride = 1) {
  const order = smallOrder({ assets, windowLength: length, stride, minCoverage: 0.1 });
  const scripted = scriptedEngine(3, length);
  const runs = await normalResiduals(order, scripted.engine, predictors);
  expect(scripted.open()).toBe(0);
  return runs;
}

const scaledRow = ({ values }: AssetRows, row: number) =>
  [0, 1, 2].map((i) => (values[row * 3 + i] - predictors.scaling.center[i]) / predictors.scaling.scale[i]);

describe('normalResiduals', () => {
  it('gives each source its residual of every window, NaN in all of them where the reading is missing', async () => {
    const rows = withMissingReadings(healthyRows('a', 300, 1), 0.2, 2);
    const [run, ...others] = await runsOf([rows]);
    expect(others).toEqual([]);
    expect([...run.residuals.keys()]).toEqual(['network', 'robust_z', 'vector_autoregression']);
    let missing = 0;
    for (let i = 0; i < 297; i++) {
      const last = i + length - 1;
      const [now, before] = [scaledRow(rows, last), scaledRow(rows, last - 1)];
      for (let channel = 0; channel < 3; channel++) {
        const at = (kind: 'network' | 'robust_z' | 'vector_autoregression') =>
          run.residuals.get(kind)![i * 3 + channel];
        if (rows.measured[last * 3 + channel] === 0) {
          missing++;
          expect([at('network'), at('robust_z'), at('vector_autoregression')]).toEqual([NaN, NaN, NaN]);
          continue;
        }
        expect(at('network')).toBe(rows.values[last * 3 + channel]);
        expect(at('robust_z')).toBeCloseTo(now[channel] - predictors.linear[0].offset[channel], 4);
        expect(at('vector_autoregression')).toBeCloseTo(now[channel] - before[channel], 4);
      }
    }
    expect(missing).toBeGreaterThan(50);
    expect(run.position[0]).toBeCloseTo((length - 1) / 300, 6);
    expect(run.position[296]).toBeCloseTo(299 / 300, 6);
  });

  it('begins a new run with each asset and after each gap in time', async () => {
    const rows = healthyRows('a', 40, 1);
    const broken = { ...rows, at: rows.at.map((at, row) => (row < 15 ? at : at + 500)) };
    const runs = await runsOf([broken, healthyRows('b', 20, 2)]);
    expect(runs.map(({ position }) => position.length)).toEqual([15 - 3, 25 - 3, 20 - 3]);
    for (const { position, residuals } of runs)
      for (const all of residuals.values()) expect(all.length).toBe(3 * position.length);
    expect(runs[1].position[0]).toBeCloseTo(18 / 40, 6);
    expect(runs[2].residuals.get('network')![0]).toBe(healthyRows('b', 20, 2).values[3 * 3]);
  });

  it('takes windows at the pace of live ones', async () => {
    const rows = healthyRows('a', 600, 1);
    const [run] = await runsOf([rows], 5);
    // Starts at rows 0, 5, ..., 595.
    expect(run.position.length).toBe(120);
    for (const i of [0, 1, 119])
      expect(run.residuals.get('network')![i * 3]).toBe(rows.values[(i * 5 + 3) * 3]);
  });
});

describe('scoresFrom', () => {
  it('scores every run afresh and gives the scores from a position on', async () => {
    const runs = await runsOf([healthyRows('a', 20, 1), healthyRows('b', 12, 2)]);
    const calibration = {
      detectors: [
        plainDetector(3, { source: 'robust_z', smoothing: 0.2 }),
        plainDetector(3, { source: 'vector_autoregression', smoothing: 0.2 }),
      ],
    };
    const expected = runs.map(({ position, residuals }) => {
      const decider = createDecider(calibration);
      return Array.from(position, (_, i) => {
        const of = (kind: 'robust_z' | 'vector_autoregression') =>
          residuals.get(kind)!.subarray(i * 3, i * 3 + 3);
        const both = { robust_z: of('robust_z'), vector_autoregression: of('vector_autoregression') };
        return decider.decide(0, both, new Float32Array(3)).value;
      });
    });
    expect(scoresFrom(runs, 0, calibration)).toEqual(expected.flat());
    // The last rows of windows 7 on lie in the second half of 20 rows, those of windows 3 on in that of 12.
    expect(scoresFrom(runs, 0.5, calibration)).toEqual([...expected[0].slice(7), ...expected[1].slice(3)]);
    expect(scoresFrom([], 0, calibration)).toEqual([]);
  });
});
