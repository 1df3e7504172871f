import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { averagePrecision } from '../../src/evaluation/point-metrics.ts';
import { type Segment, segmentsOf } from '../../src/evaluation/segments.ts';
import { volumeUnderSurface } from '../../src/evaluation/volume-under-surface.ts';
import { rangeVectors } from './range-vectors.ts';
import { flagsOf, flagsOfRuns, sharedFile } from './shared-vectors.ts';

const seriesFile = sharedFile('nab/data/realKnownCause/ec2_request_latency_system_failure.csv');
const windowsFile = sharedFile('nab/labels/combined_windows.json');

describe('volumeUnderSurface', () => {
  it('is NaN without an event and near 1 for a perfect score', () => {
    expect(volumeUnderSurface(flagsOf('....'), new Float64Array(4), 2).pr).toBeNaN();
    const labels = flagsOf(`${'.'.repeat(40)}####${'.'.repeat(40)}`);
    const { roc, pr } = volumeUnderSurface(labels, Float64Array.from(labels), 0);
    expect(roc).toBe(1);
    expect(pr).toBe(1);
  });

  it('agrees with the masking of labels per threshold, step by step', () => {
    const rows = fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 20 })), {
      minLength: 3,
      maxLength: 60,
    });
    fc.assert(
      fc.property(rows, fc.integer({ min: 0, max: 9 }), (series, window) => {
        const labels = Uint8Array.from(series, ([anomalous]) => Number(anomalous));
        fc.pre(labels.includes(1) && labels.includes(0));
        const scores = Float64Array.from(series, ([, score]) => score);
        const { roc, pr } = volumeUnderSurface(labels, scores, window);
        const areas = Array.from({ length: window + 1 }, (_, l) => literalArea(labels, scores, l, window));
        expect(roc).toBeCloseTo(areas.reduce((sum, area) => sum + area[0], 0) / areas.length, 9);
        expect(pr).toBeCloseTo(areas.reduce((sum, area) => sum + area[1], 0) / areas.length, 9);
      }),
      { numRuns: 100 },
    );
  });

  it.skipIf(rangeVectors === undefined)('gives the scored vector for L = 0, 4, 10 and 20', () => {
    const { scores, label_runs: runs, expected } = rangeVectors!.score_case;
    const labels = flagsOfRuns(scores.length, runs);
    for (const { window, VUS_ROC: roc, VUS_PR: pr } of Object.values(expected)) {
      const volume = volumeUnderSurface(labels, Float64Array.from(scores), window);
      expect(volume.roc, `L ${window}`).toBeCloseTo(roc, 12);
      expect(volume.pr, `L ${window}`).toBeCloseTo(pr, 12);
    }
  });

  it.skipIf(!rangeVectors || !seriesFile || !windowsFile)('gives TSB-AD series 001 scored by |z|', () => {
    const { n, anomalies, expected } = rangeVectors!.tsb_001_NAB_zscore;
    const lines = readFileSync(seriesFile!, 'utf8').trim().split('\n').slice(-n);
    const windows: [string, string][] = JSON.parse(readFileSync(windowsFile!, 'utf8'))[
      'realKnownCause/ec2_request_latency_system_failure.csv'
    ];
    const rows = lines.map((line) => line.trim().split(','));
    // TSB-AD leaves out NAB's first row and the first row of every window.
    const labels = Uint8Array.from(rows, ([at]) =>
      windows.some(([first, last]) => first.slice(0, 19) < at && at <= last.slice(0, 19)) ? 1 : 0,
    );
    expect(labels.reduce((sum, label) => sum + label, 0)).toBe(anomalies);
    const values = rows.map((row) => Number(row[1]));
    const train = values.slice(0, 1007);
    const mean = train.reduce((sum, value) => sum + value, 0) / train.length;
    const deviation = Math.sqrt(train.reduce((sum, value) => sum + (value - mean) ** 2, 0) / train.length);
    const scores = Float64Array.from(values, (value) => Math.abs(value - mean) / deviation);
    expect(averagePrecision(labels, scores)).toBeCloseTo(expected.AUC_PR, 9);
    const volume = volumeUnderSurface(labels, scores, expected.window);
    expect(volume.roc).toBeCloseTo(expected.VUS_ROC, 9);
    expect(volume.pr).toBeCloseTo(expected.VUS_PR, 9);
  });
});

/** Range-AUC of ROC and PR for one window, as the formula is written: labels masked anew at each of 250 thresholds. */
function literalArea(
  labels: Uint8Array,
  scores: Float64Array,
  window: number,
  maxWindow: number,
): [number, number] {
  const n = labels.length;
  const events = segmentsOf(labels);
  const soft = Float64Array.from(labels);
  for (const { start, end } of events) {
    for (let d = 1; d <= Math.floor(window / 2); d++) {
      if (end - 1 + d < n) soft[end - 1 + d] += Math.sqrt(1 - d / window);
      if (start - d >= 0) soft[start - d] += Math.sqrt(1 - d / window);
    }
  }
  const capped = soft.map((value) => Math.min(1, value));
  const near = extendedEvents(labels, Math.floor(window / 2));
  const counted = new Uint8Array(n);
  for (const { start, end } of extendedEvents(labels, Math.floor(maxWindow / 2))) counted.fill(1, start, end);
  const descending = scores.slice().sort().reverse();
  const points: [number, number, number][] = [[0, 0, 1]];
  for (let k = 0; k < 250; k++) {
    const threshold = descending[Math.floor(((n - 1) * k) / 249)];
    const flagged = Float64Array.from(scores, (score) => Number(score >= threshold));
    const found = near.filter(({ start, end }) => flagged.slice(start, end).includes(1)).length;
    const masked = capped.map((value, row) => (labels[row] === 1 ? 1 : value * flagged[row]));
    const hits = masked.reduce((sum, value, row) => sum + value * flagged[row] * counted[row], 0);
    const mass = masked.reduce((sum, value, row) => sum + value * counted[row], 0);
    const positives = (labels.reduce((sum, label) => sum + label, 0) + mass) / 2;
    const predicted = flagged.reduce((sum, value) => sum + value, 0);
    const recall = Math.min(hits / positives, 1) * (found / near.length);
    points.push([recall, (predicted - hits) / (n - positives), hits / predicted]);
  }
  let roc = 0;
  let pr = 0;
  for (let k = 1; k < points.length; k++) {
    roc += ((points[k][1] - points[k - 1][1]) * (points[k][0] + points[k - 1][0])) / 2;
    pr += (points[k][0] - points[k - 1][0]) * points[k][2];
  }
  const [recall, falseRate] = points[250];
  return [roc + ((1 - falseRate) * (1 + recall)) / 2, pr];
}

/** The events grown by `half` rows on both sides; two are joined when they share a row, not when they only touch. */
function extendedEvents(labels: Uint8Array, half: number): Segment[] {
  const grown: Segment[] = [];
  for (const event of segmentsOf(labels)) {
    const start = Math.max(0, event.start - half);
    const end = Math.min(labels.length, event.end + half);
    const before = grown.at(-1);
    if (before !== undefined && before.end > start) grown.splice(-1, 1, { start: before.start, end });
    else grown.push({ start, end });
  }
  return grown;
}
