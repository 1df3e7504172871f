import type { AlertOutcome, AlertPriority, AlertRule } from '../../types.ts';
import { guard, type JournalDatabase } from '../journal-database.ts';
import type { AlarmLine } from './alarm-record.ts';

/** Lines that are read at once: about a second of the event loop, and more than a plant that is in order writes in months. */
const MOST_LINES = 200_000;

interface Row {
  readonly alertId: string;
  readonly assetId: string;
  readonly className: string;
  readonly labels: string;
  readonly rule: AlertRule;
  readonly priority: AlertPriority;
  readonly outcome: AlertOutcome | null;
  readonly at: number;
  readonly what: string;
  readonly reason: string;
}

/** The history as the figures need it; throws a retryable `JOURNAL_FAILED` when the disk fails. */
export interface AlarmLog {
  /**
   * All lines of alerts that something happened to at or after wall time `since`, or that fire, in the order of
   * writing; null when they are too many to be read at once.
   */
  lines(since: number): readonly AlarmLine[] | null;
}

export function createAlarmLog(database: JournalDatabase): AlarmLog {
  const select = database.prepare(
    `SELECT alert.id AS alertId, alert.asset AS assetId, alert.class AS className, alert.labels AS labels,
       alert.rule AS rule, alert.priority AS priority,
       json_extract(alert.handling, '$.outcome') AS outcome, event.recorded_at AS at, event.what AS what, event.reason AS reason
     FROM alert JOIN alert_transition AS event ON event.alert_id = alert.id
     WHERE alert.updated_at >= ? OR alert.state = 'firing'
     ORDER BY event.id LIMIT ?`,
  );
  return {
    lines: (since) =>
      guard(() => {
        const rows = select.all(since, MOST_LINES + 1) as Row[];
        if (rows.length > MOST_LINES) return null;
        return rows.map((row) => ({ ...row, labels: JSON.parse(row.labels) as Record<string, string> }));
      }),
  };
}
