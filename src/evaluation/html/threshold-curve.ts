import type { StreamTrace } from '../trace.ts';

/** What flagging every row whose score reaches `threshold` would give; both rates are from 0 to 1. */
export interface OperatingPoint {
  readonly threshold: number;
  readonly f1: number;
  readonly falseAlarmRate: number;
}

export interface ThresholdCurve {
  /** By falling threshold, so by rising false alarm rate. */
  readonly points: readonly OperatingPoint[];
  /** At threshold 1. */
  readonly shipped: OperatingPoint;
}

const steps = 200;

/**
 * F1 and false alarm rate over all thresholds, rows of all labelled traces counted together from their first test row
 * on; rows of unknown score are never flagged. `undefined` unless both labelled and normal rows are there.
 */
export function thresholdCurve(traces: readonly StreamTrace[]): ThresholdCurve | undefined {
  const { faulty, normal } = scoresByLabel(traces);
  if (faulty.length === 0 || normal.length === 0) return undefined;
  const pointAt = (threshold: number): OperatingPoint => {
    const hits = countFrom(faulty, threshold);
    const falseAlarms = countFrom(normal, threshold);
    return {
      threshold,
      f1: (2 * hits) / (hits + falseAlarms + faulty.length),
      falseAlarmRate: falseAlarms / normal.length,
    };
  };
  const thresholds = new Set([1]);
  for (let step = 0; step <= steps; step++) {
    // Squared, for the axis of the chart is a square root: low false alarm rates are what matters.
    thresholds.add(quantileFromTop(normal, (step / steps) ** 2));
    thresholds.add(quantileFromTop(faulty, step / steps));
  }
  const ordered = [...thresholds].filter(Number.isFinite).sort((a, b) => b - a);
  return { points: ordered.map(pointAt), shipped: pointAt(1) };
}

/** Scores in rising order; what is unknown is below every threshold. */
function scoresByLabel(traces: readonly StreamTrace[]): { faulty: Float64Array; normal: Float64Array } {
  const faulty: number[] = [];
  const normal: number[] = [];
  for (const { labels, score, firstTestRow } of traces) {
    if (labels === null) continue;
    for (let row = firstTestRow; row < score.length; row++) {
      const value = Number.isNaN(score[row]) ? Number.NEGATIVE_INFINITY : score[row];
      (labels[row] === 1 ? faulty : normal).push(value);
    }
  }
  return { faulty: Float64Array.from(faulty).sort(), normal: Float64Array.from(normal).sort() };
}

function quantileFromTop(ascending: Float64Array, share: number): number {
  return ascending[ascending.length - 1 - Math.round(share * (ascending.length - 1))];
}

/** How many of the values are `threshold` or more. */
function countFrom(ascending: Float64Array, threshold: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] >= threshold) high = middle;
    else low = middle + 1;
  }
  return ascending.length - low;
}
