import Database from 'libsql';
import { ForewarnError, messageOf } from '../errors.ts';
import { migrations } from './journal-schema.ts';

export type JournalDatabase = Database.Database;

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

/**
 * {@link transact} under {@link guard}, for one write by itself. Without BEGIN before it a statement that meets a locked
 * file stays half done, and libsql then refuses every COMMIT ("SQL statements in progress") until it is run again.
 */
export function write(database: JournalDatabase, act: () => void): void {
  guard(() => transact(database, act));
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
