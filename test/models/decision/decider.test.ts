import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { calibrate } from '../../../src/models/decision/calibration.ts';
import { createDecider, type Decider, type ResidualsBySource } from '../../../src/models/decision/decider.ts';
import type { Calibration, Detector } from '../../../src/models/decision/detector.ts';
import type { DetectorPlan } from '../../../src/models/decision/detector-plan.ts';
import { createRandom } from '../../../src/models/random.ts';
import { plainDetector } from '../support/fixtures.ts';

const shiftPlan: DetectorPlan = {
  source: 'network',
  kind: 'shift',
  smoothing: 0.5,
  energySmoothing: 1,
  caution: 1,
  want: 20,
};
const burstPlan: DetectorPlan = { ...shiftPlan, kind: 'burst', smoothing: 1, energySmoothing: 0.3 };

/** Four channels that err together (one common factor) with a little of their own. */
function correlatedDetector(plan: DetectorPlan): Detector {
  const random = createRandom(11);
  const rows = 3000;
  const residuals = new Float32Array(rows * 4);
  for (let row = 0; row < rows; row++) {
    const factor = random.gaussian();
    for (let c = 0; c < 4; c++) residuals[row * 4 + c] = factor + 0.3 * random.gaussian();
  }
  const position = Float32Array.from({ length: rows }, (_, row) => row / rows);
  const at = Float64Array.from({ length: rows }, (_, row) => 1000 * row);
  const run = { assetId: 'a', residuals: new Map([['network' as const, residuals]]), position, at };
  return calibrate([run], { channels: 4, plans: [plan], quantile: 0.99, margin: 1.5 }).calibration
    .detectors[0];
}

const correlated = { shift: correlatedDetector(shiftPlan), burst: correlatedDetector(burstPlan) };
const kinds = ['shift', 'burst'] as const;

/** Three detectors of two sources with two channels. */
const several: Calibration = {
  detectors: [
    plainDetector(2, { smoothing: 0.4, threshold: 1.5 }),
    plainDetector(2, { source: 'pca', smoothing: 0.2, mean: Float32Array.of(0.5, -1) }),
    plainDetector(2, {
      source: 'pca',
      kind: 'burst',
      energySmoothing: 0.3,
      precision: Float32Array.of(2, -1, -1, 3),
      threshold: 3,
    }),
  ],
};

const reading = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -2000, max: 2000 }).map((value) => value / 100) },
  fc.constant(Number.NaN),
  fc.constant(0),
);
/** Residuals of one window, of both sources of `several`; a reading is missing from both or from none. */
const windowResiduals: fc.Arbitrary<ResidualsBySource> = fc
  .tuple(reading, reading, reading, reading)
  .map(([a, b, c, d]) => ({
    network: Float32Array.of(a, b),
    pca: Float32Array.of(Number.isNaN(a) ? a : c || 0, Number.isNaN(b) ? b : d || 0),
  }));

function scoreOf(decider: Decider, asset: number, residuals: ResidualsBySource): number {
  return decider.decide(asset, residuals, new Float32Array(2)).value;
}

describe('decider', () => {
  it('scores 1.0 exactly at the threshold', () => {
    const detector = plainDetector(2, {
      mean: Float32Array.of(0.5, -1),
      precision: Float32Array.of(4, 0, 0, 0.25),
      threshold: 2,
    });
    const shares = new Float32Array(2);
    const decide = (...network: number[]) =>
      createDecider({ detectors: [detector] }).decide(0, { network: Float32Array.from(network) }, shares);
    // From the mean by (1, 4): distance sqrt((4 + 4) / 2) = 2, the threshold.
    expect(decide(1.5, 3)).toEqual({ value: 1, detector });
    expect([...shares]).toEqual([0.5, 0.5]);
    // At the mean there is nothing to explain, and no share is guiltier than another.
    expect(decide(0.5, -1).value).toBe(0);
    expect([...shares]).toEqual([0.5, 0.5]);
  });

  it('lets the largest detector lead: its score, its shares, its name', () => {
    fc.assert(
      fc.property(fc.array(windowResiduals, { minLength: 1, maxLength: 30 }), (windows) => {
        const together = createDecider(several);
        const alone = several.detectors.map((detector) => createDecider({ detectors: [detector] }));
        for (const residuals of windows) {
          const attribution = new Float32Array(2);
          const { value, detector } = together.decide(5, residuals, attribution);
          const each = alone.map((one) => {
            const shares = new Float32Array(2);
            return { value: one.decide(5, residuals, shares).value, shares };
          });
          expect(value).toBe(Math.max(...each.map((one) => one.value)));
          const leading = each[several.detectors.indexOf(detector)];
          expect(leading.value).toBe(value);
          expect([...attribution]).toEqual([...leading.shares]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('gives shares from 0 to 1 that sum to 1, and a finite score, whatever comes', () => {
    fc.assert(
      fc.property(fc.array(windowResiduals, { minLength: 1, maxLength: 30 }), (windows) => {
        const decider = createDecider(several);
        const shares = new Float32Array(2);
        for (const residuals of windows) {
          const { value } = decider.decide(2, residuals, shares);
          expect(Number.isFinite(value) && value >= 0).toBe(true);
          expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
          expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each(kinds)('blames the one wrong channel among those that err together, up or down: %s', (kind) => {
    for (let wrong = 0; wrong < 4; wrong++) {
      for (const by of [-3, 3]) {
        // All four show a common error; one is off on top of it, for a burst now up and now down.
        const decider = createDecider({ detectors: [correlated[kind]] });
        const shares = new Float32Array(4);
        let value = 0;
        for (let i = 0; i < 8; i++) {
          const sign = kind === 'burst' && i % 2 === 0 ? -1 : 1;
          const network = Float32Array.from({ length: 4 }, (_, c) => sign * (0.8 + (c === wrong ? by : 0)));
          value = decider.decide(0, { network }, shares).value;
        }
        expect(value).toBeGreaterThan(1);
        expect(shares.indexOf(Math.max(...shares))).toBe(wrong);
        expect(shares[wrong]).toBeGreaterThan(0.5);
      }
    }
  });

  it('blames it whatever the correlations are (Alcala and Qin 2009)', () => {
    const entry = fc.integer({ min: -3, max: 3 });
    fc.assert(
      fc.property(
        fc.array(entry, { minLength: 9, maxLength: 9 }),
        fc.nat(2),
        fc.constantFrom(-5, 5),
        (a, wrong, by) => {
          // A A' + I / 4 is positive definite whatever A is.
          const precision = Float32Array.from({ length: 9 }, (_, at) => {
            const [i, j] = [Math.floor(at / 3), at % 3];
            return (
              a[i * 3] * a[j * 3] +
              a[i * 3 + 1] * a[j * 3 + 1] +
              a[i * 3 + 2] * a[j * 3 + 2] +
              (i === j ? 0.25 : 0)
            );
          });
          const shares = new Float32Array(3);
          const network = Float32Array.from({ length: 3 }, (_, i) => (i === wrong ? by : 0));
          createDecider({ detectors: [plainDetector(3, { precision })] }).decide(0, { network }, shares);
          expect(shares[wrong]).toBeGreaterThanOrEqual(Math.max(...shares) - 1e-4);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each(kinds)('finds a common error usual and the same error against the grain unusual: %s', (kind) => {
    const score = (...residual: number[]) => {
      const decider = createDecider({ detectors: [correlated[kind]] });
      const network = Float32Array.from(residual);
      const scores = Array.from(
        { length: 8 },
        () => decider.decide(0, { network }, new Float32Array(4)).value,
      );
      return Math.max(...scores);
    };
    expect(score(1.2, 1.2, 1.2, 1.2)).toBeLessThan(1);
    expect(score(1.2, -1.2, 1.2, -1.2)).toBeGreaterThan(1);
  });

  it('adds errors of changing sign up in a burst, in which a shift cancels them', () => {
    const highest = (detector: Detector) => {
      const decider = createDecider({ detectors: [detector] });
      return Math.max(
        ...Array.from({ length: 40 }, (_, i) => {
          const network = new Float32Array(2).fill(i % 2 === 0 ? 4 : -4);
          return decider.decide(0, { network }, new Float32Array(2)).value;
        }),
      );
    };
    expect(highest(plainDetector(2, { smoothing: 0.1 }))).toBeLessThan(0.5);
    expect(highest(plainDetector(2, { kind: 'burst', energySmoothing: 0.3 }))).toBeCloseTo(4, 2);
  });

  it('lets a missing reading keep its part in a shift, and gives it none in a burst', () => {
    const last = (detector: Detector) => {
      const decider = createDecider({ detectors: [detector] });
      const shares = new Float32Array(2);
      decider.decide(0, { network: Float32Array.of(8, 8) }, shares);
      const { value } = decider.decide(0, { network: Float32Array.of(0, Number.NaN) }, shares);
      return { square: 2 * value ** 2, shares: [...shares] };
    };
    // Running means (4, 4), then (2, 4).
    const shift = last(plainDetector(2, { smoothing: 0.5 }));
    expect(shift.square).toBeCloseTo(4 + 16, 4);
    expect(shift.shares[1]).toBeCloseTo(16 / 20, 5);
    // Energy 0.25 x 64, then three quarters of it: nothing came to it.
    const burst = last(plainDetector(2, { kind: 'burst', energySmoothing: 0.25 }));
    expect(burst.square).toBeCloseTo(2 * 0.75 * 0.25 * 64, 4);
  });

  it('keeps each asset to itself, whatever the order in which assets come, also beyond one slab', () => {
    const indices = [0, 1, 127, 128, 255, 256, 100_000];
    const sequences = fc.array(fc.tuple(fc.constantFrom(...indices), windowResiduals), { maxLength: 60 });
    fc.assert(
      fc.property(sequences, (steps) => {
        const mixed = createDecider(several);
        const scores = steps.map(([index, residuals]) => scoreOf(mixed, index, residuals));
        for (const index of indices) {
          const alone = createDecider(several);
          for (const [i, [whose, residuals]] of steps.entries()) {
            if (whose === index) expect(scoreOf(alone, index, residuals)).toBe(scores[i]);
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('forgets an asset on reset as if it had never been, and no other', () => {
    fc.assert(
      fc.property(
        fc.array(windowResiduals, { minLength: 1, maxLength: 20 }),
        fc.array(windowResiduals, { minLength: 1, maxLength: 20 }),
        (before, after) => {
          const [decider, unharmed, fresh] = [1, 2, 3].map(() => createDecider(several));
          for (const residuals of before) {
            for (const asset of [3, 4]) scoreOf(decider, asset, residuals);
            scoreOf(unharmed, 4, residuals);
          }
          decider.reset(3);
          for (const residuals of after) {
            expect(scoreOf(decider, 3, residuals)).toBe(scoreOf(fresh, 3, residuals));
            expect(scoreOf(decider, 4, residuals)).toBe(scoreOf(unharmed, 4, residuals));
          }
        },
      ),
    );
  });

  it('smooths over time', () => {
    const decider = createDecider({ detectors: [plainDetector(2, { smoothing: 0.25 })] });
    const network = Float32Array.of(2, 0);
    const first = scoreOf(decider, 3, { network });
    expect(scoreOf(decider, 3, { network }) / first).toBeCloseTo(1.75, 5);
  });

  it('scores 0 where every threshold is infinite, and still says whose it is', () => {
    const detectors = several.detectors.map((one) => ({ ...one, threshold: Number.POSITIVE_INFINITY }));
    const shares = new Float32Array(2);
    const far = Float32Array.of(9, 0);
    const decision = createDecider({ detectors }).decide(0, { network: far, pca: far }, shares);
    expect(decision).toEqual({ value: 0, detector: detectors[0] });
    expect([...shares]).toEqual([1, 0]);
  });
});
