import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { thresholdCurve } from '../../../src/evaluation/html/threshold-curve.ts';
import { confusionOf, pointMetrics } from '../../../src/evaluation/point-metrics.ts';
import type { StreamTrace } from '../../../src/evaluation/trace.ts';
import { syntheticTrace } from './synthetic-report.ts';

function traceOf(score: number[], labels: number[], firstTestRow = 0): StreamTrace {
  const plain = syntheticTrace({ name: 't', rows: score.length, channels: [], firstTestRow, events: [] });
  return { ...plain, score: Float32Array.from(score), labels: Uint8Array.from(labels) };
}

describe('thresholdCurve', () => {
  it('gives at every threshold what the scorer gives for the rows that reach it', () => {
    const row = fc.tuple(
      fc.oneof(fc.float({ min: 0, max: 3, noNaN: true }), fc.constantFrom(1, Number.NaN)),
      fc.integer({ min: 0, max: 1 }),
    );
    fc.assert(
      fc.property(fc.array(row, { minLength: 2, maxLength: 60 }), (rows) => {
        const score = rows.map(([value]) => value);
        const labels = Uint8Array.from(rows, ([, label]) => label);
        const curve = thresholdCurve([traceOf(score, [...labels])]);
        if (!labels.includes(1) || !labels.includes(0)) {
          expect(curve).toBeUndefined();
          return;
        }
        for (const { threshold, f1, falseAlarmRate } of [...curve!.points, curve!.shipped]) {
          const flags = Float32Array.from(score, (value) => (value >= threshold ? 1 : 0));
          const expected = pointMetrics(confusionOf(labels, Uint8Array.from(flags)));
          expect(f1).toBeCloseTo(expected.f1, 12);
          expect(falseAlarmRate).toBeCloseTo(expected.falseAlarmRate, 12);
        }
        expect(curve!.points.map(({ threshold }) => threshold)).toContain(1);
        expect(curve!.shipped.threshold).toBe(1);
      }),
    );
  });

  it('rises from the strictest threshold to the slackest and counts no row before the test', () => {
    const trace = traceOf([9, 9, 0.2, 0.5, 2, 3], [0, 0, 0, 0, 1, 1], 2);
    const { points, shipped } = thresholdCurve([trace, { ...trace, labels: null }])!;
    const rates = points.map(({ falseAlarmRate }) => falseAlarmRate);
    expect(rates).toEqual(rates.toSorted((a, b) => a - b));
    expect(rates.at(-1)).toBe(1);
    expect(shipped).toEqual({ threshold: 1, f1: 1, falseAlarmRate: 0 });
  });
});
