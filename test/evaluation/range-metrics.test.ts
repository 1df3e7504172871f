import { describe, expect, it } from 'vitest';
import { rangeMetrics } from '../../src/evaluation/range-metrics.ts';
import { binaryCases, rangeVectors } from './range-vectors.ts';
import { flagsOf } from './shared-vectors.ts';

describe('rangeMetrics', () => {
  it('divides the overlap by the number of ranges that touch', () => {
    const metrics = rangeMetrics(flagsOf('.####..'), flagsOf('.#.#..#'));
    expect(metrics.overlap).toBe(0.25);
    expect(metrics.recall).toBeCloseTo(0.2 + 0.8 * 0.25, 12);
    expect(metrics.precision).toBeCloseTo(2 / 3, 12);
  });

  it('reads ones only as no range, as upstream', () => {
    const metrics = rangeMetrics(flagsOf('.##.'), flagsOf('####'));
    expect(metrics.recall).toBe(0.2);
    expect(metrics.precision).toBe(0);
  });

  it.skipIf(rangeVectors === undefined)('gives the 60-row vectors', () => {
    for (const { name, labels, predictions, expected } of binaryCases) {
      const metrics = rangeMetrics(labels, predictions);
      expect(metrics.recall, name).toBeCloseTo(expected.range_recall_alpha02_flat, 12);
      expect(metrics.existence, name).toBeCloseTo(expected.range_existence, 12);
      expect(metrics.overlap, name).toBeCloseTo(expected.range_overlap, 12);
      expect(metrics.precision, name).toBeCloseTo(expected.range_precision_alpha0_flat, 12);
      expect(metrics.f1, name).toBeCloseTo(expected.RF1, 12);
    }
  });
});
