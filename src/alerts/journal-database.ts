import Database from 'libsql';
import { ForewarnError, messageOf } from '../errors.ts';

export type JournalDatabase = Database.Database;

/**
 * One entry a schema version, applied in order and never edited once released. `recorded_at` and `updated_at` are
 * wall time; all other times of alerts are the asset's event time.
 */
const migrations: readonly string[] = [
  `
  CREATE TABLE alert (
    id TEXT PRIMARY KEY,
    asset TEXT NOT NULL,
    class TEXT NOT NULL,
    labels TEXT NOT NULL,
    rule TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('firing', 'resolved')),
    started_at INTEGER NOT NULL,
    fired_at INTEGER NOT NULL,
    resolved_at INTEGER,
    score REAL,
    peak_score REAL,
    model TEXT,
    channels TEXT NOT NULL,
    summary TEXT NOT NULL,
    recorded_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX alert_by_asset ON alert (asset, id);
  CREATE INDEX alert_by_state ON alert (state, id);
  CREATE INDEX alert_by_age ON alert (updated_at) WHERE state = 'resolved';

  CREATE TRIGGER alert_evidence_is_final BEFORE UPDATE OF
    id, asset, class, labels, rule, started_at, fired_at, score, model, channels, summary, recorded_at ON alert
  BEGIN SELECT RAISE(ABORT, 'the evidence of an alert is never rewritten'); END;

  CREATE TABLE alert_transition (
    id INTEGER PRIMARY KEY,
    alert_id TEXT NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    at INTEGER NOT NULL,
    recorded_at INTEGER NOT NULL,
    what TEXT NOT NULL,
    reason TEXT NOT NULL
  ) STRICT;
  CREATE INDEX alert_transition_by_alert ON alert_transition (alert_id, id);

  CREATE TABLE alert_state (
    asset TEXT NOT NULL,
    rule TEXT NOT NULL,
    alert_id TEXT REFERENCES alert (id),
    at INTEGER NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (asset, rule)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX alert_state_by_alert ON alert_state (alert_id);

  CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    alert_id TEXT NOT NULL REFERENCES alert (id) ON DELETE CASCADE,
    transition TEXT NOT NULL,
    sink TEXT NOT NULL,
    idempotency_key TEXT NOT NULL UNIQUE,
    payload TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at INTEGER NOT NULL DEFAULT 0,
    delivered_at INTEGER,
    last_error TEXT,
    state TEXT NOT NULL DEFAULT 'queued' CHECK (state IN ('queued', 'delivered', 'dead'))
  ) STRICT;
  CREATE INDEX outbox_queue ON outbox (sink, id) WHERE state = 'queued';
  CREATE INDEX outbox_dead ON outbox (sink, id) WHERE state = 'dead';
  CREATE INDEX outbox_by_alert ON outbox (alert_id, state);
  `,
];

/**
 * Opens the file, creating it when it is absent, and brings it to the newest schema.
 * @throws ForewarnError `JOURNAL_UNAVAILABLE`, `JOURNAL_CORRUPT` or `JOURNAL_TOO_NEW`, each with a hint.
 */
export function openDatabase(file: string): JournalDatabase {
  let database: JournalDatabase | null = null;
  try {
    database = new Database(file);
    prepare(database, file);
    return database;
  } catch (error) {
    if (database !== null) database.close();
    throw error instanceof ForewarnError ? error : openingError(error, file);
  }
}

function prepare(database: JournalDatabase, file: string): void {
  // Another program may have the file locked for a moment; this wait holds up everything else, so it is short.
  database.exec('PRAGMA busy_timeout = 250');
  database.exec('PRAGMA foreign_keys = ON');
  database.pragma('journal_mode = WAL');
  // An alert that was delivered must be in the journal after a power cut as well: sync at every commit.
  database.exec('PRAGMA synchronous = FULL');
  const [check] = database.pragma('quick_check(1)') as { quick_check: string }[];
  if (check?.quick_check !== 'ok') throw corrupt(file, check?.quick_check ?? 'no answer');
  migrate(database, file);
}

function migrate(database: JournalDatabase, file: string): void {
  const [row] = database.pragma('user_version') as { user_version: number }[];
  const version = row?.user_version ?? 0;
  if (version > migrations.length) {
    throw new ForewarnError('JOURNAL_TOO_NEW', `${file} was written by a newer version of Forewarn`, {
      hint: `Its schema is ${version} and this version knows ${migrations.length}: run the newer version, or move the file away.`,
    });
  }
  for (let next = version; next < migrations.length; next += 1) {
    transact(database, () => {
      database.exec(migrations[next]);
      database.exec(`PRAGMA user_version = ${next + 1}`);
    });
  }
}

/** Runs `act` in one transaction: all of it is on disk when this returns, and none of it when it throws. */
export function transact<T>(database: JournalDatabase, act: () => T): T {
  database.exec('BEGIN IMMEDIATE');
  try {
    const result = act();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk can end the transaction by itself, and a second rollback would hide the reason.
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/**
 * Calls `act` and turns what SQLite throws into a retryable ForewarnError: after start-up a full disk or a busy
 * file is an outage, which ends without us.
 */
export function guard<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof ForewarnError) throw error;
    throw new ForewarnError('JOURNAL_FAILED', `the alert journal failed: ${messageOf(error)}`, {
      retryable: true,
      hint:
        codeOf(error) === 'SQLITE_FULL'
          ? 'The disk is full: free some space. Nothing is lost, and writing goes on by itself.'
          : 'Look at the disk and at the permissions of the state directory.',
      cause: error,
    });
  }
}

function openingError(error: unknown, file: string): ForewarnError {
  const code = codeOf(error);
  if (code.startsWith('SQLITE_NOTADB') || code.startsWith('SQLITE_CORRUPT')) {
    return corrupt(file, messageOf(error), error);
  }
  return new ForewarnError(
    'JOURNAL_UNAVAILABLE',
    `cannot open the alert journal ${file}: ${messageOf(error)}`,
    {
      hint: 'Look whether its directory exists and whether this user may write there.',
      cause: error,
    },
  );
}

function corrupt(file: string, what: string, cause?: unknown): ForewarnError {
  return new ForewarnError('JOURNAL_CORRUPT', `the alert journal ${file} is damaged: ${what}`, {
    hint: 'Move the file and its -wal and -shm neighbours away and start again, or put a backup in its place.',
    cause,
  });
}

function codeOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  return typeof code === 'string' ? code : '';
}
