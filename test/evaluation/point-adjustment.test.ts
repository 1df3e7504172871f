import { describe, expect, it } from 'vitest';
import { pointAdjustedF1Area, pointAdjustedMetrics } from '../../src/evaluation/point-adjustment.ts';
import { binaryCases, rangeVectors } from './range-vectors.ts';
import { flagsOf } from './shared-vectors.ts';

describe('pointAdjustedMetrics', () => {
  it('adjusts only above K percent, strictly', () => {
    const labels = flagsOf('..####..');
    const half = flagsOf('..##....');
    expect(pointAdjustedMetrics(labels, half, 49).recall).toBe(1);
    expect(pointAdjustedMetrics(labels, half, 50).recall).toBe(0.5);
  });

  it('compares exactly where the share is not a binary fraction', () => {
    const labels = new Uint8Array(100).fill(1);
    const predictions = new Uint8Array(100).fill(1, 0, 29);
    expect(pointAdjustedMetrics(labels, predictions, 29).recall).toBe(0.29);
  });

  it.skipIf(rangeVectors === undefined)('gives PA and PA%K of the 60-row vectors', () => {
    for (const { name, labels, predictions, expected } of binaryCases) {
      const adjusted = pointAdjustedMetrics(labels, predictions, 0);
      expect(adjusted.f1, name).toBeCloseTo(expected.PA_F1, 12);
      expect(adjusted.precision, name).toBeCloseTo(expected.PA_precision, 12);
      expect(adjusted.recall, name).toBeCloseTo(expected.PA_recall, 12);
      for (const [percent, f1] of Object.entries(expected.PAK)) {
        expect(pointAdjustedMetrics(labels, predictions, Number(percent)).f1, name).toBeCloseTo(f1, 12);
      }
    }
  });
});

describe('pointAdjustedF1Area', () => {
  it('lies between no adjustment and full adjustment', () => {
    const labels = flagsOf('..####..');
    // F1 is 1 for K below 50 and 2/3 from there: 49.5 steps at 1, 50.5 at 2/3.
    expect(pointAdjustedF1Area(labels, flagsOf('..##....'))).toBeCloseTo((49.5 + (50.5 * 2) / 3) / 100, 12);
    expect(pointAdjustedF1Area(labels, labels)).toBe(1);
  });
});
