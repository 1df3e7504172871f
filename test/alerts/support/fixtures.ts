import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { ClassAlerts } from '../../../src/alerts/alerting-options.ts';
import { type Journal, type JournalEntry, openJournal } from '../../../src/alerts/journal.ts';
import type { Logger } from '../../../src/log.ts';
import type { Alert, Asset, Channel, Clock, Verdict } from '../../../src/types.ts';

/** Removed when the test ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'forewarn-alerts-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function temporaryJournal(clock: Clock = () => 1_700_000_000_000): Journal {
  const journal = openJournal({ file: join(temporaryDirectory(), 'journal.db'), clock });
  onTestFinished(() => journal.close());
  return journal;
}

export const channels: readonly Channel[] = [
  { name: 'current', unit: 'A' },
  { name: 'vibration', unit: 'mm/s' },
  { name: 'pressure', unit: 'bar' },
];

export function assetNamed(name: string, index = 0, className = 'pump'): Asset {
  return { index, id: `north/1/${name}`, className, labels: { site: 'north', line: '1', asset: name } };
}

export function verdictOf(asset: Asset, at: number, value: number): Verdict {
  const score = {
    asset,
    at,
    value,
    attribution: Float32Array.of(0.2, 0.62, 0.18),
    expected: Float32Array.of(10.1, 2.1, 5),
    actual: Float32Array.of(11.2, 4.8, Number.NaN),
    model: 'pump-1',
  };
  return { kind: value >= 1 ? 'anomalous' : 'normal', asset, at, score };
}

/** Every input counts at once: what the clocks do is in plain sight. */
export const policy: ClassAlerts = {
  raise: 1,
  clear: 0.8,
  raiseOn: { windows: 1, of: 1 },
  forMs: 60,
  clearAfter: 1,
  keepFiringForMs: 100,
  consequence: 'medium',
  action: null,
};

export function alertNamed(id: string, changes: Partial<Alert> = {}): Alert {
  return {
    id,
    assetId: 'north/1/pump-3',
    className: 'pump',
    labels: { site: 'north', line: '1', asset: 'pump-3' },
    rule: 'anomaly',
    state: 'firing',
    operatorState: 'unacknowledged',
    handling: {
      told: true,
      acknowledged: false,
      shelvedUntil: null,
      suppressedFor: null,
      outOfService: false,
      assignee: null,
      outcome: null,
      unansweredSince: null,
      escalation: { count: 0, steps: [], sinks: [] },
    },
    priority: 'medium',
    startedAt: 1_000,
    firedAt: 2_000,
    resolvedAt: null,
    score: 1.5,
    peakScore: 1.5,
    model: 'pump-1',
    channels: [{ channel: 'vibration', unit: 'mm/s', share: 1, expected: 2.1, actual: 4.8 }],
    summary: 'pump-3 (north/1): vibration reads 4.8 mm/s where 2.1 is expected (100 % of the score)',
    action: null,
    ...changes,
  };
}

export function raising(alert: Alert, sinks: readonly string[] = []): JournalEntry {
  const { assetId, rule, startedAt, firedAt, peakScore } = alert;
  const timed = {
    startedAt,
    firedAt,
    peakScore,
    lastAt: firedAt,
    unbroken: true,
    clearWindows: 0,
    clearMs: null,
  };
  return { assetId, rule, state: { phase: 'firing', ...timed }, alert, at: firedAt, reason: 'raised', sinks };
}

export function resolving(alert: Alert, at: number, sinks: readonly string[] = []): JournalEntry {
  const resolved: Alert = { ...alert, state: 'resolved', resolvedAt: at };
  const { assetId, rule } = alert;
  return { assetId, rule, state: { phase: 'inactive' }, alert: resolved, at, reason: 'resolved', sinks };
}

/** Waits for `condition`, or fails after the deadline naming `what`. */
export async function until(what: string, condition: () => boolean, deadlineMs = 10_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export interface LogLine {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly fields: object;
  readonly message: string;
}

export function recordingLog(): { log: Logger; lines: LogLine[] } {
  const lines: LogLine[] = [];
  const write = (level: LogLine['level']) => (fields: object, message: string) => {
    lines.push({ level, fields, message });
  };
  const log: Logger = {
    error: write('error'),
    warn: write('warn'),
    info: write('info'),
    debug: write('debug'),
    child: () => log,
  };
  return { log, lines };
}
