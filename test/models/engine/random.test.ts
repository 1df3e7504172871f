import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/models/random.ts';

const draw = (count: number, next: () => number): number[] => Array.from({ length: count }, next);
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe('createRandom', () => {
  it('repeats itself for a seed and not for another', () => {
    const sequence = (seed: number): number[] => draw(10, createRandom(seed).uniform);
    expect(sequence(7)).toEqual(sequence(7));
    expect(sequence(7)).not.toEqual(sequence(8));
  });

  it('keeps its sequence for ever: models are made again from their seed', () => {
    const { uniform } = createRandom(1);
    expect(draw(3, uniform).map((value) => value.toFixed(8))).toMatchInlineSnapshot(`
      [
        "0.56860600",
        "0.75392885",
        "0.88939394",
      ]
    `);
  });

  it('is uniform and normal as it says', () => {
    const random = createRandom(3);
    const uniform = draw(20_000, random.uniform);
    expect(Math.min(...uniform)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...uniform)).toBeLessThan(1);
    expect(mean(uniform)).toBeCloseTo(0.5, 1);
    const normal = draw(20_000, random.gaussian);
    expect(Math.abs(mean(normal))).toBeLessThan(0.03);
    expect(mean(normal.map((value) => value ** 2))).toBeCloseTo(1, 1);
    expect(mean(normal.map((value) => value ** 4))).toBeGreaterThan(2.7);
    expect(mean(normal.map((value) => value ** 4))).toBeLessThan(3.3);
  });

  it('shuffles without loss, each place as likely as any', () => {
    const random = createRandom(4);
    const firsts = new Map<number, number>();
    for (let trial = 0; trial < 4000; trial++) {
      const items = [0, 1, 2, 3];
      random.shuffle(items);
      expect(items.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
      firsts.set(items[0], (firsts.get(items[0]) ?? 0) + 1);
    }
    for (const count of firsts.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
  });

  it('draws integers below the bound', () => {
    const random = createRandom(5);
    expect(new Set(draw(500, () => random.integer(5)))).toEqual(new Set([0, 1, 2, 3, 4]));
  });
});
