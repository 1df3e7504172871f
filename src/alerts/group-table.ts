import type { Alert, AlertIncident, Clock } from '../types.ts';
import { guard, type JournalDatabase, transact } from './journal-database.ts';
import { type GroupPolicy, groupKeyOf, groupLabelsOf, groupStep } from './noise/group-policy.ts';
import type { GroupedRow } from './outbox.ts';

/** More alerts than this become several notifications; in a flood the others are counted only. */
const MOST_LISTED = 200;

export interface Grouping extends GroupPolicy {
  /** Sinks that are told of groups; the others are told of each alert. */
  readonly sinks: ReadonlySet<string>;
  /** Sinks that hear of nothing but what is escalated to them. */
  readonly called: ReadonlySet<string>;
}

/** Alerts that wait to be told together. Throws a retryable `JOURNAL_FAILED` when the disk fails. */
export interface Groups {
  /** Brings what is due to the outbox; true when there was any. Call it about once a second. */
  sweep(): boolean;
}

interface WaitingRow {
  readonly id: number;
  readonly alert_id: string;
  readonly sinks: string;
  readonly payload: string;
}

/**
 * The tables `group_pending`, `alert_group` and `incident`. An alert keeps the group that it was raised in, whatever the
 * configuration says later, so that its end follows its beginning. `enqueue` puts a group into the outbox.
 */
export function createGroupTable(
  database: JournalDatabase,
  grouping: Grouping,
  clock: Clock,
  enqueue: (row: GroupedRow) => void,
) {
  const selectKey = database.prepare('SELECT group_key AS key FROM alert WHERE id = ?');
  const join = database.prepare('UPDATE alert SET group_key = ?, incident = ? WHERE id = ?');
  const openIncident = database.prepare('SELECT id FROM incident WHERE group_key = ? AND firing > 0');
  const beginIncident = database.prepare(
    'INSERT INTO incident (id, group_key, first_asset, alerts, firing) VALUES (?,?,?,1,1)',
  );
  const growIncident = database.prepare(
    'UPDATE incident SET alerts = alerts + 1, firing = firing + 1 WHERE id = ?',
  );
  const shrinkIncident = database.prepare(
    'UPDATE incident SET firing = firing - 1 WHERE id = (SELECT incident FROM alert WHERE id = ?)',
  );
  const lastIncident = database.prepare(
    'SELECT id, first_asset AS first, alerts FROM incident WHERE group_key = ? ORDER BY rowid DESC LIMIT 1',
  );
  const pruneIncidents = database.prepare(
    `DELETE FROM incident WHERE id IN (SELECT id FROM incident WHERE firing = 0
       AND NOT EXISTS (SELECT 1 FROM alert WHERE alert.incident = incident.id) LIMIT ?)`,
  );
  const insertPending = database.prepare(
    'INSERT INTO group_pending (alert_id, sinks, group_key, payload, at, urgent) VALUES (?,?,?,?,?,?)',
  );
  const selectDue = database.prepare(
    `SELECT key, max(oldest) AS oldestAt, max(urgent) AS urgentAt, told_at AS toldAt, coalesce(flooding, 0) AS flooding
     FROM (
       SELECT group_key AS key, min(at) AS oldest, min(iif(urgent = 1, at, NULL)) AS urgent
         FROM group_pending GROUP BY group_key
       UNION ALL SELECT group_key, NULL, NULL FROM alert_group WHERE flooding = 1)
     LEFT JOIN alert_group ON alert_group.group_key = key GROUP BY key`,
  );
  const countRecent = database.prepare(
    `SELECT count(*) AS n FROM alert WHERE group_key = ? AND recorded_at > ? AND json_extract(handling, '$.told')`,
  );
  const countFiring = database.prepare(
    `SELECT count(*) AS n FROM alert WHERE group_key = ? AND state = 'firing' AND json_extract(handling, '$.told')`,
  );
  const countFiringCalled = database.prepare(
    `SELECT count(*) AS n FROM alert WHERE group_key = ? AND state = 'firing'
       AND EXISTS (SELECT 1 FROM json_each(handling, '$.escalation.sinks') WHERE value = ?)`,
  );
  const countPending = database.prepare(
    `SELECT count(DISTINCT alert_id) AS n FROM group_pending WHERE group_key = ?
       AND EXISTS (SELECT 1 FROM json_each(sinks) WHERE value = ?)`,
  );
  // All that there is to say of the alerts that had something to say first, in the order in which they had it.
  const selectPending = database.prepare(
    `SELECT row.id, row.alert_id, row.sinks, row.payload FROM (
       SELECT alert_id, min(id) AS first FROM group_pending WHERE group_key = ?
       GROUP BY alert_id ORDER BY first LIMIT ${MOST_LISTED}) AS one
     JOIN group_pending AS row ON row.alert_id = one.alert_id AND row.group_key = ?
     ORDER BY one.first, row.id`,
  );
  const deletePending = database.prepare('DELETE FROM group_pending WHERE group_key = ? AND alert_id = ?');
  const deleteAll = database.prepare('DELETE FROM group_pending WHERE group_key = ?');
  const told = database.prepare(
    `INSERT INTO alert_group (group_key, told_at, flooding) VALUES (?,?,?)
     ON CONFLICT (group_key) DO UPDATE SET told_at = excluded.told_at, flooding = excluded.flooding`,
  );
  const endFlood = database.prepare('UPDATE alert_group SET flooding = 0 WHERE group_key = ?');
  const pruneGroups = database.prepare(
    'DELETE FROM alert_group WHERE group_key IN (SELECT group_key FROM alert_group WHERE told_at < ? AND flooding = 0 LIMIT ?)',
  );
  const countOf = (statement: typeof countFiring, ...bound: readonly (string | number)[]) =>
    (statement.get(...bound) as { n: number }).n;
  const isOfConfiguration = (key: string) =>
    JSON.stringify(groupLabelsOf(key).map(([name]) => name)) === JSON.stringify(grouping.by);

  /** Puts all of a group that waits into the outbox: in parts, or in a flood as one whose tail is only counted. */
  const tell = (key: string, flooding: boolean, now: number): void => {
    const incident = (lastIncident.get(key) ?? null) as AlertIncident | null;
    const labels = Object.fromEntries(groupLabelsOf(key));
    for (;;) {
      const rows = selectPending.all(key, key) as WaitingRow[];
      const [head] = rows;
      if (head === undefined) break;
      for (const [sink, waiting] of lastOfEach(rows)) {
        const alerts = waiting.map(({ payload }) => JSON.parse(payload) as Alert);
        const firing = grouping.called.has(sink)
          ? countOf(countFiringCalled, key, sink)
          : countOf(countFiring, key);
        const transition = firing > 0 ? 'firing' : 'resolved';
        const total = flooding ? countOf(countPending, key, sink) : alerts.length;
        const group = { labels, alerts, total, firing, flood: flooding, incident };
        enqueue({ sink, idempotencyKey: `group:${head.alert_id}:${head.id}:${sink}`, transition, group });
      }
      if (flooding) deleteAll.run(key);
      else for (const id of new Set(rows.map((row) => row.alert_id))) deletePending.run(key, id);
    }
    told.run(key, now, flooding ? 1 : 0);
  };

  const groups: Groups = {
    sweep: () =>
      guard(() => {
        const now = clock();
        const due = selectDue.all() as {
          key: string;
          oldestAt: number | null;
          urgentAt: number | null;
          toldAt: number | null;
          flooding: number;
        }[];
        const steps = due.map(({ key, oldestAt, urgentAt, toldAt, flooding }) => {
          const recent = countOf(countRecent, key, now - grouping.flood.withinMs);
          const facts = { oldestAt, urgentAt, toldAt, flooding: flooding === 1, recent };
          // What waits in a group that is no longer configured waits for nobody.
          const step = isOfConfiguration(key)
            ? groupStep(facts, grouping, now)
            : { tell: oldestAt !== null, flooding: false };
          return { key, ...step, ends: facts.flooding && !step.flooding };
        });
        const moves = steps.filter((step) => step.tell || step.ends);
        // One transaction for all: the price is the disk's sync, and who is told of a failure knows that nothing moved.
        if (moves.length > 0)
          transact(database, () => {
            for (const { key, tell: tells, flooding } of moves) {
              if (tells) tell(key, flooding, now);
              else endFlood.run(key);
            }
          });
        return moves.some((step) => step.tell);
      }),
  };

  return {
    groups,
    /** The alert was raised and is in its table: it joins its group, and the incident that goes on there. */
    raised(alert: Alert): void {
      const key = groupKeyOf(grouping.by, alert);
      if (key === null) return;
      const incident = (openIncident.get(key) as { id: string } | undefined)?.id ?? null;
      if (incident === null) beginIncident.run(alert.id, key, alert.assetId);
      else growIncident.run(incident);
      join.run(key, incident ?? alert.id, alert.id);
    },
    resolved: (alert: Alert): void => void shrinkIncident.run(alert.id),
    /** Lets the alert wait for the others of its group; gives the sinks that are told of it by itself. */
    hold(alert: Alert, sinks: readonly string[], now: number): readonly string[] {
      const grouped = sinks.filter((sink) => grouping.sinks.has(sink));
      if (grouped.length === 0) return sinks;
      const { key } = selectKey.get(alert.id) as { key: string | null };
      if (key === null) return sinks;
      const urgent = alert.escalated === undefined ? 0 : 1;
      insertPending.run(alert.id, JSON.stringify(grouped), key, JSON.stringify(alert), now, urgent);
      return sinks.filter((sink) => !grouping.sinks.has(sink));
    },
    prune(before: number, limit: number): void {
      pruneIncidents.run(limit);
      pruneGroups.run(before, limit);
    },
  };
}

/** Of each sink what it is to be told: of each alert the last that there is to say to it. */
function lastOfEach(rows: readonly WaitingRow[]): ReadonlyMap<string, readonly WaitingRow[]> {
  const bySink = new Map<string, Map<string, WaitingRow>>();
  for (const row of rows) {
    for (const sink of JSON.parse(row.sinks) as string[]) {
      const last = bySink.get(sink) ?? new Map<string, WaitingRow>();
      bySink.set(sink, last.set(row.alert_id, row));
    }
  }
  return new Map(Array.from(bySink, ([sink, last]) => [sink, [...last.values()]]));
}
