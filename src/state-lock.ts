import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import Database from 'libsql';
import { ForewarnError, messageOf } from './errors.ts';

/** Held by whoever may write a state directory; one at a time, over all processes of the machine. */
export interface StateLock {
  /** Idempotent. A process that dies, however it dies, releases it as well. */
  release(): void;
}

/** A daemon that is just ending is waited for, in ms; this holds up everything else, so it is short. */
const patienceMs = 1000;

/**
 * Takes the state directory, which is made when it is absent. The lock is the operating system's, taken through SQLite's
 * on the empty file `lock`, so there is nothing to clean up after a kill. `holder` is for people: who has it, such as
 * `forewarn run, process 4711`. Throws STATE_IN_USE, naming the holder, or STATE_UNAVAILABLE.
 */
export function lockState(stateDir: string, holder: string): StateLock {
  const name = join(stateDir, 'lock-holder');
  let database: Database.Database | null = null;
  try {
    mkdirSync(stateDir, { recursive: true, mode: 0o750 });
    database = new Database(join(stateDir, 'lock'));
    database.exec(`PRAGMA busy_timeout = ${patienceMs}`);
    // Nothing is ever written to it: without a journal file there is no trace but the lock.
    database.exec('PRAGMA journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    throw refusal(error, stateDir, name);
  }
  const held = database;
  writeName(name, `${holder} on ${hostname()}\n`);
  return {
    release() {
      if (!held.open) return;
      // Closing alone would leave the lock to the garbage collector.
      held.exec('ROLLBACK');
      held.close();
    },
  };
}

function writeName(file: string, text: string): void {
  try {
    writeFileSync(file, text, { mode: 0o640 });
  } catch {
    // It is for people only: a full disk must not keep a daemon from watching.
  }
}

function refusal(error: unknown, stateDir: string, name: string): ForewarnError {
  const busy = error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY';
  if (busy)
    return new ForewarnError('STATE_IN_USE', `${stateDir} is in use by ${holderOf(name)}`, {
      retryable: true,
      hint: 'Stop it first, or give this one a `state_dir` of its own. A running daemon trains by itself with `forewarn models retrain CLASS`.',
      cause: error,
    });
  return new ForewarnError('STATE_UNAVAILABLE', `${stateDir} cannot be locked: ${messageOf(error)}`, {
    hint: 'Look whether this user may write there, and whether the file system has locks (some network file systems have none).',
    cause: error,
  });
}

function holderOf(name: string): string {
  try {
    return readFileSync(name, 'utf8').trim() || 'another process';
  } catch {
    return 'another process';
  }
}
