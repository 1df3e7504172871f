import { describe, expect, it } from 'vitest';
import { calibrate, type ResidualRun, smooth, statistic } from '../../src/models/decision/calibration.ts';
import { createDecider } from '../../src/models/decision/decider.ts';
import { createRandom } from '../../src/models/random.ts';

const options = { smoothing: 0.3, quantile: 0.99, margin: 1.5 };

/** One run over the whole training time; `at(row, channel, noise)` gives the residual. */
function runOf(
  rows: number,
  channels: number,
  at: (row: number, channel: number, noise: number) => number,
  seed = 5,
): ResidualRun {
  const random = createRandom(seed);
  const residuals = new Float32Array(rows * channels);
  for (let i = 0; i < residuals.length; i++)
    residuals[i] = at(Math.floor(i / channels), i % channels, random.gaussian());
  return { residuals, position: Float32Array.from({ length: rows }, (_, row) => row / rows) };
}

const stationary = runOf(1000, 3, (_row, _channel, noise) => 0.5 * noise);

describe('calibrate', () => {
  it('measures mean and deviation of the smoothed residuals', () => {
    const shifted = runOf(5000, 2, (_row, channel, noise) => (channel === 0 ? 2 + noise : noise));
    const { mean, deviation } = calibrate([shifted], 2, options);
    expect(mean[0]).toBeCloseTo(2, 1);
    expect(mean[1]).toBeCloseTo(0, 1);
    // Variance of an exponentially weighted mean of independent values: s / (2 - s).
    expect(deviation[1]).toBeCloseTo(Math.sqrt(0.3 / 1.7), 1);
  });

  it('puts the threshold at the quantile times the margin on data that stays the same', () => {
    const plain = calibrate([stationary], 3, { ...options, margin: 1 });
    expect(calibrate([stationary], 3, options).threshold).toBeCloseTo(1.5 * plain.threshold, 6);
    const decider = createDecider(plain);
    const shares = new Float32Array(3);
    let exceeded = 0;
    for (let row = 0; row < 1000; row++) {
      if (decider.decide(0, stationary.residuals.subarray(row * 3, row * 3 + 3), shares) >= 1) exceeded++;
    }
    expect(exceeded).toBeGreaterThan(0);
    expect(exceeded).toBeLessThanOrEqual(20);
  });

  it('rises when one part of the data differs from the others', () => {
    const base = calibrate([stationary], 3, options).threshold;
    for (const part of [0, 2, 4]) {
      const wandering = runOf(
        1000,
        3,
        (row, channel, noise) => 0.5 * noise + (channel === 1 && Math.floor(row / 200) === part ? 1.5 : 0),
      );
      const { threshold } = calibrate([wandering], 3, options);
      expect(threshold).toBeGreaterThan(1.4 * base);
    }
  });

  it('does not let a part vouch for itself: the deviating part is judged without it', () => {
    // The same 200 deviating rows, once in one block and once spread over all five.
    const shift = (row: number, when: boolean, noise: number) => 0.5 * noise + (when && row >= 0 ? 2 : 0);
    const together = runOf(1000, 1, (row, _channel, noise) => shift(row, row >= 400 && row < 600, noise));
    const apart = runOf(1000, 1, (row, _channel, noise) => shift(row, row % 200 < 40, noise));
    expect(calibrate([together], 1, options).threshold).toBeGreaterThan(
      1.3 * calibrate([apart], 1, options).threshold,
    );
  });

  it('starts the running mean afresh in every run', () => {
    const high = { residuals: new Float32Array(50).fill(8), position: new Float32Array(50) };
    const low = {
      residuals: new Float32Array(50),
      position: Float32Array.from({ length: 50 }, (_, i) => 0.3 + i / 100),
    };
    const { mean } = calibrate([high, low], 1, { ...options, smoothing: 1 });
    expect(mean[0]).toBeCloseTo(4, 5);
    const slow = calibrate([high, low], 1, { ...options, smoothing: 0.01 });
    // Carried over, the mean of the second run would be above 2 as well.
    expect(slow.mean[0]).toBeLessThan(1);
  });

  it('does not alarm at the first flutter of a channel that was almost constant', () => {
    const quiet = runOf(4000, 3, (_row, channel, noise) => (channel === 2 ? 1e-5 : 0.5) * noise);
    const calibration = calibrate([quiet], 3, options);
    expect(calibration.deviation[2]).toBeCloseTo(0.05, 6);
    const shares = new Float32Array(3);
    expect(createDecider(calibration).decide(0, Float32Array.of(0, 0, 0.3), shares)).toBeLessThan(1);
    expect(createDecider(calibration).decide(0, Float32Array.of(0, 0, 5), shares)).toBeGreaterThan(1);
  });

  it('has a threshold above 0 where nothing moves at all', () => {
    const calibration = calibrate([runOf(200, 2, () => 0)], 2, options);
    expect(calibration.threshold).toBeGreaterThan(0);
    const shares = new Float32Array(2);
    const decider = createDecider(calibration);
    expect(decider.decide(0, Float32Array.of(0, 0), shares)).toBe(0);
    expect(decider.decide(0, Float32Array.of(0.1, 0), shares)).toBeLessThan(1);
    expect(decider.decide(0, Float32Array.of(3, 0), shares)).toBeGreaterThan(1);
  });

  it('takes missing residuals as no news', () => {
    const gaps = runOf(1000, 2, (row, channel, noise) =>
      channel === 1 && row % 3 === 0 ? Number.NaN : 0.5 * noise,
    );
    const calibration = calibrate([gaps], 2, options);
    for (const numbers of [calibration.mean, calibration.deviation, calibration.precision])
      expect(numbers.every(Number.isFinite)).toBe(true);
    const never = calibrate([runOf(300, 2, (_r, c, noise) => (c === 1 ? Number.NaN : noise))], 2, options);
    expect([never.mean[1], never.deviation[1]]).toEqual([0, Math.fround(0.05)]);
    expect(Number.isFinite(never.threshold)).toBe(true);
  });

  it('never alarms on the strength of nothing', () => {
    const calibration = calibrate([], 2, options);
    expect(calibration.threshold).toBe(Number.POSITIVE_INFINITY);
    expect(createDecider(calibration).decide(0, Float32Array.of(9, 9), new Float32Array(2))).toBe(0);
  });
});

describe('smooth', () => {
  it('moves by the weight of the newest, and not for a missing one', () => {
    const running = Float32Array.of(1, 1);
    smooth(running, Float32Array.of(3, Number.NaN), 0.25);
    expect([...running]).toEqual([1.5, 1]);
  });
});

describe('statistic', () => {
  it('is the Mahalanobis distance over the root of C', () => {
    const weighted = new Float32Array(2);
    const precision = Float32Array.of(2, -1, -1, 3);
    // x = (1, 2): P x = (0, 5), x' P x = 10.
    expect(statistic(Float32Array.of(1, 2), precision, weighted)).toBeCloseTo(Math.sqrt(10 / 2), 6);
    expect([...weighted]).toEqual([0, 5]);
  });
});
