import { describe, expect, it } from 'vitest';
import {
  averagePrecision,
  confusionOf,
  pointMetrics,
  sumConfusions,
} from '../../src/evaluation/point-metrics.ts';
import { binaryCases, rangeVectors } from './range-vectors.ts';
import { flagsOf, flagsOfRuns, sharedVectors } from './shared-vectors.ts';
import { skabDetectors } from './skab-vectors.ts';

interface RandomBaseline {
  readonly points: number;
  readonly anom: number;
  readonly all_ones_F1: number;
}

describe('pointMetrics', () => {
  it('counts rows and takes 0 where a rate is undefined', () => {
    expect(confusionOf(flagsOf('.##.'), flagsOf('##..'))).toEqual({
      truePositives: 1,
      falsePositives: 1,
      falseNegatives: 1,
      trueNegatives: 1,
    });
    expect(pointMetrics(confusionOf(flagsOf('...'), flagsOf('...')))).toEqual({
      precision: 0,
      recall: 0,
      f1: 0,
      falseAlarmRate: 0,
      missedAlarmRate: 0,
    });
  });

  it.skipIf(rangeVectors === undefined)('gives the 60-row vectors', () => {
    for (const { name, labels, predictions, expected } of binaryCases) {
      const metrics = pointMetrics(confusionOf(labels, predictions));
      expect(metrics.precision, name).toBeCloseTo(expected.precision, 12);
      expect(metrics.recall, name).toBeCloseTo(expected.recall, 12);
      expect(metrics.f1, name).toBeCloseTo(expected.F1, 12);
    }
  });

  it.skipIf(skabDetectors === undefined)(
    'gives the SKAB counts per file and the summed F1, FAR and MAR',
    () => {
      for (const [name, detector] of Object.entries(skabDetectors!)) {
        const confusions = Object.entries(detector.per_file).map(([file, counts]) => {
          const labels = flagsOfRuns(counts.n, skabDetectors!.perfect.flagged_runs_in_test_index[file]);
          const predictions = flagsOfRuns(counts.n, detector.flagged_runs_in_test_index[file]);
          const confusion = confusionOf(labels, predictions);
          expect(confusion, `${name} ${file}`).toEqual({
            truePositives: counts.TP,
            falsePositives: counts.FP,
            falseNegatives: counts.FN,
            trueNegatives: counts.TN,
          });
          return confusion;
        });
        const metrics = pointMetrics(sumConfusions(confusions));
        const { outlier } = detector.expected;
        expect(metrics.f1.toFixed(2), name).toBe(outlier.F1.toFixed(2));
        expect((100 * metrics.falseAlarmRate).toFixed(2), name).toBe(outlier.FAR_pct.toFixed(2));
        expect((100 * metrics.missedAlarmRate).toFixed(2), name).toBe(outlier.MAR_pct.toFixed(2));
      }
    },
  );

  const baselines = sharedVectors<Record<string, RandomBaseline>>('random_score_point_adjust');
  it.skipIf(baselines === undefined)('gives the F1 of flagging every row of SMAP, MSL and SMD', () => {
    for (const [name, { points, anom, all_ones_F1: expected }] of Object.entries(baselines!)) {
      const everyRow = new Uint8Array(points).fill(1);
      const labels = flagsOfRuns(points, [[0, anom - 1]]);
      expect(pointMetrics(confusionOf(labels, everyRow)).f1, name).toBeCloseTo(expected, 3);
    }
  });
});

describe('averagePrecision', () => {
  it('is 1 for a perfect ranking, the base rate for equal scores, NaN without an anomaly', () => {
    expect(averagePrecision(flagsOf('..##'), Float64Array.of(1, 2, 3, 4))).toBe(1);
    expect(averagePrecision(flagsOf('..#.'), new Float64Array(4))).toBe(0.25);
    expect(averagePrecision(flagsOf('....'), new Float64Array(4))).toBeNaN();
  });

  it.skipIf(rangeVectors === undefined)('gives AUC_PR of the scored vector', () => {
    const { scores, label_runs: runs, expected } = rangeVectors!.score_case;
    const labels = flagsOfRuns(scores.length, runs);
    expect(averagePrecision(labels, Float64Array.from(scores))).toBeCloseTo(expected.window_0.AUC_PR, 12);
  });
});
