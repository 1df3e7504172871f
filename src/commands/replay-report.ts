import type { DaemonParts } from '../daemon-parts.ts';
import { segmentsOf } from '../evaluation/segments.ts';
import type { Alert } from '../types.ts';
import type { Recording } from './recording.ts';

export interface ReplayAlert {
  readonly id: string;
  /** Row (from 0) at which the alert was raised, at which it was resolved, and the first anomalous one. */
  readonly started_row: number;
  readonly fired_row: number;
  readonly resolved_row: number | null;
  readonly peak_score: number | null;
  /** Whether the alert was raised within a labelled event; null without labels. */
  readonly true_alert: boolean | null;
  readonly channels: readonly {
    channel: string;
    share: number;
    expected: number | null;
    actual: number | null;
  }[];
}

export interface ReplayReport {
  readonly file: string;
  readonly rows: number;
  readonly train_rows: number;
  readonly model: string;
  readonly train_s: number;
  readonly windows_scored: number;
  readonly alerts: readonly ReplayAlert[];
  /** Labelled events after the training rows, and which alert caught each. */
  readonly events: readonly {
    label: string;
    from_row: number;
    to_row: number;
    alert: string | null;
    delay_rows: number | null;
  }[];
  readonly refused: number;
  readonly late: number;
  readonly repeated: number;
  readonly gap_rows: number;
}

/** How many channels an alert's line names. */
const shownChannels = 3;

/** Holds the alerts against the labels; an alert is true when it was raised within an event. */
export function reportReplay(input: {
  recording: Recording;
  alerts: readonly Alert[];
  parts: DaemonParts;
  className: string;
  trainRows: number;
  file: string;
}): ReplayReport {
  const { recording, parts, className, trainRows } = input;
  const { lines, ingest, alerting } = parts.pipeline;
  // An alert that still fires has risen since it was raised; the asset's earlier ones stay as they ended.
  const alerts = input.alerts.map((alert) => {
    const now = alerting.current(alert.assetId, alert.rule)?.alert;
    return now?.id === alert.id ? now : alert;
  });
  const stats = ingest.stats();
  const rowAt = (at: number): number =>
    lastRowAt(recording.at, at + lines.get(className)!.config.sampleEveryMs / 2);
  const label = Object.keys(recording.labels)[0];
  const events = label === undefined ? [] : labelledEvents(recording.labels[label], trainRows);
  const found = alerts
    .map((alert) => ({ alert, firedRow: rowAt(alert.firedAt) }))
    .sort((a, b) => a.firedRow - b.firedRow);
  const card = parts.registry.champion(className)!.card;
  return {
    file: input.file,
    rows: recording.at.length,
    train_rows: trainRows,
    model: card.id,
    train_s: card.training.seconds,
    windows_scored: lines.get(className)!.scorer.stats().scored,
    alerts: found.map(({ alert, firedRow }) => ({
      id: alert.id,
      started_row: rowAt(alert.startedAt),
      fired_row: firedRow,
      resolved_row: alert.resolvedAt === null ? null : rowAt(alert.resolvedAt),
      peak_score: alert.peakScore,
      true_alert:
        label === undefined ? null : events.some(([from, to]) => firedRow >= from && firedRow <= to),
      channels: alert.channels.map(({ channel, share, expected, actual }) => ({
        channel,
        share,
        expected,
        actual,
      })),
    })),
    events: events.map(([from, to]) => {
      const first = found.find(({ firedRow }) => firedRow >= from && firedRow <= to);
      return {
        label,
        from_row: from,
        to_row: to,
        alert: first?.alert.id ?? null,
        delay_rows: first === undefined ? null : first.firedRow - from,
      };
    }),
    refused: Object.values(stats.refused).reduce((sum, count) => sum + count, 0),
    late: stats.late,
    repeated: stats.repeated,
    gap_rows: stats.gapRows,
  };
}

/** The report for people. */
export function formatReport(report: ReplayReport): string[] {
  const lines = [
    `model ${report.model} from ${report.train_rows} rows in ${report.train_s.toFixed(1)} s; ${report.windows_scored} windows scored; ` +
      `${report.gap_rows} gap rows, ${report.late} late, ${report.repeated} repeated, ${report.refused} refused`,
  ];
  for (const alert of report.alerts) {
    const verdict =
      alert.true_alert === null
        ? ''
        : alert.true_alert
          ? ' inside a labelled event'
          : ' OUTSIDE the labelled events';
    const until =
      alert.resolved_row === null ? 'still firing at the end' : `resolved at row ${alert.resolved_row}`;
    const peak = alert.peak_score === null ? '' : `, peak score ${alert.peak_score.toFixed(1)}`;
    lines.push(`alert at row ${alert.fired_row}${verdict}, ${until}${peak}`);
    for (const { channel, share, expected, actual } of alert.channels.slice(0, shownChannels)) {
      lines.push(
        `  ${Math.round(share * 100)} % ${channel}: ${shown(actual)} where ${shown(expected)} is expected`,
      );
    }
  }
  if (report.alerts.length === 0) lines.push('no alert');
  for (const event of report.events) {
    const outcome = event.delay_rows === null ? 'MISSED' : `alerted after ${event.delay_rows} rows`;
    lines.push(`event ${event.label} rows ${event.from_row} to ${event.to_row}: ${outcome}`);
  }
  return lines;
}

function shown(value: number | null): string {
  return value === null ? 'nothing' : Number(value.toPrecision(4)).toString();
}

/** The last row whose time is not after `at`, by bisection; 0 when all are. */
function lastRowAt(times: Float64Array, at: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= at) low = middle + 1;
    else high = middle;
  }
  return Math.max(0, low - 1);
}

/** Labelled events as `[first, last]` row, from row `start` on. */
function labelledEvents(labels: Uint8Array, start: number): [number, number][] {
  return segmentsOf(labels.subarray(start)).map((event) => [start + event.start, start + event.end - 1]);
}
