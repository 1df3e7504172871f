import { describe, expect, it } from 'vitest';
import { affiliation } from '../../src/evaluation/affiliation.ts';
import type { Segment } from '../../src/evaluation/segments.ts';
import { binaryCases, rangeVectors } from './range-vectors.ts';
import { flagsOf } from './shared-vectors.ts';

describe('affiliation', () => {
  it('leaves a silent zone out of precision and counts it as 0 in recall', () => {
    const result = affiliation(flagsOf('.##...##.'), flagsOf('.##......'));
    expect(result.individualPrecision).toEqual([1, null]);
    expect(result.individualRecall).toEqual([1, 0]);
    expect(result.precision).toBe(1);
    expect(result.recall).toBe(0.5);
  });

  it('is 0, never NaN, without events or predictions', () => {
    expect(affiliation(flagsOf('....'), flagsOf('.#..'))).toMatchObject({ precision: 0, recall: 0, f1: 0 });
    expect(affiliation(flagsOf('.#..'), flagsOf('....'))).toMatchObject({ precision: 0, recall: 0, f1: 0 });
  });

  it('agrees with sums over fine samples', () => {
    const labels = flagsOf('..##.......###....#.');
    const predictions = flagsOf('#..#..#.#....#..#..#');
    const [precision, recall] = sampledZone(
      labels,
      predictions,
      { start: 7.5, end: 16 },
      { start: 11, end: 14 },
    );
    const result = affiliation(labels, predictions);
    expect(result.individualPrecision[1]).toBeCloseTo(precision, 2);
    expect(result.individualRecall[1]).toBeCloseTo(recall, 2);
  });

  it.skipIf(rangeVectors === undefined)('gives the 60-row vectors', () => {
    for (const { name, labels, predictions, expected } of binaryCases) {
      const result = affiliation(labels, predictions);
      expect(result.precision, name).toBeCloseTo(expected.affiliation_precision, 12);
      expect(result.recall, name).toBeCloseTo(expected.affiliation_recall, 12);
      expect(result.f1, name).toBeCloseTo(expected.affiliation_F, 12);
      expected.affiliation_individual_precision.forEach((precision, i) => {
        if (precision === null) expect(result.individualPrecision[i], name).toBeNull();
        else expect(result.individualPrecision[i], name).toBeCloseTo(precision, 12);
      });
      expected.affiliation_individual_recall.forEach((recall, i) => {
        expect(result.individualRecall[i], name).toBeCloseTo(recall, 12);
      });
    }
  });
});

/** Precision and recall of one event's zone from 100 points a row, straight from the definition. */
function sampledZone(labels: Uint8Array, predictions: Uint8Array, zone: Segment, event: Segment): number[] {
  const points: number[] = [];
  for (let i = 0; i < (zone.end - zone.start) * 100; i++) points.push(zone.start + (i + 0.5) / 100);
  const predicted = points.filter((x) => predictions[Math.floor(x)] === 1);
  const inEvent = points.filter((y) => labels[Math.floor(y)] === 1);
  const toEvent = (x: number) => Math.max(event.start - x, x - event.end, 0);
  const share = (test: (x: number) => boolean) => points.filter(test).length / points.length;
  const precisions = predicted.map((x) => (toEvent(x) === 0 ? 1 : share((z) => toEvent(z) > toEvent(x))));
  const recalls = inEvent.map((y) => {
    if (predictions[Math.floor(y)] === 1) return 1;
    const nearest = Math.min(...predicted.map((x) => Math.abs(x - y)));
    return share((z) => Math.abs(z - y) > nearest);
  });
  return [precisions, recalls].map((values) => values.reduce((sum, value) => sum + value, 0) / values.length);
}
