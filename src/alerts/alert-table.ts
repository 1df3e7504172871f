import type { Alert, AlertRule, ChannelEvidence } from '../types.ts';
import type { JournalDatabase } from './journal-database.ts';

/** All conditions must hold; a condition that is left out always holds. */
export interface AlertFilter {
  readonly assetId?: string;
  readonly className?: string;
  readonly rule?: AlertRule;
  readonly state?: Alert['state'];
  /** Fired at or after this event time. */
  readonly since?: number;
  /** Fired before this event time. */
  readonly until?: number;
  /** Labels that the asset must have, such as `{ site: 'north' }`. */
  readonly labels?: Readonly<Record<string, string>>;
}

export interface AlertPage {
  /** Newest first. */
  readonly alerts: readonly Alert[];
  /** Give it to the next call for older alerts; null when there are none. */
  readonly nextCursor: string | null;
}

export interface AlertCounts {
  readonly firing: number;
  readonly resolved: number;
}

/** One line of an alert's history. */
export interface TransitionRecord {
  /** The asset's event time. */
  readonly at: number;
  /** Wall time of writing. */
  readonly recordedAt: number;
  readonly what: string;
  readonly reason: string;
}

interface AlertRow {
  readonly id: string;
  readonly asset: string;
  readonly class: string;
  readonly labels: string;
  readonly rule: AlertRule;
  readonly state: Alert['state'];
  readonly started_at: number;
  readonly fired_at: number;
  readonly resolved_at: number | null;
  readonly score: number | null;
  readonly peak_score: number | null;
  readonly model: string | null;
  readonly channels: string;
  readonly summary: string;
}

const COLUMNS = `id, asset, class, labels, rule, state, started_at, fired_at, resolved_at, score, peak_score,
  model, channels, summary`;

/** Reads and writes of the tables `alert` and `alert_transition`; throws what SQLite throws. */
export function createAlertTable(database: JournalDatabase) {
  const insertAlert = database.prepare(
    `INSERT INTO alert (${COLUMNS}, recorded_at, updated_at) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
  );
  const resolveAlert = database.prepare(
    `UPDATE alert SET state = 'resolved', resolved_at = ?, peak_score = ?, updated_at = ? WHERE id = ?`,
  );
  const raisePeak = database.prepare(`UPDATE alert SET peak_score = ? WHERE id = ? AND state = 'firing'`);
  const insertTransition = database.prepare(
    'INSERT INTO alert_transition (alert_id, at, recorded_at, what, reason) VALUES (?,?,?,?,?)',
  );
  const selectAlert = database.prepare(`SELECT ${COLUMNS} FROM alert WHERE id = ?`);
  const selectTransitions = database.prepare(
    'SELECT at, recorded_at, what, reason FROM alert_transition WHERE alert_id = ? ORDER BY id',
  );
  const countByState = database.prepare('SELECT state, count(*) AS n FROM alert GROUP BY state');
  const prunable = database.prepare(
    `DELETE FROM alert WHERE id IN (
       SELECT id FROM alert WHERE state = 'resolved' AND updated_at < ?
         AND NOT EXISTS (SELECT 1 FROM outbox WHERE alert_id = alert.id AND state <> 'delivered')
       LIMIT ?)`,
  );

  return {
    insert(alert: Alert, now: number): void {
      insertAlert.run(
        alert.id,
        alert.assetId,
        alert.className,
        JSON.stringify(alert.labels),
        alert.rule,
        alert.state,
        alert.startedAt,
        alert.firedAt,
        alert.resolvedAt,
        alert.score,
        alert.peakScore,
        alert.model,
        JSON.stringify(alert.channels),
        alert.summary,
        now,
        now,
      );
    },

    resolve(alert: Alert, now: number): void {
      resolveAlert.run(alert.resolvedAt, alert.peakScore, now, alert.id);
    },

    setPeak(id: string, peakScore: number): void {
      raisePeak.run(peakScore, id);
    },

    log(alertId: string, at: number, now: number, what: string, reason: string): void {
      insertTransition.run(alertId, at, now, what, reason);
    },

    get(id: string): Alert | null {
      const row = selectAlert.get(id) as AlertRow | undefined;
      return row === undefined ? null : alertOf(row);
    },

    transitions(alertId: string): readonly TransitionRecord[] {
      const rows = selectTransitions.all(alertId) as {
        at: number;
        recorded_at: number;
        what: string;
        reason: string;
      }[];
      return rows.map(({ at, recorded_at, what, reason }) => ({ at, recordedAt: recorded_at, what, reason }));
    },

    list(filter: AlertFilter, limit: number, cursor: string | null): AlertPage {
      const { where, values } = conditionsOf(filter, cursor);
      const query = `SELECT ${COLUMNS} FROM alert ${where} ORDER BY id DESC LIMIT ?`;
      const rows = database.prepare(query).all(...values, limit + 1) as AlertRow[];
      const alerts = rows.slice(0, limit).map(alertOf);
      return { alerts, nextCursor: rows.length > limit ? alerts[alerts.length - 1].id : null };
    },

    counts(): AlertCounts {
      const counts = { firing: 0, resolved: 0 };
      for (const row of countByState.all() as { state: Alert['state']; n: number }[])
        counts[row.state] = row.n;
      return counts;
    },

    prune(updatedBefore: number, limit: number): number {
      return prunable.run(updatedBefore, limit).changes;
    },
  };
}

function conditionsOf(
  filter: AlertFilter,
  cursor: string | null,
): { where: string; values: (string | number)[] } {
  const conditions: string[] = [];
  const values: (string | number)[] = [];
  const add = (condition: string, ...bound: (string | number)[]) => {
    conditions.push(condition);
    values.push(...bound);
  };
  if (cursor !== null) add('id < ?', cursor);
  if (filter.assetId !== undefined) add('asset = ?', filter.assetId);
  if (filter.className !== undefined) add('class = ?', filter.className);
  if (filter.rule !== undefined) add('rule = ?', filter.rule);
  if (filter.state !== undefined) add('state = ?', filter.state);
  if (filter.since !== undefined) add('fired_at >= ?', filter.since);
  if (filter.until !== undefined) add('fired_at < ?', filter.until);
  for (const [name, value] of Object.entries(filter.labels ?? {})) {
    add(
      'EXISTS (SELECT 1 FROM json_each(labels) AS label WHERE label.key = ? AND label.value = ?)',
      name,
      value,
    );
  }
  return { where: conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`, values };
}

function alertOf(row: AlertRow): Alert {
  return {
    id: row.id,
    assetId: row.asset,
    className: row.class,
    labels: JSON.parse(row.labels) as Record<string, string>,
    rule: row.rule,
    state: row.state,
    startedAt: row.started_at,
    firedAt: row.fired_at,
    resolvedAt: row.resolved_at,
    score: row.score,
    peakScore: row.peak_score,
    model: row.model,
    channels: JSON.parse(row.channels) as ChannelEvidence[],
    summary: row.summary,
  };
}
