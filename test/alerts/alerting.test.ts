import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import type { Alerting } from '../../src/alerts/alerting.ts';
import { describeSilence } from '../../src/alerts/evidence.ts';
import { type Journal, openJournal } from '../../src/alerts/journal.ts';
import type { Alert } from '../../src/types.ts';
import { alertingOn, clock } from './support/alerting-on.ts';
import {
  assetNamed,
  policy,
  recordingLog,
  temporaryDirectory,
  temporaryJournal,
  until,
  verdictOf,
} from './support/fixtures.ts';

const pump = assetNamed('pump-3');

function feed(alerting: Alerting, asset: typeof pump, scores: readonly (readonly [number, number])[]): void {
  for (const [at, value] of scores) alerting.onVerdict(verdictOf(asset, at, value));
}

const rise: readonly (readonly [number, number])[] = [
  [0, 0.2],
  [10, 1.5],
  [70, 2],
];

describe('alerting', () => {
  it('raises one alert an episode, with its evidence, and resolves it', async () => {
    const journal = temporaryJournal(clock);
    const seen: Alert[] = [];
    const inJournal: (string | undefined)[] = [];
    const onChange = (alert: Alert) => {
      seen.push(alert);
      inJournal.push(journal.get(alert.id)?.state);
    };
    const alerting = alertingOn(journal, { onChange });
    alerting.start();
    feed(alerting, pump, [...rise, [80, 9], [90, 0.1], [150, 0.1], [189, 0.1]]);
    await until('the alert is told', () => seen.length === 1);
    expect(seen[0]).toMatchObject({
      assetId: 'north/1/pump-3',
      className: 'pump',
      labels: { site: 'north', line: '1', asset: 'pump-3' },
      rule: 'anomaly',
      state: 'firing',
      startedAt: 10,
      firedAt: 70,
      resolvedAt: null,
      score: 2,
      peakScore: 2,
      model: 'pump-1',
    });
    expect(seen[0].channels.map((one) => one.channel)).toEqual(['vibration', 'current', 'pressure']);
    expect(seen[0].summary).toMatch(/^pump-3 \(north\/1\): vibration reads 4.8 mm\/s where 2.1 is expected/);
    expect(alerting.current(pump.id, 'anomaly')?.alert?.peakScore).toBe(9);

    feed(alerting, pump, [[190, 0.1]]);
    await until('the end is told', () => seen.length === 2);
    expect(seen[1]).toEqual({
      ...seen[0],
      state: 'resolved',
      operatorState: 'returned_unacknowledged',
      // What is over waits for nobody any more.
      handling: { ...seen[0].handling, unansweredSince: null },
      priority: 'high',
      resolvedAt: 190,
      peakScore: 9,
    });
    expect(journal.list().alerts).toEqual([seen[1]]);
    expect(inJournal).toEqual(['firing', 'resolved']);
    expect(alerting.current(pump.id, 'anomaly')).toBeNull();
    expect(alerting.status()).toEqual({
      pending: 0,
      firing: 0,
      transitions: { pending_started: 1, pending_cancelled: 0, raised: 1, escalated: 0, resolved: 1 },
      uncommitted: 0,
      ignored: { journal_failing: 0, no_time: 0 },
      journalError: null,
    });
    alerting.stop();
  });

  it('keeps silence and anomaly of one asset apart', () => {
    const journal = temporaryJournal(clock);
    const alerting = alertingOn(journal);
    feed(alerting, pump, rise);
    for (const at of [100, 160]) alerting.onCondition('silent', pump, true, at, describeSilence);
    alerting.flush();
    expect(journal.list().alerts).toMatchObject([
      { rule: 'silent', score: null, channels: [], model: null, summary: expect.stringContaining('no data') },
      { rule: 'anomaly', score: 2 },
    ]);
    for (const at of [200, 300]) alerting.onCondition('silent', pump, false, at, describeSilence);
    alerting.flush();
    expect(journal.list({ state: 'firing' }).alerts).toMatchObject([{ rule: 'anomaly' }]);
  });

  it('neither raises nor resolves for verdicts that know nothing', () => {
    const journal = temporaryJournal(clock);
    const alerting = alertingOn(journal);
    const unknown = (at: number) =>
      alerting.onVerdict({ kind: 'unknown', asset: pump, at, reason: 'low_coverage' });
    for (const at of [0, 100, 200]) unknown(at);
    feed(alerting, pump, rise);
    for (const at of [1_000, 100_000]) unknown(at);
    alerting.flush();
    expect(journal.counts()).toEqual({ firing: 1, resolved: 0 });
  });

  it('writes nothing for a verdict that changes no phase', () => {
    let writes = 0;
    const journal = temporaryJournal(clock);
    const record: Journal['record'] = (entries) => {
      writes += 1;
      journal.record(entries);
    };
    const alerting = alertingOn({ ...journal, record });
    for (let i = 0; i < 1000; i += 1) feed(alerting, pump, [[i, 0.3]]);
    alerting.flush();
    expect(writes).toBe(0);
    for (let i = 1000; i < 2000; i += 1) feed(alerting, pump, [[i, 1.3]]);
    alerting.flush();
    expect(writes).toBe(1);
  });

  it('ends no alert before it began when the clock of the asset was put back', () => {
    const journal = temporaryJournal(clock);
    const alerting = alertingOn(journal);
    feed(alerting, pump, [
      [10_000, 2],
      [10_060, 2],
      [5, 0],
      [105, 0],
    ]);
    alerting.flush();
    expect(journal.list().alerts).toMatchObject([{ state: 'resolved', firedAt: 10_060, resolvedAt: 10_060 }]);
  });

  it('refuses a time that is none and rounds one with a fraction', () => {
    const journal = temporaryJournal(clock);
    const alerting = alertingOn(journal);
    feed(alerting, pump, [
      [Number.NaN, 2],
      [0.25, 2],
      [61.25, 2],
    ]);
    expect(alerting.flush()).toBe(true);
    expect(alerting.status().ignored.no_time).toBe(1);
    expect(journal.list().alerts).toMatchObject([{ startedAt: 0, firedAt: 61 }]);
  });
});

describe('alerting after a restart', () => {
  it('keeps id and first start of a firing alert, does not fire anew, and resolves it later', () => {
    const file = join(temporaryDirectory(), 'journal.db');
    const first = openJournal({ file, clock });
    const before = alertingOn(first);
    feed(before, pump, [...rise, [80, 7]]);
    before.stop();
    const [alert] = first.list().alerts;
    first.close();

    const second = openJournal({ file, clock });
    const after = alertingOn(second);
    after.start();
    expect(after.status()).toMatchObject({ firing: 1, pending: 0 });
    // The index of an asset is another one in another process.
    feed(after, { ...pump, index: 77 }, [
      [5_000, 1.5],
      [5_010, 0.1],
    ]);
    after.flush();
    expect(second.list().alerts).toEqual([{ ...alert, priority: 'high', peakScore: 7 }]);
    feed(after, pump, [[5_110, 0.1]]);
    after.flush();
    const handling = { ...alert.handling, unansweredSince: null };
    const over = { state: 'resolved', operatorState: 'returned_unacknowledged', resolvedAt: 5_110, handling };
    expect(second.list().alerts).toEqual([{ ...alert, ...over, priority: 'high', peakScore: 7 }]);
    expect(second.outbox.backlog('ops')).toEqual({ queued: 2, dead: 0 });
    second.close();
  });

  it('takes up a pending alert with its first start', () => {
    const file = join(temporaryDirectory(), 'journal.db');
    const first = openJournal({ file, clock });
    const before = alertingOn(first);
    feed(before, pump, [
      [10, 1.5],
      [50, 1.5],
    ]);
    before.stop();
    first.close();

    const second = openJournal({ file, clock });
    const after = alertingOn(second);
    after.start();
    feed(after, pump, [[1_000, 1.5]]);
    after.flush();
    expect(second.list().alerts).toMatchObject([{ startedAt: 10, firedAt: 1_000 }]);
    second.close();
  });
});

describe('alerting while the journal fails', () => {
  it('keeps what it has decided, tells it once, and writes it by itself afterwards', async () => {
    const file = join(temporaryDirectory(), 'journal.db');
    const journal = openJournal({ file, clock });
    const { log, lines } = recordingLog();
    const seen: string[] = [];
    const alerting = alertingOn(journal, { log, onChange: (alert) => void seen.push(alert.state) });
    const other = new Database(file);
    other.exec('BEGIN IMMEDIATE');
    feed(alerting, pump, rise);
    expect(alerting.flush()).toBe(false);
    feed(alerting, pump, [
      [80, 0],
      [180, 0],
    ]);
    expect(alerting.flush()).toBe(false);
    expect(seen).toEqual([]);
    expect(alerting.status()).toMatchObject({
      uncommitted: 3,
      journalError: expect.stringContaining('locked'),
    });

    other.exec('COMMIT');
    other.close();
    await until('the journal is written', () => alerting.status().journalError === null);
    expect(seen).toEqual(['firing', 'resolved']);
    expect(journal.list().alerts).toMatchObject([{ state: 'resolved', startedAt: 10, resolvedAt: 180 }]);
    expect(lines.map((line) => line.level)).toEqual(['error', 'info']);
    alerting.stop();
    journal.close();
  });

  it('stands still when too much waits, and raises a fault that lasts afterwards', () => {
    const journal = temporaryJournal(clock);
    let broken = true;
    const record: Journal['record'] = (entries) => {
      if (broken) throw new Error('disk full');
      journal.record(entries);
    };
    const alerting = alertingOn(
      { ...journal, record },
      { sinks: [], policies: () => ({ ...policy, forMs: 0 }) },
    );
    for (let i = 0; i < 10_500; i += 1) feed(alerting, assetNamed(`pump-${i}`, i), [[0, 2]]);
    expect(alerting.status()).toMatchObject({
      uncommitted: 10_000,
      firing: 10_000,
      ignored: { journal_failing: 500 },
    });
    broken = false;
    alerting.flush();
    for (let i = 0; i < 10_500; i += 1) feed(alerting, assetNamed(`pump-${i}`, i), [[10, 2]]);
    alerting.flush();
    expect(journal.counts()).toEqual({ firing: 10_500, resolved: 0 });
    alerting.stop();
  });

  it('says what is lost when it has to stop', () => {
    const { log, lines } = recordingLog();
    const record = () => {
      throw new Error('disk full');
    };
    const alerting = alertingOn({ ...temporaryJournal(clock), record }, { log });
    feed(alerting, pump, rise);
    alerting.stop();
    alerting.stop();
    expect(lines.map((line) => [line.level, line.fields])).toEqual([
      ['error', { error: 'disk full', hint: undefined }],
      ['error', { transitions: 2 }],
    ]);
  });
});
