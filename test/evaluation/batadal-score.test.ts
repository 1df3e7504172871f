import { describe, expect, it } from 'vitest';
import { scoreBatadal } from '../../src/evaluation/batadal-score.ts';

// Two attacks: rows 2..5, and rows 8..9 at the end of the series.
const labels = Uint8Array.of(0, 0, 1, 1, 1, 1, 0, 0, 1, 1);

describe('scoreBatadal', () => {
  it('counts how late each attack is seen, and rows', () => {
    const flags = Uint8Array.of(1, 0, 0, 1, 0, 1, 0, 0, 0, 0);
    const result = scoreBatadal(labels, flags);
    // The first attack is seen after 1 of 4 rows, the second never.
    expect(result.timeToDetection).toBeCloseTo(1 - (1 / 4 + 1) / 2, 12);
    expect(result.truePositiveRate).toBeCloseTo(2 / 6, 12);
    expect(result.trueNegativeRate).toBeCloseTo(3 / 4, 12);
    expect(result.classification).toBeCloseTo((2 / 6 + 3 / 4) / 2, 12);
    expect(result.score).toBeCloseTo((result.timeToDetection + result.classification) / 2, 12);
    expect(result).toMatchObject({ attacks: 2, detectedAttacks: 1 });
  });

  it('gives .75 to a detector that always shouts, .25 to a silent one and 1 to a perfect one', () => {
    expect(scoreBatadal(labels, new Uint8Array(10).fill(1)).score).toBe(0.75);
    expect(scoreBatadal(labels, new Uint8Array(10)).score).toBe(0.25);
    expect(scoreBatadal(labels, labels).score).toBe(1);
  });

  it('counts a flag just after an attack as a false alarm, not as a late detection', () => {
    const result = scoreBatadal(labels, Uint8Array.of(0, 0, 0, 0, 0, 0, 1, 0, 0, 0));
    expect(result).toMatchObject({ timeToDetection: 0, detectedAttacks: 0, trueNegativeRate: 0.75 });
  });

  it('refuses labels for which the score is not defined', () => {
    expect(() => scoreBatadal(labels, new Uint8Array(9))).toThrow('10 labels for 9 flags');
    expect(() => scoreBatadal(new Uint8Array(3), new Uint8Array(3))).toThrow('without an attack');
    expect(() => scoreBatadal(new Uint8Array(3).fill(1), new Uint8Array(3))).toThrow('without an attack');
  });
});
