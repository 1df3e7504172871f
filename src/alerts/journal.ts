import type { Alert, AlertRule, Clock } from '../types.ts';
import {
  type AlertCounts,
  type AlertFilter,
  type AlertPage,
  createAlertTable,
  type TransitionRecord,
} from './alert-table.ts';
import { guard, openDatabase, transact } from './journal-database.ts';
import { createOutboxTable, type Outbox } from './outbox.ts';
import type { AlertState, TransitionReason } from './state.ts';

const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 1000;
/** Keeps one pruning step below a few tens of milliseconds of the event loop. */
const PRUNED_AT_ONCE = 500;

/** Everything that is known of one (asset, rule) with an episode in progress, as one movable value. */
export interface StoredState {
  readonly assetId: string;
  readonly rule: AlertRule;
  readonly state: AlertState;
  /** The alert of the episode; null while it is pending. */
  readonly alert: Alert | null;
}

/** One change of phase. `alert` is there when the change raises or resolves one. */
export interface JournalEntry extends StoredState {
  readonly at: number;
  readonly reason: TransitionReason;
  /** Where the alert is to be delivered. */
  readonly sinks: readonly string[];
}

interface ListOptions extends AlertFilter {
  /** From 1 to 1000, 100 when left out; other values are brought into the range. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

/**
 * The record of alerts on disk. Calls block until the disk has answered; every method throws a retryable
 * ForewarnError `JOURNAL_FAILED` when it does not, and the journal works again when the disk does.
 */
export interface Journal {
  readonly outbox: Outbox;
  /** Writes all entries with their alerts, history and outbox rows in one transaction, or nothing. */
  record(entries: readonly JournalEntry[]): void;
  /** Brings clocks and peak scores of episodes in progress up to date; no change of phase. */
  save(states: readonly StoredState[]): void;
  /** The episodes in progress when the journal was last written. */
  restore(): readonly StoredState[];
  list(options?: ListOptions): AlertPage;
  get(id: string): Alert | null;
  /** The history of one alert, oldest first. */
  transitions(id: string): readonly TransitionRecord[];
  counts(): AlertCounts;
  /**
   * Deletes alerts that were resolved more than `olderThanMs` of wall time ago and whose notifications all were
   * delivered; those that wait or that are dead letters stay. Gives how many it deleted; a call deletes a
   * bounded number, so call again while it is not 0.
   */
  prune(olderThanMs: number): number;
  close(): void;
}

/**
 * Opens the journal in the SQLite file `file`, whose directory must exist.
 * @throws ForewarnError `JOURNAL_UNAVAILABLE`, `JOURNAL_CORRUPT` or `JOURNAL_TOO_NEW`, each with a hint.
 */
export function openJournal(options: { readonly file: string; readonly clock: Clock }): Journal {
  const { clock } = options;
  const database = openDatabase(options.file);
  const alerts = createAlertTable(database);
  const { outbox, enqueue } = createOutboxTable(database, clock);
  const upsertState = database.prepare(
    `INSERT INTO alert_state (asset, rule, alert_id, at, state) VALUES (?,?,?,?,?)
     ON CONFLICT (asset, rule) DO UPDATE SET alert_id = excluded.alert_id, at = excluded.at, state = excluded.state`,
  );
  const deleteState = database.prepare('DELETE FROM alert_state WHERE asset = ? AND rule = ?');
  const selectStates = database.prepare(
    'SELECT asset, rule, alert_id, state FROM alert_state ORDER BY asset, rule',
  );
  let open = true;

  const store = ({ assetId, rule, state, alert }: StoredState) => {
    if (state.phase === 'inactive') deleteState.run(assetId, rule);
    else upsertState.run(assetId, rule, alert?.id ?? null, state.lastAt, JSON.stringify(state));
  };

  const recordOne = (entry: JournalEntry, now: number) => {
    const { alert, at, reason } = entry;
    if (alert !== null && (reason === 'raised' || reason === 'resolved')) {
      if (reason === 'raised') alerts.insert(alert, now);
      else alerts.resolve(alert, now);
      alerts.log(alert.id, at, now, alert.state, reason);
      enqueue(alert, entry.sinks);
    }
    store(entry);
  };

  return {
    outbox,
    record(entries) {
      const now = clock();
      const recordAll = () => {
        for (const entry of entries) recordOne(entry, now);
      };
      guard(() => transact(database, recordAll));
    },
    save(states) {
      const saveOne = (stored: StoredState) => {
        store(stored);
        if (stored.state.phase !== 'firing' || stored.state.peakScore === null || stored.alert === null)
          return;
        alerts.setPeak(stored.alert.id, stored.state.peakScore);
      };
      guard(() => transact(database, () => states.forEach(saveOne)));
    },
    restore: () =>
      guard(() => {
        const rows = selectStates.all() as {
          asset: string;
          rule: AlertRule;
          alert_id: string | null;
          state: string;
        }[];
        return rows.map((row) => ({
          assetId: row.asset,
          rule: row.rule,
          state: JSON.parse(row.state) as AlertState,
          alert: row.alert_id === null ? null : alerts.get(row.alert_id),
        }));
      }),
    list: (list = {}) =>
      guard(() => {
        const limit = Math.min(LARGEST_PAGE, Math.max(1, Math.floor(list.limit ?? DEFAULT_PAGE)));
        return alerts.list(list, limit, list.cursor ?? null);
      }),
    get: (id) => guard(() => alerts.get(id)),
    transitions: (id) => guard(() => alerts.transitions(id)),
    counts: () => guard(() => alerts.counts()),
    prune: (olderThanMs) => guard(() => alerts.prune(clock() - olderThanMs, PRUNED_AT_ONCE)),
    close() {
      if (!open) return;
      open = false;
      // Moves the log into the file, so that the file alone is a whole backup. The next start would do it as well.
      try {
        guard(() => void database.pragma('wal_checkpoint(TRUNCATE)'));
      } finally {
        database.close();
      }
    },
  };
}
