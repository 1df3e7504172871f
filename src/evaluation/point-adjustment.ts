import { confusionOf, type PointMetrics, pointMetrics } from './point-metrics.ts';
import { flaggedRows, segmentsOf } from './segments.ts';

/**
 * Point metrics after PA%K (Kim et al., AAAI 2022): every true segment of which more than `percent` % (strictly) is
 * flagged counts as flagged whole. 0 is the classic point adjustment, 100 none. A random score excels under 0, so
 * show it only beside a random row.
 */
export function pointAdjustedMetrics(
  labels: Uint8Array,
  predictions: Uint8Array,
  percent: number,
): PointMetrics {
  const adjusted = predictions.slice();
  for (const segment of segmentsOf(labels)) {
    // Whole numbers on both sides keep the comparison exact: 0.29 * 100 is below 29.
    const suffices = 100 * flaggedRows(predictions, segment) > percent * (segment.end - segment.start);
    if (suffices) adjusted.fill(1, segment.start, segment.end);
  }
  return pointMetrics(confusionOf(labels, adjusted));
}

/** Area under PA%K F1 over K = 0, 1, .. 100 by the trapezoid rule, scaled to 0 .. 1 (Kim et al., AAAI 2022). */
export function pointAdjustedF1Area(labels: Uint8Array, predictions: Uint8Array): number {
  let sum = 0;
  for (let percent = 0; percent <= 100; percent++) {
    const weight = percent === 0 || percent === 100 ? 0.5 : 1;
    sum += weight * pointAdjustedMetrics(labels, predictions, percent).f1;
  }
  return sum / 100;
}
