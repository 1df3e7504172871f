import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Calibration, calibrate } from '../../src/models/decision/calibration.ts';
import { createDecider } from '../../src/models/decision/decider.ts';
import { createRandom } from '../../src/models/random.ts';

/** Four channels that err together (one common factor) with a little of their own. */
function correlatedCalibration(): Calibration {
  const random = createRandom(11);
  const rows = 3000;
  const residuals = new Float32Array(rows * 4);
  for (let row = 0; row < rows; row++) {
    const factor = random.gaussian();
    for (let c = 0; c < 4; c++) residuals[row * 4 + c] = factor + 0.3 * random.gaussian();
  }
  const position = Float32Array.from({ length: rows }, (_, row) => row / rows);
  return calibrate([{ residuals, position }], 4, { smoothing: 1, quantile: 0.99, margin: 1.5 });
}

const together = correlatedCalibration();
const plain: Calibration = {
  smoothing: 1,
  mean: Float32Array.of(0.5, -1),
  deviation: Float32Array.of(0.5, 2),
  precision: Float32Array.of(1, 0, 0, 1),
  threshold: 2,
};

describe('decider', () => {
  it('scores 1.0 exactly at the threshold', () => {
    const shares = new Float32Array(2);
    // Standardised (2, 2): distance sqrt(8 / 2) = 2, the threshold.
    expect(createDecider(plain).decide(0, Float32Array.of(1.5, 3), shares)).toBe(1);
    expect([...shares]).toEqual([0.5, 0.5]);
    // At the mean there is nothing to explain, and no share is guiltier than another.
    expect(createDecider(plain).decide(0, plain.mean, shares)).toBe(0);
    expect([...shares]).toEqual([0.5, 0.5]);
  });

  it('gives shares from 0 to 1 that sum to 1, and a finite score, whatever comes', () => {
    const residual = fc.oneof(
      fc.integer({ min: -2000, max: 2000 }).map((value) => value / 100),
      fc.constant(Number.NaN),
      fc.constant(0),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(residual, residual, residual, residual), { minLength: 1 }), (rows) => {
        const decider = createDecider({ ...together, smoothing: 0.3 });
        const shares = new Float32Array(4);
        for (const row of rows) {
          const score = decider.decide(2, Float32Array.from(row), shares);
          expect(Number.isFinite(score) && score >= 0).toBe(true);
          expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
          expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('blames the one wrong channel among those that err together, up or down', () => {
    for (let wrong = 0; wrong < 4; wrong++) {
      for (const by of [-3, 3]) {
        // All four show the common error of 1.5; one is off on top of it.
        const residual = Float32Array.from({ length: 4 }, (_, c) => 1.5 + (c === wrong ? by : 0));
        const shares = new Float32Array(4);
        expect(createDecider(together).decide(0, residual, shares)).toBeGreaterThan(1);
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
          const residual = Float32Array.from({ length: 3 }, (_, i) => (i === wrong ? by : 0));
          const three = { mean: new Float32Array(3), deviation: new Float32Array(3).fill(1) };
          createDecider({ ...plain, ...three, precision }).decide(0, residual, shares);
          expect(shares[wrong]).toBeGreaterThanOrEqual(Math.max(...shares) - 1e-4);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('finds a common error usual and the same error against the grain unusual', () => {
    const score = (...residual: number[]) =>
      createDecider(together).decide(0, Float32Array.from(residual), new Float32Array(4));
    expect(score(1.5, 1.5, 1.5, 1.5)).toBeLessThan(1);
    expect(score(1.5, -1.5, 1.5, -1.5)).toBeGreaterThan(1.5);
  });

  it('keeps each asset to itself, also beyond one slab', () => {
    const calibration = { ...plain, smoothing: 0.5 };
    const shares = new Float32Array(2);
    const mixed = createDecider(calibration);
    const indices = [0, 1, 127, 128, 255, 256, 100_000];
    const alone = indices.map(() => createDecider(calibration));
    const random = createRandom(4);
    for (let round = 0; round < 20; round++) {
      for (const [i, index] of indices.entries()) {
        const residual = Float32Array.of(random.gaussian() + i, random.gaussian());
        const expected = alone[i].decide(0, residual, shares);
        expect(mixed.decide(index, residual, shares)).toBe(expected);
      }
    }
  });

  it('smooths over time and forgets on reset', () => {
    const decider = createDecider({ ...plain, smoothing: 0.25, mean: new Float32Array(2) });
    const shares = new Float32Array(2);
    const residual = Float32Array.of(2, 0);
    const first = decider.decide(3, residual, shares);
    const second = decider.decide(3, residual, shares);
    expect(second / first).toBeCloseTo(1.75, 5);
    decider.reset(3);
    expect(decider.decide(3, residual, shares)).toBe(first);
  });
});
