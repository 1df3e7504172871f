import { type Segment, segmentsOf } from './segments.ts';

/** Volumes under the ROC and the precision-recall surface, from 0 to 1. */
export interface VolumeUnderSurface {
  readonly roc: number;
  readonly pr: number;
}

const THRESHOLDS = 250;

/**
 * VUS-ROC and VUS-PR (Paparrizos et al., VLDB 2022) in TSB-AD's `opt` form: range-AUC with soft label edges, averaged
 * over the windows 0 .. `maxWindow` (L, in rows; always state it). Both are NaN when no row is anomalous.
 *
 * Upstream masks labels once per threshold and window. Here a row is known by the first threshold that flags it, so
 * one pass per window and a running sum give the same numbers in O(L (n + 250)).
 */
export function volumeUnderSurface(
  labels: Uint8Array,
  scores: Float64Array,
  maxWindow: number,
): VolumeUnderSurface {
  const events = segmentsOf(labels);
  if (events.length === 0) return { roc: Number.NaN, pr: Number.NaN };
  const ranks = thresholdRanks(scores);
  const predicted = new Float64Array(THRESHOLDS);
  for (const rank of ranks) predicted[rank]++;
  accumulate(predicted);
  let roc = 0;
  let pr = 0;
  for (let window = 0; window <= maxWindow; window++) {
    const area = rangeArea(labels, events, ranks, predicted, window);
    roc += area.roc;
    pr += area.pr;
  }
  return { roc: roc / (maxWindow + 1), pr: pr / (maxWindow + 1) };
}

function rangeArea(
  labels: Uint8Array,
  events: readonly Segment[],
  ranks: Uint8Array,
  predicted: Float64Array,
  window: number,
): VolumeUnderSurface {
  const soft = softLabels(labels, events, window);
  const hits = new Float64Array(THRESHOLDS);
  const edgeHits = new Float64Array(THRESHOLDS);
  let positives = 0;
  for (let row = 0; row < soft.length; row++) {
    hits[ranks[row]] += soft[row];
    if (labels[row] === 1) positives++;
    else edgeHits[ranks[row]] += soft[row];
  }
  accumulate(hits);
  accumulate(edgeHits);
  const found = existenceRatios(events, ranks, window);

  let roc = 0;
  let pr = 0;
  let lastRecall = 0;
  let lastFalseRate = 0;
  for (let k = 0; k < THRESHOLDS; k++) {
    const mass = positives + edgeHits[k] / 2;
    const recall = Math.min(hits[k] / mass, 1) * found[k];
    const falseRate = (predicted[k] - hits[k]) / (labels.length - mass);
    roc += ((falseRate - lastFalseRate) * (recall + lastRecall)) / 2;
    pr += (recall - lastRecall) * (hits[k] / predicted[k]);
    lastRecall = recall;
    lastFalseRate = falseRate;
  }
  roc += ((1 - lastFalseRate) * (1 + lastRecall)) / 2;
  return { roc, pr };
}

/** The first of the 250 thresholds, highest first, that a row's score reaches. */
function thresholdRanks(scores: Float64Array): Uint8Array {
  const ascending = scores.slice().sort();
  const last = scores.length - 1;
  const thresholds = Float64Array.from(
    { length: THRESHOLDS },
    (_, k) => ascending[last - Math.floor((last * k) / (THRESHOLDS - 1))],
  );
  return Uint8Array.from(scores, (score) => {
    let low = 0;
    let high = THRESHOLDS - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (score >= thresholds[middle]) high = middle;
      else low = middle + 1;
    }
    return low;
  });
}

/** 1 in the events, sqrt(1 - d / window) at distance d up to half the window, overlaps added and capped at 1. */
function softLabels(labels: Uint8Array, events: readonly Segment[], window: number): Float64Array {
  const soft = Float64Array.from(labels);
  for (const { start, end } of events) {
    for (let distance = 1; distance <= window >> 1; distance++) {
      const weight = Math.sqrt(1 - distance / window);
      const before = start - distance;
      const after = end - 1 + distance;
      if (before >= 0) soft[before] = Math.min(1, soft[before] + weight);
      if (after < soft.length) soft[after] = Math.min(1, soft[after] + weight);
    }
  }
  return soft;
}

/** Per threshold the share of the extended, merged events with a flagged row. */
function existenceRatios(events: readonly Segment[], ranks: Uint8Array, window: number): Float64Array {
  const half = window >> 1;
  const found = new Float64Array(THRESHOLDS);
  let merged = 0;
  let lowest = THRESHOLDS - 1;
  for (let i = 0; i < events.length; i++) {
    const from = Math.max(events[i].start - half, 0);
    const to = Math.min(events[i].end + half, ranks.length);
    for (let row = from; row < to; row++) lowest = Math.min(lowest, ranks[row]);
    const joinsNext = i + 1 < events.length && events[i].end - 1 + half >= events[i + 1].start - half;
    if (joinsNext) continue;
    found[lowest]++;
    merged++;
    lowest = THRESHOLDS - 1;
  }
  accumulate(found);
  return found.map((count) => count / merged);
}

function accumulate(values: Float64Array): void {
  for (let k = 1; k < values.length; k++) values[k] += values[k - 1];
}
