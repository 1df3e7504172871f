import { harmonicMean, type Segment, segmentsOf } from './segments.ts';

/** All from 0 to 1; `individual` holds one entry per true event. */
export interface Affiliation {
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  /** Null where nothing is predicted in the event's zone; such zones do not enter `precision`. */
  readonly individualPrecision: readonly (number | null)[];
  readonly individualRecall: readonly number[];
}

/**
 * Affiliation precision and recall (Huet, Navarro and Rossi, KDD 2022): each true event owns the zone up to the
 * midpoints of the gaps around it, and predictions are compared there with a uniformly random point. Events are
 * intervals [first, last + 1) on [0, n]; the integrals are exact. 0 where undefined.
 */
export function affiliation(labels: Uint8Array, predictions: Uint8Array): Affiliation {
  const events = segmentsOf(labels);
  const predicted = segmentsOf(predictions);
  const individualPrecision: (number | null)[] = [];
  const individualRecall: number[] = [];
  for (let i = 0; i < events.length; i++) {
    const event = events[i];
    const zone = {
      start: i === 0 ? 0 : (events[i - 1].end + event.start) / 2,
      end: i === events.length - 1 ? labels.length : (event.end + events[i + 1].start) / 2,
    };
    const inZone = cut(predicted, zone);
    individualPrecision.push(inZone.length === 0 ? null : zonePrecision(event, zone, inZone));
    individualRecall.push(inZone.length === 0 ? 0 : zoneRecall(event, zone, inZone));
  }
  const precision = mean(individualPrecision.filter((value) => value !== null));
  const recall = mean(individualRecall);
  return { precision, recall, f1: harmonicMean(precision, recall), individualPrecision, individualRecall };
}

function cut(segments: readonly Segment[], zone: Segment): Segment[] {
  const pieces: Segment[] = [];
  for (const segment of segments) {
    const start = Math.max(segment.start, zone.start);
    const end = Math.min(segment.end, zone.end);
    if (start < end) pieces.push({ start, end });
  }
  return pieces;
}

/** Mean over the predicted points x of P(dist(X, event) > dist(x, event)), which is 1 inside the event. */
function zonePrecision(event: Segment, zone: Segment, predicted: readonly Segment[]): number {
  let length = 0;
  let sum = 0;
  for (const { start, end } of predicted) {
    length += end - start;
    sum += Math.max(0, Math.min(end, event.end) - Math.max(start, event.start));
    const survival = (distance: number) => survivalIntegral(event, zone, Math.max(0, distance));
    sum += survival(event.start - start) - survival(event.start - end);
    sum += survival(end - event.end) - survival(start - event.end);
  }
  return sum / length;
}

/** Integral over d = 0 .. distance of the zone's share farther than d from the event. */
function survivalIntegral(event: Segment, zone: Segment, distance: number): number {
  const near =
    (event.end - event.start) * distance +
    cappedIntegral(distance, event.start - zone.start) +
    cappedIntegral(distance, zone.end - event.end);
  return distance - near / (zone.end - zone.start);
}

/** Integral over u = 0 .. upTo of min(u, cap). */
function cappedIntegral(upTo: number, cap: number): number {
  return upTo <= cap ? upTo ** 2 / 2 : cap ** 2 / 2 + cap * (upTo - cap);
}

/**
 * Mean over the points y of the event of P(dist(X, y) > dist(predicted, y)). Linear in y between the breaks below,
 * so the value in the middle of each piece times its length is the exact integral.
 */
function zoneRecall(event: Segment, zone: Segment, predicted: readonly Segment[]): number {
  const breaks = [event.start, event.end];
  for (let i = 0; i < predicted.length; i++) {
    const { start, end } = predicted[i];
    breaks.push(start, end, (zone.start + start) / 2, (zone.end + end) / 2);
    if (i > 0) breaks.push((predicted[i - 1].end + start) / 2);
  }
  const inside = breaks.filter((y) => y >= event.start && y <= event.end).sort((a, b) => a - b);
  let sum = 0;
  let next = 0;
  for (let i = 1; i < inside.length; i++) {
    const y = (inside[i - 1] + inside[i]) / 2;
    while (next < predicted.length && predicted[next].end < y) next++;
    const after = next < predicted.length ? Math.max(0, predicted[next].start - y) : Number.POSITIVE_INFINITY;
    const before = next > 0 ? y - predicted[next - 1].end : Number.POSITIVE_INFINITY;
    const distance = Math.min(after, before);
    const near = Math.min(zone.end, y + distance) - Math.max(zone.start, y - distance);
    sum += (inside[i] - inside[i - 1]) * (1 - near / (zone.end - zone.start));
  }
  return sum / (event.end - event.start);
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
