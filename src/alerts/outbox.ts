import type { Alert, Clock } from '../types.ts';
import { guard, type JournalDatabase, write } from './journal-database.ts';
import type { AlertTransition, Notification, NotificationGroup } from './sink.ts';

export interface OutboxRow {
  readonly id: number;
  readonly notification: Notification;
  /** Failures so far. */
  readonly attempts: number;
  /** Wall time; 0 when it was never tried. */
  readonly nextAttemptAt: number;
}

/**
 * What is still to be delivered, one queue a sink, in the order of the transitions. Only the delivery calls it,
 * with one row a sink in hand at a time. All methods throw a retryable `JOURNAL_FAILED` when the disk fails.
 */
export interface Outbox {
  /** The oldest queued row, which is the only one that may leave next. */
  head(sink: string): OutboxRow | null;
  delivered(id: number): void;
  failed(id: number, reason: string, nextAttemptAt: number): void;
  /** Takes the row out of the queue for good and keeps it. */
  dead(id: number, reason: string): void;
  backlog(sink: string): { readonly queued: number; readonly dead: number };
  /** Sinks that have queued rows, configured or not. */
  sinksWithBacklog(): readonly string[];
}

/** A group of alerts on its way to one sink. */
export interface GroupedRow {
  readonly sink: string;
  readonly idempotencyKey: string;
  readonly transition: AlertTransition;
  readonly group: NotificationGroup;
}

interface Row {
  readonly id: number;
  readonly transition: AlertTransition;
  readonly idempotency_key: string;
  readonly payload: string;
  readonly told_group: string | null;
  readonly attempts: number;
  readonly next_attempt_at: number;
}

/** The table `outbox`: `enqueue` belongs into the transaction of the alert, the rest is the port above. */
export function createOutboxTable(database: JournalDatabase, clock: Clock) {
  const insert = database.prepare(
    'INSERT INTO outbox (alert_id, transition, sink, idempotency_key, payload) VALUES (?,?,?,?,?)',
  );
  const insertGroup = database.prepare(
    'INSERT INTO outbox (alert_id, transition, sink, idempotency_key, payload, told_group) VALUES (?,?,?,?,?,?)',
  );
  const selectHead = database.prepare(
    `SELECT id, transition, idempotency_key, payload, told_group, attempts, next_attempt_at FROM outbox
     WHERE sink = ? AND state = 'queued' ORDER BY id LIMIT 1`,
  );
  const markDelivered = database.prepare(
    `UPDATE outbox SET state = 'delivered', delivered_at = ?, last_error = NULL WHERE id = ?`,
  );
  const markFailed = database.prepare(
    'UPDATE outbox SET attempts = attempts + 1, last_error = ?, next_attempt_at = ? WHERE id = ?',
  );
  const markDead = database.prepare(
    `UPDATE outbox SET state = 'dead', attempts = attempts + 1, last_error = ? WHERE id = ?`,
  );
  const countQueued = database.prepare(
    `SELECT count(*) AS n FROM outbox WHERE sink = ? AND state = 'queued'`,
  );
  const countDead = database.prepare(`SELECT count(*) AS n FROM outbox WHERE sink = ? AND state = 'dead'`);
  const selectSinks = database.prepare(`SELECT DISTINCT sink FROM outbox WHERE state = 'queued'`);

  const outbox: Outbox = {
    head: (sink) =>
      guard(() => {
        const row = selectHead.get(sink) as Row | undefined;
        return row === undefined ? null : rowOf(row);
      }),
    delivered: (id) => write(database, () => void markDelivered.run(clock(), id)),
    failed: (id, reason, nextAttemptAt) =>
      write(database, () => void markFailed.run(reason, nextAttemptAt, id)),
    dead: (id, reason) => write(database, () => void markDead.run(reason, id)),
    backlog: (sink) =>
      guard(() => ({
        queued: (countQueued.get(sink) as { n: number }).n,
        dead: (countDead.get(sink) as { n: number }).n,
      })),
    sinksWithBacklog: () => guard(() => (selectSinks.all() as { sink: string }[]).map((row) => row.sink)),
  };

  /**
   * One row for each sink. The key is made of what never changes, so that no retry can give a second one; an alert that
   * fires is told once, and once more for each reason to tell it `again`, which names that reason for ever: the level it
   * has come to, or the number of its escalation.
   */
  const enqueue = (alert: Alert, sinks: readonly string[], again: string | null = null): void => {
    const payload = JSON.stringify(alert);
    const what = again === null ? alert.state : `${alert.state}:${again}`;
    for (const sink of sinks) {
      insert.run(alert.id, alert.state, sink, `${alert.id}:${what}:${sink}`, payload);
    }
  };
  /** Belongs into the transaction that takes the alerts from where they waited for each other. */
  const enqueueGroup = ({ sink, idempotencyKey, transition, group }: GroupedRow): void => {
    const [first] = group.alerts;
    if (first === undefined) return;
    const payload = JSON.stringify(first);
    insertGroup.run(first.id, transition, sink, idempotencyKey, payload, JSON.stringify(group));
  };
  return { outbox, enqueue, enqueueGroup };
}

function rowOf(row: Row): OutboxRow {
  const alert = JSON.parse(row.payload) as Alert;
  return {
    id: row.id,
    notification: {
      idempotencyKey: row.idempotency_key,
      transition: row.transition,
      alert,
      ...(row.told_group === null ? {} : { group: JSON.parse(row.told_group) as NotificationGroup }),
    },
    attempts: row.attempts,
    nextAttemptAt: row.next_attempt_at,
  };
}
