import { confusionOf, pointMetrics } from './point-metrics.ts';
import { flaggedRows, segmentsOf } from './segments.ts';

/** All from 0 to 1. */
export interface EventMetrics {
  /** Share of the true events with at least one flagged row. */
  readonly recall: number;
  /** Point precision. */
  readonly precision: number;
  readonly f1: number;
}

/** From the first row of a true event to its first flagged row. */
export interface DetectionDelay {
  readonly rows: number;
  readonly ms: number;
}

const DAY_MS = 86_400_000;

/**
 * Event recall against point precision, as TSB-AD's "event-based F1" has it: 1e-15 in the denominator, and an event
 * that reaches the end of the series loses its last row.
 */
export function eventMetrics(labels: Uint8Array, predictions: Uint8Array): EventMetrics {
  const events = segmentsOf(labels);
  let detected = 0;
  for (const { start, end } of events) {
    const upstreamEnd = end === labels.length ? end - 1 : end;
    if (flaggedRows(predictions, { start, end: upstreamEnd }) > 0) detected++;
  }
  const recall = events.length === 0 ? 0 : detected / events.length;
  const { precision } = pointMetrics(confusionOf(labels, predictions));
  return { recall, precision, f1: (2 * recall * precision) / (recall + precision + 1e-15) };
}

/**
 * Delay of each true event in order, null for an event without a flagged row: a miss is reported, never averaged in.
 * `times` are the rows' epoch milliseconds.
 */
export function detectionDelays(
  labels: Uint8Array,
  predictions: Uint8Array,
  times: Float64Array,
): (DetectionDelay | null)[] {
  return segmentsOf(labels).map(({ start, end }) => {
    const first = predictions.indexOf(1, start);
    if (first < 0 || first >= end) return null;
    return { rows: first - start, ms: times[first] - times[start] };
  });
}

/**
 * Predicted segments that overlap no true one, over the days of normal rows; `rowMs` is the time one row stands for.
 * NaN when no row is normal. Predictions are the daemon's alert state, so its hold and merge are in them already.
 */
export function falseAlarmEventsPerDay(labels: Uint8Array, predictions: Uint8Array, rowMs: number): number {
  const falseEvents = segmentsOf(predictions).filter((segment) => flaggedRows(labels, segment) === 0).length;
  const { falsePositives, trueNegatives } = confusionOf(labels, predictions);
  return falseEvents / (((falsePositives + trueNegatives) * rowMs) / DAY_MS);
}
