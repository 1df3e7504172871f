import type { Hold, HoldChange, HoldSubject } from './holds.ts';
import type { JournalDatabase } from './journal-database.ts';

interface HoldRow {
  readonly kind: Hold['kind'];
  readonly subject: string;
  readonly since: number;
  readonly until: number | null;
  readonly by: string;
  readonly reason: string;
}

/** Reads and writes of the table `alert_hold`, which is the history of holds as well; throws what SQLite throws. */
export function createHoldTable(database: JournalDatabase) {
  const insert = database.prepare(
    'INSERT INTO alert_hold (kind, subject, since, until, by, reason) VALUES (?,?,?,?,?,?)',
  );
  const end = database.prepare(
    `UPDATE alert_hold SET ended_at = ?, ended_by = ?, ended_reason = ?
     WHERE kind = ? AND subject = ? AND ended_at IS NULL`,
  );
  const selectInForce = database.prepare(
    'SELECT kind, subject, since, until, by, reason FROM alert_hold WHERE ended_at IS NULL ORDER BY id',
  );
  const selectSince = database.prepare(
    `SELECT kind, subject, since, coalesce(ended_at, until) AS until, by, reason FROM alert_hold
     WHERE ended_at IS NULL OR ended_at >= ? ORDER BY id`,
  );
  const prunable = database.prepare(
    'DELETE FROM alert_hold WHERE id IN (SELECT id FROM alert_hold WHERE ended_at < ? LIMIT ?)',
  );

  return {
    change(change: HoldChange, now: number): void {
      const { hold } = change;
      const subject = subjectText(hold.of);
      if (change.kind === 'end') {
        end.run(now, change.by, change.reason, hold.kind, subject);
        return;
      }
      end.run(now, hold.by, 'replaced', hold.kind, subject);
      insert.run(hold.kind, subject, hold.since, hold.until, hold.by, hold.reason);
    },

    inForce: (): readonly Hold[] => (selectInForce.all() as HoldRow[]).map(holdOf),

    /** Those that were in force at some time since; of one that has ended, `until` is when. */
    since: (at: number): readonly Hold[] => (selectSince.all(at) as HoldRow[]).map(holdOf),

    prune(endedBefore: number, limit: number): void {
      prunable.run(endedBefore, limit);
    },
  };
}

function holdOf({ subject, ...row }: HoldRow): Hold {
  return { ...row, of: JSON.parse(subject) as HoldSubject };
}

/** The same text for the same subject, whatever the order of its properties. */
function subjectText(of: HoldSubject): string {
  if (of.scope === 'class') return JSON.stringify({ scope: of.scope, className: of.className });
  if (of.scope === 'asset') return JSON.stringify({ scope: of.scope, assetId: of.assetId });
  return JSON.stringify({ scope: of.scope, assetId: of.assetId, rule: of.rule });
}
