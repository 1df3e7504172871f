import type {
  Alert,
  AlertHandling,
  AlertIncident,
  AlertRule,
  ChannelEvidence,
  OperatorState,
} from '../types.ts';
import type { JournalDatabase } from './journal-database.ts';

/** All conditions must hold; a condition that is left out always holds. */
export interface AlertFilter {
  readonly assetId?: string;
  readonly className?: string;
  readonly rule?: AlertRule;
  readonly state?: Alert['state'];
  /** `open` is every state but `closed`. */
  readonly operatorState?: OperatorState | 'open';
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
  /** The asset's event time for what its data did, wall time for what people did. */
  readonly at: number;
  /** Wall time of writing. */
  readonly recordedAt: number;
  /** The alert's state afterwards: `firing`, `resolved`, or the operator state. */
  readonly what: string;
  readonly reason: string;
  /** Who did it, and why; null for what happened by itself, and where nothing was said. */
  readonly by: string | null;
  readonly comment: string | null;
}

/** A line of history with the alert as it is now. Numbers rise in the order of writing and are never used again. */
export interface AlertEvent extends TransitionRecord {
  readonly number: number;
  readonly alert: Alert;
}

interface AlertRow {
  readonly id: string;
  readonly asset: string;
  readonly class: string;
  readonly labels: string;
  readonly rule: AlertRule;
  readonly state: Alert['state'];
  readonly operator_state: OperatorState;
  readonly handling: string;
  readonly priority: Alert['priority'];
  readonly started_at: number;
  readonly fired_at: number;
  readonly resolved_at: number | null;
  readonly score: number | null;
  readonly peak_score: number | null;
  readonly model: string | null;
  readonly channels: string;
  readonly summary: string;
  readonly action: string | null;
  /** JSON. */
  readonly its_incident: string | null;
}

interface TransitionRow {
  readonly at: number;
  readonly recorded_at: number;
  readonly what: string;
  readonly reason: string;
  readonly by: string | null;
  readonly comment: string | null;
}

const columns = [
  ...[
    'id',
    'asset',
    'class',
    'labels',
    'rule',
    'state',
    'operator_state',
    'handling',
    'priority',
    'started_at',
  ],
  ...['fired_at', 'resolved_at', 'score', 'peak_score', 'model', 'channels', 'summary', 'action'],
];
const COLUMNS = columns.join(', ');
/** Those of an alert beside a line of its history, which has an `id` as well. */
const INCIDENT = `(SELECT json_object('id', incident.id, 'first', first_asset, 'alerts', alerts)
  FROM incident WHERE incident.id = alert.incident) AS its_incident`;
const ALERT_COLUMNS = [...columns.map((column) => `alert.${column}`), INCIDENT].join(', ');

/** Reads and writes of the tables `alert` and `alert_transition`; throws what SQLite throws. */
export function createAlertTable(database: JournalDatabase) {
  const insertAlert = database.prepare(
    `INSERT INTO alert (${COLUMNS}, recorded_at, updated_at) VALUES (${'?,'.repeat(columns.length)}?,?)`,
  );
  const updateAlert = database.prepare(
    `UPDATE alert SET state = ?, operator_state = ?, handling = ?, priority = ?, resolved_at = ?, peak_score = ?,
       updated_at = ? WHERE id = ?`,
  );
  const raisePeak = database.prepare(
    `UPDATE alert SET peak_score = ?, priority = ? WHERE id = ? AND state = 'firing'`,
  );
  const insertTransition = database.prepare(
    'INSERT INTO alert_transition (alert_id, at, recorded_at, what, reason, by, comment) VALUES (?,?,?,?,?,?,?)',
  );
  const selectAlert = database.prepare(`SELECT ${ALERT_COLUMNS} FROM alert WHERE id = ?`);
  const selectTransitions = database.prepare(
    `SELECT at, recorded_at, what, reason, by, comment FROM alert_transition WHERE alert_id = ? ORDER BY id`,
  );
  const selectEvents = database.prepare(
    `SELECT event.id AS number, event.at, event.recorded_at, event.what, event.reason, event.by, event.comment,
       ${ALERT_COLUMNS}
     FROM alert_transition AS event JOIN alert ON alert.id = event.alert_id
     WHERE event.id > ? ORDER BY event.id LIMIT ?`,
  );
  const selectLastEvent = database.prepare(
    `SELECT coalesce(max(seq), 0) AS number FROM sqlite_sequence WHERE name = 'alert_transition'`,
  );
  const countByState = database.prepare('SELECT state, count(*) AS n FROM alert GROUP BY state');
  const prunable = database.prepare(
    `DELETE FROM alert WHERE id IN (
       SELECT id FROM alert WHERE state = 'resolved' AND updated_at < ?
         AND NOT EXISTS (SELECT 1 FROM outbox WHERE alert_id = alert.id AND state <> 'delivered')
         AND NOT EXISTS (SELECT 1 FROM group_pending WHERE alert_id = alert.id)
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
        alert.operatorState,
        JSON.stringify(alert.handling),
        alert.priority,
        alert.startedAt,
        alert.firedAt,
        alert.resolvedAt,
        alert.score,
        alert.peakScore,
        alert.model,
        JSON.stringify(alert.channels),
        alert.summary,
        alert.action,
        now,
        now,
      );
    },

    /** All of it that may change. */
    update(alert: Alert, now: number): void {
      updateAlert.run(
        alert.state,
        alert.operatorState,
        JSON.stringify(alert.handling),
        alert.priority,
        alert.resolvedAt,
        alert.peakScore,
        now,
        alert.id,
      );
    },

    setPeak({ id, peakScore, priority }: Alert): void {
      raisePeak.run(peakScore, priority, id);
    },

    log(alertId: string, line: TransitionRecord): void {
      const { at, recordedAt, what, reason, by, comment } = line;
      insertTransition.run(alertId, at, recordedAt, what, reason, by, comment);
    },

    get(id: string): Alert | null {
      const row = selectAlert.get(id) as AlertRow | undefined;
      return row === undefined ? null : alertOf(row);
    },

    transitions(alertId: string): readonly TransitionRecord[] {
      return (selectTransitions.all(alertId) as TransitionRow[]).map(transitionOf);
    },

    events(after: number, limit: number): readonly AlertEvent[] {
      const rows = selectEvents.all(after, limit) as (TransitionRow & AlertRow & { number: number })[];
      return rows.map((row) => ({ number: row.number, ...transitionOf(row), alert: alertOf(row) }));
    },

    lastEvent: (): number => (selectLastEvent.get() as { number: number }).number,

    list(filter: AlertFilter, limit: number, cursor: string | null): AlertPage {
      const { where, values } = conditionsOf(filter, cursor);
      const query = `SELECT ${ALERT_COLUMNS} FROM alert ${where} ORDER BY id DESC LIMIT ?`;
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
  if (filter.operatorState === 'open') add(`operator_state <> 'closed'`);
  else if (filter.operatorState !== undefined) add('operator_state = ?', filter.operatorState);
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
    operatorState: row.operator_state,
    handling: JSON.parse(row.handling) as AlertHandling,
    priority: row.priority,
    startedAt: row.started_at,
    firedAt: row.fired_at,
    resolvedAt: row.resolved_at,
    score: row.score,
    peakScore: row.peak_score,
    model: row.model,
    channels: JSON.parse(row.channels) as ChannelEvidence[],
    summary: row.summary,
    action: row.action,
    ...(row.its_incident === null ? {} : { incident: JSON.parse(row.its_incident) as AlertIncident }),
  };
}

function transitionOf({ at, recorded_at, what, reason, by, comment }: TransitionRow): TransitionRecord {
  return { at, recordedAt: recorded_at, what, reason, by, comment };
}
