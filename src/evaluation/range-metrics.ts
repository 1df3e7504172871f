import { flaggedRows, harmonicMean, type Segment, segmentsOf } from './segments.ts';

/** All from 0 to 1. */
export interface RangeMetrics {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Mean over the true ranges: 1 where any row is flagged. */
  readonly existence: number;
  /** Mean over the true ranges: flagged share times cardinality factor. */
  readonly overlap: number;
}

const EXISTENCE_WEIGHT = 0.2;

/**
 * Range-based precision and recall (Tatbul et al., NeurIPS 2018) with TSB-AD's settings: flat bias, cardinality
 * 1 / (ranges that touch), existence weighs 0.2 in recall and 0 in precision. As upstream, an array of ones only is
 * read as having no range, so flagging every row earns a recall of 0.2 and a precision of 0.
 */
export function rangeMetrics(labels: Uint8Array, predictions: Uint8Array): RangeMetrics {
  const trueRanges = rangesOf(labels);
  const predictedRanges = rangesOf(predictions);
  const existence = mean(trueRanges, (range) => (flaggedRows(predictions, range) > 0 ? 1 : 0));
  const overlap = meanOverlap(trueRanges, predictedRanges, predictions);
  const precision = meanOverlap(predictedRanges, trueRanges, labels);
  const recall = EXISTENCE_WEIGHT * existence + (1 - EXISTENCE_WEIGHT) * overlap;
  return { precision, recall, f1: harmonicMean(precision, recall), existence, overlap };
}

function rangesOf(flags: Uint8Array): Segment[] {
  const segments = segmentsOf(flags);
  const coversAll = segments.length === 1 && segments[0].end - segments[0].start === flags.length;
  return coversAll ? [] : segments;
}

function meanOverlap(ranges: readonly Segment[], others: readonly Segment[], otherFlags: Uint8Array): number {
  let firstOther = 0;
  return mean(ranges, (range) => {
    // Both lists are in order, so what ends before this range ends before all later ones.
    while (firstOther < others.length && others[firstOther].end <= range.start) firstOther++;
    let touching = 0;
    while (firstOther + touching < others.length && others[firstOther + touching].start < range.end)
      touching++;
    if (touching === 0) return 0;
    return flaggedRows(otherFlags, range) / (range.end - range.start) / touching;
  });
}

function mean(ranges: readonly Segment[], measure: (range: Segment) => number): number {
  if (ranges.length === 0) return 0;
  let sum = 0;
  for (const range of ranges) sum += measure(range);
  return sum / ranges.length;
}
