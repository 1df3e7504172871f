import type { AlertOutcome, AlertPriority, AlertRule } from '../../types.ts';

/** A line of history with what the figures need of its alert. */
export interface AlarmLine {
  readonly alertId: string;
  readonly assetId: string;
  readonly className: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly rule: AlertRule;
  readonly priority: AlertPriority;
  /** As it is judged now. */
  readonly outcome: AlertOutcome | null;
  /** Wall time. */
  readonly at: number;
  readonly what: string;
  readonly reason: string;
}

/** What people saw of one alert, in wall time. */
export interface AlarmRecord extends Omit<AlarmLine, 'at' | 'what' | 'reason'> {
  readonly raisedAt: number;
  /** When its receivers were told; null when they never were, because it was shelved, muted or out of service. */
  readonly toldAt: number | null;
  readonly resolvedAt: number | null;
  readonly acknowledgedAt: number | null;
}

/** Where an alert is that its receivers know of. */
const toldStates: ReadonlySet<string> = new Set(['unacknowledged', 'acknowledged']);

/** One record an alert from its lines, which are in the order of writing; lines of an alert that lacks its raising are left out. */
export function alarmRecords(lines: Iterable<AlarmLine>): readonly AlarmRecord[] {
  const records = new Map<string, AlarmRecord>();
  for (const line of lines) {
    const record = records.get(line.alertId);
    if (line.reason === 'raised') {
      const { at, what: _what, reason: _reason, ...alarm } = line;
      records.set(line.alertId, {
        ...alarm,
        raisedAt: at,
        toldAt: at,
        resolvedAt: null,
        acknowledgedAt: null,
      });
    } else if (record !== undefined) records.set(line.alertId, after(record, line));
  }
  return [...records.values()];
}

function after(record: AlarmRecord, { at, what, reason }: AlarmLine): AlarmRecord {
  if (reason === 'resolved') return { ...record, resolvedAt: at };
  // Written with the raising, or with the return to normal of what was never told.
  if (reason === 'not_told') return { ...record, toldAt: null };
  const acknowledged = reason === 'acknowledge' ? { acknowledgedAt: record.acknowledgedAt ?? at } : {};
  const told = record.toldAt === null && record.resolvedAt === null && toldStates.has(what);
  return { ...record, ...acknowledged, ...(told ? { toldAt: at } : {}) };
}
