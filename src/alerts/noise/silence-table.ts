import { guard, type JournalDatabase, write } from '../journal-database.ts';
import type { Silence } from './silence.ts';

/** Silences on disk. Every method throws a retryable `JOURNAL_FAILED` when the disk fails. */
export interface SilenceStore {
  add(silence: Silence): void;
  /** Ends one that was not ended yet. */
  end(id: string, at: number, by: string): void;
  get(id: string): Silence | null;
  /** Those that neither ended nor were ended before `now`, oldest first. */
  inForce(now: number): readonly Silence[];
  /** Newest first, those that are over included. */
  list(limit: number): readonly Silence[];
}

interface Row {
  readonly id: string;
  readonly matchers: string;
  readonly by: string;
  readonly comment: string;
  readonly since: number;
  readonly until: number;
  readonly ended_at: number | null;
  readonly ended_by: string | null;
}

const COLUMNS = 'id, matchers, by, comment, since, until, ended_at, ended_by';

/** The table `silence`. */
export function createSilenceTable(database: JournalDatabase) {
  const insert = database.prepare(`INSERT INTO silence (${COLUMNS}) VALUES (?,?,?,?,?,?,?,?)`);
  const end = database.prepare(
    'UPDATE silence SET ended_at = ?, ended_by = ? WHERE id = ? AND ended_at IS NULL',
  );
  const selectOne = database.prepare(`SELECT ${COLUMNS} FROM silence WHERE id = ?`);
  const selectInForce = database.prepare(
    `SELECT ${COLUMNS} FROM silence WHERE ended_at IS NULL AND until > ? ORDER BY id`,
  );
  const selectAll = database.prepare(`SELECT ${COLUMNS} FROM silence ORDER BY id DESC LIMIT ?`);
  const prunable = database.prepare(
    'DELETE FROM silence WHERE id IN (SELECT id FROM silence WHERE min(until, coalesce(ended_at, until)) < ? LIMIT ?)',
  );

  const store: SilenceStore = {
    add({ id, matchers, by, comment, since, until, endedAt, endedBy }) {
      write(
        database,
        () => void insert.run(id, JSON.stringify(matchers), by, comment, since, until, endedAt, endedBy),
      );
    },
    end: (id, at, by) => write(database, () => void end.run(at, by, id)),
    get: (id) =>
      guard(() => {
        const row = selectOne.get(id) as Row | undefined;
        return row === undefined ? null : silenceOf(row);
      }),
    inForce: (now) => guard(() => (selectInForce.all(now) as Row[]).map(silenceOf)),
    list: (limit) => guard(() => (selectAll.all(limit) as Row[]).map(silenceOf)),
  };
  return { store, prune: (before: number, limit: number) => void prunable.run(before, limit) };
}

function silenceOf({ matchers, ended_at, ended_by, ...row }: Row): Silence {
  return { ...row, matchers: JSON.parse(matchers) as string[], endedAt: ended_at, endedBy: ended_by };
}
