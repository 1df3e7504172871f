import { describe, expect, it } from 'vitest';
import { type CalibrationOptions, calibrate } from '../../../src/models/decision/calibration.ts';
import { createDecider } from '../../../src/models/decision/decider.ts';
import type { Detector, SourceKind } from '../../../src/models/decision/detector.ts';
import type { DetectorPlan } from '../../../src/models/decision/detector-plan.ts';
import type { ResidualRun } from '../../../src/models/decision/smoothed-run.ts';
import { toDeviations } from '../../../src/models/decision/statistic.ts';
import { createRandom } from '../../../src/models/random.ts';

const shift: DetectorPlan = {
  source: 'network',
  kind: 'shift',
  smoothing: 0.3,
  energySmoothing: 1,
  caution: 1,
  want: 0,
};
const burst: DetectorPlan = { ...shift, kind: 'burst', smoothing: 1, energySmoothing: 0.3 };

/** One run over the whole training time; `at(row, channel, noise)` gives the residual. */
function runOf(
  rows: number,
  channels: number,
  at: (row: number, channel: number, noise: number) => number,
  source: SourceKind = 'network',
  seed = 5,
): ResidualRun {
  const random = createRandom(seed);
  const residuals = new Float32Array(rows * channels);
  for (let i = 0; i < residuals.length; i++)
    residuals[i] = at(Math.floor(i / channels), i % channels, random.gaussian());
  return {
    assetId: 'a',
    residuals: new Map([[source, residuals]]),
    position: Float32Array.from({ length: rows }, (_, row) => row / rows),
    at: Float64Array.from({ length: rows }, (_, row) => 1000 * row),
  };
}

const noisy = (rows: number, channels: number, seed = 5) =>
  runOf(rows, channels, (_row, _channel, noise) => 0.5 * noise, 'network', seed);

function detectorOf(
  runs: readonly ResidualRun[],
  channels: number,
  plan = shift,
  options: Partial<CalibrationOptions> = {},
): Detector {
  const { detectors } = calibrate(runs, {
    channels,
    plans: [plan],
    quantile: 0.99,
    margin: 1.5,
    ...options,
  }).calibration;
  expect(detectors.length).toBe(1);
  return detectors[0];
}

/** The highest score of an asset that reads nothing but this residual, or these in turn. */
function highest(detector: Detector, ...residuals: number[][]): number {
  const decider = createDecider({ detectors: [detector] });
  const scores = Array.from({ length: 60 }, (_, i) => {
    const residual = Float32Array.from(residuals[i % residuals.length]);
    return decider.decide(0, { [detector.source]: residual }, new Float32Array(residual.length)).value;
  });
  return Math.max(...scores);
}

describe('calibrate', () => {
  it('makes a detector of each plan from the residuals of its source', () => {
    const own = runOf(2000, 2, (_row, channel, noise) => (channel === 0 ? 2 : 0) + noise, 'network');
    const other = runOf(2000, 2, (_row, channel, noise) => (channel === 1 ? -3 : 0) + noise, 'pca');
    const run = { ...own, residuals: new Map([...own.residuals, ...other.residuals]) };
    const plans: DetectorPlan[] = [shift, { ...burst, source: 'pca' }];
    const { detectors } = calibrate([run], { channels: 2, plans, quantile: 0.99, margin: 1.5 }).calibration;
    expect(detectors).toEqual([
      expect.objectContaining({ source: 'network', kind: 'shift', smoothing: 0.3, energySmoothing: 1 }),
      expect.objectContaining({ source: 'pca', kind: 'burst', smoothing: 1, energySmoothing: 0.3 }),
    ]);
    const means = detectors.map(({ mean }) => mean);
    for (const [at, expected] of [2, 0, 0, -3].entries())
      expect(Math.abs(means[at >> 1][at & 1] - expected)).toBeLessThan(0.1);
    for (const word of ['caution', 'want']) expect(Object.keys(detectors[0])).not.toContain(word);
  });

  it('measures the smoothed residual, not the residual, for a shift', () => {
    // Variance of an exponentially weighted mean of independent values: s / (2 - s), and 0.01 that is unavoidable.
    const single = runOf(40_000, 1, (_row, _channel, noise) => noise);
    expect(1 / detectorOf([single], 1).precision[0]).toBeCloseTo(0.3 / 1.7 + 0.01, 1);
    expect(1 / detectorOf([single], 1, burst).precision[0]).toBeCloseTo(1.01, 1);
  });

  it.each([
    ['shift', shift],
    ['burst', burst],
  ])('puts the threshold where later normal operation seldom goes and a fault does: %s', (_kind, plan) => {
    const detector = detectorOf([noisy(20_000, 4)], 4, plan, { margin: 1 });
    const decider = createDecider({ detectors: [detector] });
    const residuals = noisy(20_000, 4, 6).residuals.get('network')!;
    const shares = new Float32Array(4);
    let exceeded = 0;
    for (let at = 0; at < residuals.length; at += 4) {
      if (decider.decide(0, { network: residuals.subarray(at, at + 4) }, shares).value >= 1) exceeded++;
    }
    // With a margin of 1 and no want it is the 0.99 quantile, or two deviations where that is nearer, as in a burst.
    expect(exceeded).toBeLessThan(270);
    if (plan.kind === 'shift') expect(exceeded).toBeGreaterThan(130);
    // A threshold that nothing reaches would pass as well.
    expect(highest(detector, [0.5, 0, 0, 0])).toBeLessThan(1);
    expect(highest(detector, [2.2, 0, 0, 0])).toBeGreaterThan(1);
  });

  it('goes margin times caution times as many deviations, and further by the want over the root of the windows', () => {
    const deviations = (margin: number, changes: Partial<DetectorPlan>) =>
      toDeviations(detectorOf([noisy(2500, 3)], 3, { ...shift, ...changes }, { margin }).threshold, 3);
    const once = deviations(1, {});
    expect(once).toBeGreaterThan(2);
    // Of the margin only as much is taken as the record is unsteady.
    const part = (deviations(1.5, {}) / once - 1) / 0.5;
    expect(part).toBeGreaterThan(0.39);
    expect(part).toBeLessThan(1);
    expect(deviations(1.5, { caution: 2 })).toBeCloseTo((1 + 2 * part) * once, 6);
    // The windows that a run begins with are not counted.
    const wanting = 1 + 2 * part + 25 / Math.sqrt(2500 - 16);
    expect(deviations(1.5, { caution: 2, want: 25 })).toBeCloseTo(wanting * once, 6);
  });

  it('sets the threshold further out the fewer windows there are', () => {
    const wanting = { ...shift, want: 30 };
    const thresholds = [200, 800, 3200, 12_800].map(
      (rows) => detectorOf([noisy(rows, 3)], 3, wanting).threshold,
    );
    expect(thresholds).toEqual(thresholds.toSorted((a, b) => b - a));
    expect(thresholds[0]).toBeGreaterThan(1.3 * thresholds[3]);
  });

  it('judges later time by what lay before: a level that moved in the last fifth raises the threshold', () => {
    const moved = (from: number, to: number) =>
      runOf(1000, 3, (row, channel, noise) => {
        return 0.5 * noise + (channel === 1 && row >= from && row < to ? 2 : 0);
      });
    const still = detectorOf([noisy(1000, 3)], 3, burst);
    const late = detectorOf([moved(800, 1000)], 3, burst);
    expect(late.threshold).toBeGreaterThan(1.4 * still.threshold);
    // The same 200 rows, a few in each fifth: what lay before knew of such a level.
    const spread = runOf(1000, 3, (row, channel, noise) => {
      return 0.5 * noise + (channel === 1 && row % 5 === 0 ? 2 : 0);
    });
    expect(late.threshold).toBeGreaterThan(1.2 * detectorOf([spread], 3, burst).threshold);
    // A shift is widened besides, so that the same error counts for less there.
    for (const [from, to] of [
      [800, 1000],
      [400, 600],
    ])
      expect(highest(detectorOf([moved(from, to)], 3), [0, 3, 0])).toBeLessThan(
        0.6 * highest(detectorOf([noisy(1000, 3)], 3), [0, 3, 0]),
      );
  });

  it('widens the channel that wandered for a shift, and stays as strict with the others', () => {
    let level = 0;
    const wandering = runOf(2000, 2, (_row, channel, noise) => {
      if (channel === 1) return 0.5 * noise;
      level += 0.15 * noise;
      return level;
    });
    // The same statistic by both; only a shift is widened.
    const [widened, plain] = [shift, burst].map((plan) =>
      detectorOf([wandering], 2, { ...plan, smoothing: 1, energySmoothing: 1 }),
    );
    expect(widened.precision[0]).toBeLessThan(0.7 * plain.precision[0]);
    expect(widened.precision[3] / plain.precision[3]).toBeCloseTo(1, 1);
  });

  it('judges a burst by the running mean of the energy, in which a single outlier fades', () => {
    const spiky = runOf(4000, 2, (row, _channel, noise) => 0.3 * noise + (row % 40 === 0 ? 4 : 0));
    const threshold = (energySmoothing: number) =>
      detectorOf([spiky], 2, { ...burst, energySmoothing }).threshold;
    expect(threshold(0.3)).toBeLessThan(0.8 * threshold(1));
  });

  it('cuts the time from the first window on, however late that is', () => {
    const run = noisy(1000, 2);
    const late = { ...run, position: run.position.map((share) => 0.85 + 0.14 * share) };
    const [early, shifted] = [run, late].map((one) => detectorOf([one], 2, shift, { margin: 1 }));
    expect(shifted.threshold / early.threshold).toBeCloseTo(1, 1);
    expect(shifted.mean).toEqual(early.mean);
  });

  it('cuts the time of each asset for itself', () => {
    // Two assets at different levels throughout: each fifth of time has both, so nothing is new in any.
    const [high, low] = [1, -1].map((by) =>
      runOf(1000, 1, (_row, _channel, noise) => by + 0.2 * noise, 'network', by + 5),
    );
    const { mean, threshold } = detectorOf([high, low], 1, burst);
    expect(mean[0]).toBeCloseTo(0, 1);
    // Before and after: the level comes in the middle of time.
    const after = runOf(2000, 1, (row, _channel, noise) => (row < 1200 ? 1 : -1) + 0.2 * noise);
    expect(detectorOf([after], 1, burst).threshold).toBeGreaterThan(1.5 * threshold);
  });

  it('starts the running mean afresh in every run, and passes over its first windows', () => {
    const of = (value: number, from: number): ResidualRun => ({
      ...noisy(100, 1),
      residuals: new Map([['network', new Float32Array(100).fill(value)]]),
      position: Float32Array.from({ length: 100 }, (_, i) => from + i / 1000),
    });
    const [high, low] = [of(8, 0), of(0, 0.5)];
    expect(detectorOf([high, low], 1, { ...shift, smoothing: 1 }).mean[0]).toBeCloseTo(4, 5);
    // Carried over, the second run would begin at 8; counted from its start, the first would be at 7.2 on average.
    expect(detectorOf([high, low], 1, { ...shift, smoothing: 0.2 }).mean[0]).toBeCloseTo(4, 1);
    expect(detectorOf([high], 1, { ...shift, smoothing: 0.2 }).mean[0]).toBeGreaterThan(7.9);
    // Half of a short run is better than nothing of it.
    const short = { ...noisy(4, 1), residuals: new Map([['network' as const, Float32Array.of(1, 2, 3, 4)]]) };
    const position = Float32Array.of(0.1, 0.3, 0.5, 0.7);
    expect(detectorOf([{ ...short, position }], 1, burst).mean[0]).toBe(3.5);
  });

  it.each([
    ['shift', shift],
    ['burst', burst],
  ])('does not alarm at the first flutter where nothing ever moved: %s', (_kind, plan) => {
    const detector = detectorOf([runOf(5000, 3, () => 0)], 3, plan);
    expect(detector.threshold).toBeGreaterThan(0);
    expect(highest(detector, [0, 0, 0])).toBe(0);
    expect(highest(detector, [0.1, 0.1, -0.1])).toBeLessThan(1);
    expect(highest(detector, [3, 0, 0])).toBeGreaterThan(1);
  });

  it('does not alarm at the first flutter of a channel that was almost constant among others', () => {
    const quiet = runOf(5000, 3, (_row, channel, noise) => (channel === 2 ? 1e-5 : 0.5) * noise);
    const detector = detectorOf([quiet], 3);
    expect(highest(detector, [0, 0, 0.2])).toBeLessThan(1);
    expect(highest(detector, [0, 0, 5])).toBeGreaterThan(1);
  });

  it('finds errors of changing sign by a burst and not by a shift, and a small lasting one the other way round', () => {
    const [slow, quick] = [{ ...shift, smoothing: 0.1 }, burst].map((plan) =>
      detectorOf([noisy(20_000, 2)], 2, plan),
    );
    expect(highest(slow, [2.5, 2.5], [-2.5, -2.5])).toBeLessThan(1);
    expect(highest(quick, [2.5, 2.5], [-2.5, -2.5])).toBeGreaterThan(1);
    expect(highest(slow, [0.8, 0.8])).toBeGreaterThan(1);
    expect(highest(quick, [0.8, 0.8])).toBeLessThan(1);
  });

  it('takes missing residuals as no news', () => {
    const gaps = runOf(1000, 2, (row, channel, noise) =>
      channel === 1 && row % 3 === 0 ? Number.NaN : 0.5 * noise,
    );
    const never = runOf(1000, 2, (_row, channel, noise) => (channel === 1 ? Number.NaN : noise));
    for (const plan of [shift, burst]) {
      for (const run of [gaps, never]) {
        const { mean, precision, threshold } = detectorOf([run], 2, plan);
        for (const numbers of [mean, precision, [threshold]])
          expect(numbers.every((value) => Number.isFinite(value))).toBe(true);
      }
      expect(detectorOf([never], 2, plan).mean[1]).toBe(0);
    }
  });

  it('never alarms on the strength of nothing: without windows, or without any to judge by others', () => {
    const early = { ...noisy(300, 2), position: new Float32Array(300).fill(0.1) };
    for (const runs of [[], [{ ...early, position: new Float32Array(0), residuals: emptied }], [early]]) {
      const detector = detectorOf(runs, 2);
      expect(detector.threshold).toBe(Number.POSITIVE_INFINITY);
      expect(highest(detector, [9, 9])).toBe(0);
    }
  });

  it('takes more windows in a row than a call takes arguments', () => {
    const rows = 200_000;
    const position = Float32Array.from({ length: rows }, (_, row) => (row < 1000 ? 0.1 : 0.9));
    const { threshold } = detectorOf([{ ...noisy(rows, 1), position }], 1, burst);
    expect(Number.isFinite(threshold)).toBe(true);
  });
});

const emptied: ReadonlyMap<SourceKind, Float32Array> = new Map([['network', new Float32Array(0)]]);
