import type { Metrics } from './evaluation-report.ts';
import {
  type DetectionDelay,
  detectionDelays,
  eventMetrics,
  falseAlarmEventsPerDay,
} from './event-metrics.ts';
import { medianOf } from './median.ts';
import { definedMetrics, meanMetrics } from './metric-spread.ts';
import {
  averagePrecision,
  type Confusion,
  confusionOf,
  pointMetrics,
  sumConfusions,
} from './point-metrics.ts';
import type { JudgedStream, Protocol } from './protocol.ts';
import { harmonicMean, segmentsOf } from './segments.ts';
import { volumeUnderSurface } from './volume-under-surface.ts';

/** What the metrics of one stream are made of, so that several can be added up. */
export interface Tally {
  readonly stream: JudgedStream;
  readonly confusion: Confusion;
  readonly events: number;
  readonly detected: number;
  readonly falseEvents: number;
  readonly normalDays: number;
  /** Null for a missed event. */
  readonly delays: readonly (DetectionDelay | null)[];
  /** NaN without a faulty row. */
  readonly ap: number;
  readonly vusPr: number;
}

const dayMs = 86_400_000;

/** Counts one stream; VUS-PR with L = `vusWindow` rows. */
export function tallyOf(stream: JudgedStream, vusWindow: number): Tally {
  const { labels, flags, scores, at, rowMs } = stream;
  const confusion = confusionOf(labels, flags);
  const events = segmentsOf(labels).length;
  const normalDays = ((confusion.falsePositives + confusion.trueNegatives) * rowMs) / dayMs;
  return {
    stream,
    confusion,
    events,
    detected: Math.round(eventMetrics(labels, flags).recall * events),
    falseEvents: normalDays === 0 ? 0 : Math.round(falseAlarmEventsPerDay(labels, flags, rowMs) * normalDays),
    normalDays,
    delays: detectionDelays(labels, flags, at),
    ap: averagePrecision(labels, scores),
    vusPr: volumeUnderSurface(labels, scores, vusWindow).pr,
  };
}

/** Metrics of one file. */
export function fileMetrics(tally: Tally, protocol: Protocol): Metrics {
  const own = tally.stream.role === 'test' ? (protocol.ownFile?.(tally.stream) ?? {}) : {};
  return definedMetrics({ ...metricsOf([tally]), ...own });
}

/** Metrics of all files: those of role `test`, and how much of the streams of role `normal` is flagged. */
export function totalMetrics(tallies: readonly Tally[], protocol: Protocol): Metrics {
  const tests = tallies.filter(({ stream }) => stream.role === 'test');
  const normal = sumConfusions(
    tallies.filter(({ stream }) => stream.role === 'normal').map(({ confusion }) => confusion),
  );
  const pooled = metricsOf(tests);
  const means = meanMetrics(tests.map((tally) => definedMetrics(metricsOf([tally]))));
  const { delay_median, delay_median_s } = pooled;
  return definedMetrics({
    ...pooled,
    ...(protocol.average === 'files' ? { ...means, delay_median, delay_median_s } : {}),
    normal_far: (100 * normal.falsePositives) / (normal.falsePositives + normal.trueNegatives),
    ...protocol.ownTotal?.(tests.map(({ stream }) => stream)),
  });
}

/** Rows and events of all together; AP and VUS-PR are means over the streams with a fault. */
function metricsOf(tallies: readonly Tally[]): Metrics {
  const sum = (of: (tally: Tally) => number) => tallies.reduce((total, tally) => total + of(tally), 0);
  const confusion = sumConfusions(tallies.map((tally) => tally.confusion));
  const point = pointMetrics(confusion);
  const events = sum((tally) => tally.events);
  const recall = events === 0 ? Number.NaN : sum((tally) => tally.detected) / events;
  const faulty = confusion.truePositives + confusion.falseNegatives;
  const normal = confusion.falsePositives + confusion.trueNegatives;
  const delays = tallies.flatMap((tally) => tally.delays.filter((delay) => delay !== null));
  const scored = tallies.filter((tally) => tally.events > 0);
  const meanOf = (of: (tally: Tally) => number) =>
    scored.reduce((total, tally) => total + of(tally), 0) / scored.length;
  const median = (of: (delay: DetectionDelay) => number) => medianOf(delays.map(of)) ?? Number.NaN;
  return {
    f1: faulty === 0 ? Number.NaN : point.f1,
    precision: faulty === 0 ? Number.NaN : point.precision,
    recall: faulty === 0 ? Number.NaN : point.recall,
    far: normal === 0 ? Number.NaN : 100 * point.falseAlarmRate,
    mar: faulty === 0 ? Number.NaN : 100 * point.missedAlarmRate,
    vus_pr: meanOf((tally) => tally.vusPr),
    ap: meanOf((tally) => tally.ap),
    event_recall: recall,
    event_f1: events === 0 ? Number.NaN : harmonicMean(recall, point.precision),
    false_events_per_day: sum((tally) => tally.falseEvents) / sum((tally) => tally.normalDays),
    delay_median: median(({ rows }) => rows),
    delay_median_s: median(({ ms }) => ms / 1000),
  };
}
