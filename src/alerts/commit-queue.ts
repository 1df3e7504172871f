import { ForewarnError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Alert } from '../types.ts';
import type { Journal, JournalEntry } from './journal.ts';
import type { TransitionReason } from './state.ts';

/** A storm of this many transitions is written at once, without waiting for the end of the turn. */
const COMMIT_AT = 1024;
/** While the journal cannot be written this many transitions wait in memory; then the queue is full. */
const UNCOMMITTED_LIMIT = 10_000;
const RETRY_MS = 1000;

type CommittedReason = Extract<TransitionReason, 'raised' | 'escalated' | 'resolved'>;

/**
 * Transitions on their way to the journal. Those of one turn of the event loop share a transaction: the price of
 * a commit is the disk's sync, not the rows. When the journal fails they are kept in order and tried again.
 */
export class CommitQueue {
  readonly #journal: Journal;
  readonly #log: Logger;
  readonly #onCommitted: (alert: Alert, reason: CommittedReason) => void;
  #entries: JournalEntry[] = [];
  #scheduled: NodeJS.Immediate | null = null;
  #retry: NodeJS.Timeout | null = null;
  #error: string | null = null;

  constructor(journal: Journal, log: Logger, onCommitted: (alert: Alert, reason: CommittedReason) => void) {
    this.#journal = journal;
    this.#log = log;
    this.#onCommitted = onCommitted;
  }

  get length(): number {
    return this.#entries.length;
  }

  /** What the journal said last; null when it works. */
  get error(): string | null {
    return this.#error;
  }

  /**
   * True while the journal fails and no more may wait. The caller then stands still rather than forget what it
   * has decided: a fault that lasts is raised when the journal works again.
   */
  get full(): boolean {
    return this.#error !== null && this.#entries.length >= UNCOMMITTED_LIMIT;
  }

  push(entry: JournalEntry): void {
    this.#entries.push(entry);
    if (this.#error !== null) return;
    if (this.#entries.length >= COMMIT_AT) this.flush();
    else this.#scheduled ??= setImmediate(() => this.flush());
  }

  /** Writes all that waits; false, with another attempt on its way, when the journal refuses. */
  flush(): boolean {
    this.#cancelTimers();
    while (this.#entries.length > 0) {
      const entries = this.#entries.slice(0, COMMIT_AT);
      if (!this.attempt(() => this.#journal.record(entries))) {
        this.#retry = setTimeout(() => this.flush(), RETRY_MS);
        return false;
      }
      this.#entries = this.#entries.slice(entries.length);
      for (const { alert, reason } of entries) {
        if (alert !== null && (reason === 'raised' || reason === 'escalated' || reason === 'resolved'))
          this.#onCommitted(alert, reason);
      }
    }
    return true;
  }

  /** Runs one write, tells the log when the journal begins or ceases to fail, and says whether it went well. */
  attempt(write: () => void): boolean {
    try {
      write();
    } catch (error) {
      const message = messageOf(error);
      if (message !== this.#error) {
        const hint = error instanceof ForewarnError ? error.hint : undefined;
        this.#log.error({ error: message, hint }, 'cannot write alerts, keeping them and trying again');
      }
      this.#error = message;
      return false;
    }
    if (this.#error !== null) this.#log.info({}, 'alerts can be written again');
    this.#error = null;
    return true;
  }

  /** No more attempts; what still waits is lost, and the log says so. */
  stop(): void {
    this.#cancelTimers();
    if (this.#entries.length === 0) return;
    this.#log.error({ transitions: this.#entries.length }, 'stopped while the journal fails: not recorded');
    this.#entries = [];
  }

  #cancelTimers(): void {
    if (this.#scheduled !== null) clearImmediate(this.#scheduled);
    if (this.#retry !== null) clearTimeout(this.#retry);
    this.#scheduled = null;
    this.#retry = null;
  }
}
