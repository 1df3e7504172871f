import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { createAlerting } from '../../src/alerts/alerting.ts';
import { openJournal } from '../../src/alerts/journal.ts';
import { silentLogger } from '../../src/log.ts';
import { assetNamed, channels, policy, temporaryDirectory, verdictOf } from './support/fixtures.ts';

/** The schema of version 1, word for word, as it stands in the journals that are out there. */
const versionOne = `
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
`;

const oldAlert = (id: string, state: 'firing' | 'resolved', name: string) => ({
  id,
  assetId: `north/1/${name}`,
  className: 'pump',
  labels: { site: 'north', line: '1', asset: name },
  rule: 'anomaly',
  state,
  startedAt: 1000,
  firedAt: 2000,
  resolvedAt: state === 'resolved' ? 5000 : null,
  score: 1.5,
  peakScore: 3,
  model: 'pump-1',
  channels: [{ channel: 'vibration', unit: 'mm/s', share: 1, expected: 2.1, actual: 4.8 }],
  summary: `${name} (north/1): vibration`,
});

/** A journal as version 1 wrote it: an alert that fires, one that is over, and one that is pending. */
function writeOldJournal(file: string): void {
  const database = new Database(file);
  database.exec(versionOne);
  database.exec('PRAGMA user_version = 1');
  const alert = database.prepare(`INSERT INTO alert VALUES (${'?,'.repeat(15)}?)`);
  const line = database.prepare(
    'INSERT INTO alert_transition (alert_id, at, recorded_at, what, reason) VALUES (?,?,?,?,?)',
  );
  const outbox = database.prepare(
    'INSERT INTO outbox (alert_id, transition, sink, idempotency_key, payload, state) VALUES (?,?,?,?,?,?)',
  );
  const state = database.prepare('INSERT INTO alert_state VALUES (?,?,?,?,?)');
  for (const one of [oldAlert('al_1', 'resolved', 'pump-1'), oldAlert('al_2', 'firing', 'pump-2')]) {
    alert.run(
      ...[one.id, one.assetId, one.className, JSON.stringify(one.labels), one.rule, one.state],
      ...[one.startedAt, one.firedAt, one.resolvedAt, one.score, one.peakScore, one.model],
      ...[JSON.stringify(one.channels), one.summary, 9000, 9000],
    );
    line.run(one.id, 2000, 9000, 'firing', 'raised');
    if (one.state === 'resolved') line.run(one.id, 5000, 9000, 'resolved', 'resolved');
    outbox.run(one.id, one.state, 'ops', `${one.id}:${one.state}:ops`, JSON.stringify(one), 'queued');
  }
  const timed = { startedAt: 1000, peakScore: 3, lastAt: 2500, unbroken: true };
  const firing = { phase: 'firing', ...timed, firedAt: 2000, clearMs: 10 };
  state.run('north/1/pump-2', 'anomaly', 'al_2', 2500, JSON.stringify(firing));
  const pending = { phase: 'pending', ...timed, activeMs: 30 };
  state.run('north/1/pump-3', 'anomaly', null, 2500, JSON.stringify(pending));
  database.close();
}

describe('a journal of version 1', () => {
  const clock = () => 1_700_000_000_000;

  it('is taken up with all that is in it', () => {
    const file = join(temporaryDirectory(), 'journal.db');
    writeOldJournal(file);
    const journal = openJournal({ file, clock });
    expect(journal.get('al_2')).toEqual({
      ...oldAlert('al_2', 'firing', 'pump-2'),
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
      action: null,
    });
    expect(journal.get('al_1')).toMatchObject({ operatorState: 'closed', handling: { acknowledged: true } });
    expect(journal.transitions('al_1').map(({ reason, by }) => [reason, by])).toEqual([
      ['raised', null],
      ['resolved', null],
    ]);
    expect(journal.outbox.head('ops')?.notification.alert).toEqual(journal.get('al_1'));
    expect(journal.events(1, 10).map(({ number, alert }) => [number, alert.id])).toEqual([
      [2, 'al_1'],
      [3, 'al_2'],
    ]);
    expect(journal.lastEvent()).toBe(3);
    journal.close();
    // Once is enough.
    openJournal({ file, clock }).close();
  });

  it('goes on with the episodes in progress', () => {
    const file = join(temporaryDirectory(), 'journal.db');
    writeOldJournal(file);
    const journal = openJournal({ file, clock });
    const alerting = createAlerting({
      journal,
      sinks: ['ops'],
      policies: () => ({
        ...policy,
        raiseOn: { windows: 2, of: 3 },
        forMs: 0,
        clearAfter: 2,
        keepFiringForMs: 0,
      }),
      channels: () => channels,
      knows: { asset: () => true, class: () => true },
      clock,
      log: silentLogger,
    });
    alerting.start();
    expect(alerting.status()).toMatchObject({ firing: 1, pending: 1 });
    alerting.onVerdict(verdictOf(assetNamed('pump-3'), 3000, 2));
    for (const at of [3000, 3001]) alerting.onVerdict(verdictOf(assetNamed('pump-2'), at, 0));
    alerting.flush();
    expect(journal.list({ assetId: 'north/1/pump-3' }).alerts).toMatchObject([
      { startedAt: 1000, firedAt: 3000 },
    ]);
    expect(journal.get('al_2')).toMatchObject({
      state: 'resolved',
      operatorState: 'returned_unacknowledged',
      resolvedAt: 3001,
      peakScore: 3,
    });
    alerting.stop();
    journal.close();
  });
});
