import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fitGeneralisedPareto,
  tailProbability,
  tailQuantile,
} from '../../../src/models/decision/generalised-pareto.ts';
import { createRandom } from '../../../src/models/random.ts';

/** Draws by inversion. */
function drawExcesses(count: number, shape: number, scale: number, seed: number): number[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const left = 1 - random.uniform();
    return shape === 0 ? -scale * Math.log(left) : (scale * (left ** -shape - 1)) / shape;
  });
}

describe('generalised Pareto tail', () => {
  for (const shape of [-0.2, 0, 0.15, 0.4]) {
    it(`finds shape ${shape} and scale 2 in many excesses, and their quantiles`, () => {
      const fit = fitGeneralisedPareto(drawExcesses(4000, shape, 2, 7))!;
      expect(Math.abs(fit.shape - shape)).toBeLessThan(0.06);
      expect(Math.abs(fit.scale - 2)).toBeLessThan(0.15);
      const truth = shape === 0 ? 2 * Math.log(100) : (2 * (0.01 ** -shape - 1)) / shape;
      expect(tailQuantile(fit, 0.01) / truth).toBeGreaterThan(0.85);
      expect(tailQuantile(fit, 0.01) / truth).toBeLessThan(1.15);
    });
  }

  it('gives few excesses a tail that is heavier than many give', () => {
    const few = fitGeneralisedPareto([0.2, 1, 1.8])!;
    const many = fitGeneralisedPareto(drawExcesses(3000, 0, 1, 3))!;
    expect(tailProbability(few, 12)).toBeGreaterThan(5 * tailProbability(many, 12));
    expect(few.shape).toBeCloseTo(0.1, 1);
  });

  it('has a quantile function that is the inverse of the tail probability, which never rises', () => {
    const fit = fitGeneralisedPareto(drawExcesses(50, 0.1, 1, 5))!;
    fc.assert(
      fc.property(
        fc.double({ min: 1e-6, max: 0.999, noNaN: true }),
        fc.double({ min: 0, max: 50, noNaN: true }),
        (p, x) => {
          expect(tailProbability(fit, tailQuantile(fit, p))).toBeCloseTo(p, 6);
          expect(tailProbability(fit, x + 1)).toBeLessThanOrEqual(tailProbability(fit, x));
        },
      ),
    );
    expect(tailProbability(fit, 0)).toBe(1);
  });

  it('scales with the unit of the statistic', () => {
    const excesses = drawExcesses(60, 0.1, 1, 9);
    const fit = fitGeneralisedPareto(excesses)!;
    const inMilli = fitGeneralisedPareto(excesses.map((excess) => 1000 * excess))!;
    expect(inMilli.scale / fit.scale).toBeCloseTo(1000, 3);
    expect(inMilli.shape).toBeCloseTo(fit.shape, 6);
  });

  it('says that there is no tail, and refuses what is no excess or no probability', () => {
    expect(fitGeneralisedPareto([])).toBeNull();
    expect(fitGeneralisedPareto([0, 0])).toBeNull();
    expect(() => fitGeneralisedPareto([1, -0.5])).toThrow('excess 1 is -0.5');
    expect(() => fitGeneralisedPareto([Number.NaN])).toThrow('excess 0 is NaN');
    expect(() => tailQuantile(fitGeneralisedPareto([1, 2])!, 0)).toThrow('probability is 0');
  });
});
