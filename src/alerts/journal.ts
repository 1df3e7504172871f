import type { Alert, AlertRule, Clock, EscalationCause } from '../types.ts';
import {
  type AlertCounts,
  type AlertEvent,
  type AlertFilter,
  type AlertPage,
  createAlertTable,
  type TransitionRecord,
} from './alert-table.ts';
import { createGroupTable, type Grouping, type Groups } from './group-table.ts';
import { createHoldTable } from './hold-table.ts';
import type { Hold, HoldChange } from './holds.ts';
import { guard, openDatabase, transact } from './journal-database.ts';
import { type AlarmLog, createAlarmLog } from './kpis/alarm-log.ts';
import { createFlapTable } from './noise/flap-table.ts';
import type { FlapStore } from './noise/flapping.ts';
import { createSilenceTable, type SilenceStore } from './noise/silence-table.ts';
import type { OperatorMove } from './operator-state.ts';
import { createOutboxTable, type Outbox } from './outbox.ts';
import type { AlertState, TransitionReason } from './state.ts';

const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 1000;
const LARGEST_EVENT_BATCH = 1000;
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

/** One change of phase, or of level. `alert` is there when the change raises, escalates or resolves one. */
export interface JournalEntry extends StoredState {
  readonly at: number;
  readonly reason: TransitionReason;
  /** What it has come to, of an alert that escalates; its own summary is as it was when it was raised. */
  readonly summary?: string;
  /** Where the alert is to be delivered; none of an alert that was raised while it is withheld. */
  readonly sinks: readonly string[];
}

/** One move of an operator, or of a rule of his, on one alert. */
export interface OperatorEntry {
  /** As it is after the move. */
  readonly alert: Alert;
  readonly move: OperatorMove['kind'];
  /** Null for what happens by itself. */
  readonly by: string | null;
  readonly comment: string | null;
  /** Where the alert is to be delivered now; none unless the move ended what kept it from the sinks, or escalates it. */
  readonly sinks: readonly string[];
  /** What receivers are told of a move that escalates it. */
  readonly escalated?: EscalationCause;
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
  readonly groups: Groups;
  readonly silences: SilenceStore;
  readonly flaps: FlapStore;
  readonly alarmLog: AlarmLog;
  /** Writes all entries with their alerts, history and outbox rows in one transaction, or nothing. */
  record(entries: readonly JournalEntry[]): void;
  /** Writes the moves with their history and outbox rows, and the holds, in one transaction, or nothing. */
  operate(entries: readonly OperatorEntry[], holds: readonly HoldChange[]): void;
  /** Brings clocks and peak scores of episodes in progress up to date; no change of phase. */
  save(states: readonly StoredState[]): void;
  /** The episodes in progress when the journal was last written. */
  restore(): readonly StoredState[];
  /** The holds in force. */
  holds(): readonly Hold[];
  /** The holds that were in force at some time since; of one that has ended, `until` is when. */
  holdsSince(at: number): readonly Hold[];
  list(options?: ListOptions): AlertPage;
  get(id: string): Alert | null;
  /** The history of one alert, oldest first. */
  transitions(id: string): readonly TransitionRecord[];
  counts(): AlertCounts;
  /** What happened to all alerts after the event of this number, oldest first, at most `limit` (from 1 to 1000). */
  events(after: number, limit: number): readonly AlertEvent[];
  /** Number of the newest event; 0 when there was none. */
  lastEvent(): number;
  /**
   * Deletes alerts that were resolved more than `olderThanMs` of wall time ago and whose notifications all were
   * delivered; those that wait or that are dead letters stay. Gives how many it deleted; a call deletes a
   * bounded number, so call again while it is not 0.
   */
  prune(olderThanMs: number): number;
  close(): void;
}

const UNGROUPED: Grouping = {
  by: [],
  waitMs: 0,
  intervalMs: 0,
  flood: { alerts: 0, withinMs: 0 },
  sinks: new Set(),
  called: new Set(),
};

/**
 * Opens the journal in the SQLite file `file`, whose directory must exist. Each alert is told by itself without `grouping`.
 * @throws ForewarnError `JOURNAL_UNAVAILABLE`, `JOURNAL_CORRUPT` or `JOURNAL_TOO_NEW`, each with a hint.
 */
export function openJournal(options: {
  readonly file: string;
  readonly clock: Clock;
  readonly grouping?: Grouping;
}): Journal {
  const { clock } = options;
  const database = openDatabase(options.file);
  const alerts = createAlertTable(database);
  const holds = createHoldTable(database);
  const { outbox, enqueue, enqueueGroup } = createOutboxTable(database, clock);
  const groups = createGroupTable(database, options.grouping ?? UNGROUPED, clock, enqueueGroup);
  const silences = createSilenceTable(database);
  const flaps = createFlapTable(database);
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

  /** The incident grows on, so it is no part of what is told. */
  const tell = (
    { incident: _, ...alert }: Alert,
    sinks: readonly string[],
    now: number,
    again: string | null = null,
  ) => {
    enqueue(alert, groups.hold(alert, sinks, now), again);
  };

  const escalateOne = (
    alert: Alert,
    { at, reason, sinks, summary = '', state }: JournalEntry,
    now: number,
  ) => {
    alerts.update(alert, now);
    const line = { at, recordedAt: now, what: alert.operatorState, by: null, comment: summary };
    alerts.log(alert.id, { ...line, reason });
    tell({ ...alert, summary }, sinks, now, state.phase === 'firing' ? `${state.level ?? 0}` : null);
  };

  const recordOne = (entry: JournalEntry, now: number) => {
    const { alert, at, reason } = entry;
    if (alert !== null && (reason === 'raised' || reason === 'resolved')) {
      if (reason === 'raised') alerts.insert(alert, now);
      else alerts.update(alert, now);
      const line = { at, recordedAt: now, by: null, comment: null };
      alerts.log(alert.id, { ...line, what: alert.state, reason });
      if (!alert.handling.told)
        alerts.log(alert.id, { ...line, what: alert.operatorState, reason: 'not_told' });
      if (reason === 'raised') groups.raised(alert);
      else groups.resolved(alert);
      tell(alert, entry.sinks, now);
    }
    if (alert !== null && reason === 'escalated') escalateOne(alert, entry, now);
    store(entry);
  };

  const operateOne = ({ alert, move, by, comment, sinks, escalated }: OperatorEntry, now: number) => {
    alerts.update(alert, now);
    alerts.log(alert.id, { at: now, recordedAt: now, what: alert.operatorState, reason: move, by, comment });
    if (escalated === undefined) tell(alert, sinks, now);
    else tell({ ...alert, escalated }, sinks, now, `escalation-${alert.handling.escalation.count}`);
  };

  return {
    outbox,
    groups: groups.groups,
    silences: silences.store,
    flaps: flaps.store,
    alarmLog: createAlarmLog(database),
    record(entries) {
      const now = clock();
      const recordAll = () => {
        for (const entry of entries) recordOne(entry, now);
      };
      guard(() => transact(database, recordAll));
    },
    operate(entries, changes) {
      const now = clock();
      const operateAll = () => {
        for (const change of changes) holds.change(change, now);
        for (const entry of entries) operateOne(entry, now);
      };
      guard(() => transact(database, operateAll));
    },
    save(states) {
      const saveOne = (stored: StoredState) => {
        store(stored);
        const { state, alert } = stored;
        if (state.phase === 'firing' && state.peakScore !== null && alert !== null) alerts.setPeak(alert);
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
    holds: () => guard(() => holds.inForce()),
    holdsSince: (at) => guard(() => holds.since(at)),
    list: (list = {}) =>
      guard(() => {
        const limit = Math.min(LARGEST_PAGE, Math.max(1, Math.floor(list.limit ?? DEFAULT_PAGE)));
        return alerts.list(list, limit, list.cursor ?? null);
      }),
    get: (id) => guard(() => alerts.get(id)),
    transitions: (id) => guard(() => alerts.transitions(id)),
    counts: () => guard(() => alerts.counts()),
    events: (after, limit) =>
      guard(() => alerts.events(after, Math.min(LARGEST_EVENT_BATCH, Math.max(1, Math.floor(limit))))),
    lastEvent: () => guard(() => alerts.lastEvent()),
    prune(olderThanMs) {
      const before = clock() - olderThanMs;
      const pruneAll = () => {
        holds.prune(before, PRUNED_AT_ONCE);
        silences.prune(before, PRUNED_AT_ONCE);
        flaps.prune(before, PRUNED_AT_ONCE);
        groups.prune(before, PRUNED_AT_ONCE);
        return alerts.prune(before, PRUNED_AT_ONCE);
      };
      return guard(() => transact(database, pruneAll));
    },
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
