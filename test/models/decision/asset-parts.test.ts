import { describe, expect, it } from 'vitest';
import { calibrate } from '../../../src/models/decision/calibration.ts';
import { createDecider } from '../../../src/models/decision/decider.ts';
import type { Calibration } from '../../../src/models/decision/detector.ts';
import type { DetectorPlan } from '../../../src/models/decision/detector-plan.ts';
import type { ResidualRun } from '../../../src/models/decision/smoothed-run.ts';
import { createRandom } from '../../../src/models/random.ts';

const channels = 3;
const shift = { source: 'network', kind: 'shift', smoothing: 0.3, energySmoothing: 1 } as const;
const plans: DetectorPlan[] = [
  { ...shift, caution: 1, want: 0 },
  { ...shift, kind: 'burst', smoothing: 1, energySmoothing: 0.3, caution: 1, want: 0 },
];

/** An asset whose residuals have a level and a noise of their own. */
function assetRun(assetId: string, rows: number, level: number, noise: number, seed: number): ResidualRun {
  const random = createRandom(seed);
  return {
    assetId,
    residuals: new Map([
      ['network', new Float32Array(rows * channels).map(() => level + noise * random.gaussian())],
    ]),
    position: Float32Array.from({ length: rows }, (_, row) => row / rows),
    at: Float64Array.from({ length: rows }, (_, row) => 1000 * row),
  };
}

const calibrated = (runs: readonly ResidualRun[]) =>
  calibrate(runs, { channels, plans, quantile: 0.99, margin: 1.5 });

const fleet = [
  { id: 'quiet', level: 0.4, noise: 0.3 },
  { id: 'usual', level: 0, noise: 0.4 },
  { id: 'loud', level: -0.4, noise: 0.6 },
];
const fleetRuns = (rows: number, seed: number) =>
  fleet.map(({ id, level, noise }, i) => assetRun(id, rows, level, noise, seed + i));

/** The score that an asset exceeds on 1 % of its windows. */
function highScore(calibration: Calibration, run: ResidualRun): number {
  const decider = createDecider(calibration, () => run.assetId);
  const network = run.residuals.get('network')!;
  const scores = Array.from(
    run.at,
    (_, i) =>
      decider.decide(
        0,
        { network: network.subarray(i * channels, (i + 1) * channels) },
        new Float32Array(channels),
      ).value,
  );
  return scores.sort((a, b) => a - b)[Math.floor(0.99 * scores.length)];
}

describe('parts of assets', () => {
  const { calibration, later } = calibrated(fleetRuns(6000, 1));

  it('bring the high scores of unseen time of assets with levels and noise of their own together', () => {
    const apart = (one: Calibration) => {
      const scores = fleetRuns(6000, 100).map((run) => highScore(one, run));
      return Math.max(...scores) / Math.min(...scores);
    };
    expect(apart({ detectors: calibration.detectors })).toBeGreaterThan(1.3);
    expect(apart(calibration)).toBeLessThan(1.1);
  });

  it('leave an asset that came later to the class', () => {
    const [stranger] = [assetRun('stranger', 3000, 0.4, 0.3, 50)];
    expect(highScore(calibration, stranger)).toBe(highScore({ detectors: calibration.detectors }, stranger));
    // An id is no property of every object.
    const odd = { ...stranger, assetId: 'constructor' };
    expect(highScore(calibration, odd)).toBe(highScore(calibration, stranger));
  });

  it('draw mean and factor to those of the class where there are few windows, and have bounds', () => {
    expect(calibration.assets?.loud[0].mean[0]).toBeCloseTo(-0.4, 1);
    const short = calibrated([assetRun('short', 300, 1, 0.4, 9), ...fleetRuns(6000, 1)]);
    const own = short.calibration.assets?.short[0].mean[0] ?? Number.NaN;
    const ofClass = short.calibration.detectors[0].mean[0];
    // 284 windows are left after those that a run begins with.
    expect((own - ofClass) / (1 - ofClass)).toBeCloseTo(284 / 484, 1);
    const mad = calibrated([assetRun('still', 6000, 0, 0.001, 9), assetRun('wild', 6000, 0, 4, 10)]);
    for (const parts of Object.values(mad.calibration.assets ?? {}))
      for (const { factor } of parts) {
        expect(factor).toBeGreaterThanOrEqual(0.5);
        expect(factor).toBeLessThanOrEqual(2);
      }
    expect(mad.calibration.assets?.still[1].factor).toBe(2);
  });

  it('are none of an asset with too few windows, nor of one alone, and do not change the detectors', () => {
    const few = calibrated([assetRun('few', 150, 1, 0.4, 9), ...fleetRuns(1000, 1)]);
    expect(Object.keys(few.calibration.assets ?? {})).toEqual(['quiet', 'usual', 'loud']);
    expect(calibrated([assetRun('alone', 5000, 0, 1, 3)]).calibration.assets).toEqual({});
    expect(calibrated([]).calibration.assets).toEqual({});
    const nameless = calibrated(fleetRuns(6000, 1).map((run) => ({ ...run, assetId: 'one' })));
    expect(calibration.detectors).toEqual(nameless.calibration.detectors);
  });

  it('are in the scores of later time, which the first fifth of the time has none of', () => {
    for (const scores of later) {
      expect(scores.slice(0, 1190).every(Number.isNaN)).toBe(true);
      expect(scores.slice(1220).some(Number.isNaN)).toBe(false);
    }
    const high = later.map((scores) => scores.slice(1220).sort()[Math.floor(0.99 * 4780)]);
    expect(Math.max(...high) / Math.min(...high)).toBeLessThan(1.1);
  });
});
