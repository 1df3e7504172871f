import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, it } from 'vitest';
import { type Alerting, createAlerting } from '../../src/alerts/alerting.ts';
import { type Journal, openJournal } from '../../src/alerts/journal.ts';
import { silentLogger } from '../../src/log.ts';
import type { Alert } from '../../src/types.ts';
import {
  assetNamed,
  channels,
  policy,
  temporaryDirectory,
  temporaryJournal,
  verdictOf,
} from './support/fixtures.ts';

const start = 1_700_000_000_000;
const hour = 3_600_000;
const pump = assetNamed('pump-3');
const other = assetNamed('pump-4', 1);
const ada = { by: 'ada', comment: 'because' };

/** An alerts stage whose wall clock the test sets. */
function stageOn(make: (clock: () => number) => Journal) {
  const wall = { now: start };
  const clock = () => wall.now;
  const journal = make(clock);
  const changed: Alert[] = [];
  const alerting = createAlerting({
    journal,
    sinks: ['ops'],
    policies: () => ({ ...policy, forMs: 0, keepFiringForMs: 0, action: 'Stop the pump.' }),
    channels: () => channels,
    knows: { asset: (id) => id === pump.id || id === other.id, class: (name) => name === 'pump' },
    clock,
    log: silentLogger,
    onChange: (alert) => void changed.push(alert),
  });
  alerting.start();
  return { wall, journal, alerting, changed };
}
const stage = () => stageOn(temporaryJournal);

function raise(alerting: Alerting, asset = pump, at = 10): void {
  alerting.onVerdict(verdictOf(asset, at, 2));
  alerting.flush();
}
function resolve(alerting: Alerting, asset = pump, at = 20): void {
  alerting.onVerdict(verdictOf(asset, at, 0));
  alerting.flush();
}
const newest = (journal: Journal, asset = pump): Alert => journal.list({ assetId: asset.id }).alerts[0];
/** What waits for the sink, as `raised or resolved of which id`. */
function queued(journal: Journal): string[] {
  const keys: string[] = [];
  for (let row = journal.outbox.head('ops'); row !== null; row = journal.outbox.head('ops')) {
    keys.push(row.notification.idempotencyKey);
    journal.outbox.delivered(row.id);
  }
  return keys;
}

describe('an alert and its operator', () => {
  it('is acknowledged while it fires, and closed when it is over', () => {
    const { journal, alerting } = stage();
    raise(alerting);
    const { id } = newest(journal);
    expect(newest(journal)).toMatchObject({ operatorState: 'unacknowledged', action: 'Stop the pump.' });
    expect(alerting.desk.acknowledge(id, ada)).toMatchObject({
      ok: true,
      value: { operatorState: 'acknowledged' },
    });
    expect(alerting.current(pump.id, 'anomaly')?.alert?.operatorState).toBe('acknowledged');
    resolve(alerting);
    expect(newest(journal)).toMatchObject({ state: 'resolved', operatorState: 'closed' });
  });

  it('waits for an acknowledgement after it is over', () => {
    const { journal, alerting } = stage();
    raise(alerting);
    resolve(alerting);
    expect(journal.list({ operatorState: 'returned_unacknowledged' }).alerts).toHaveLength(1);
    expect(alerting.desk.acknowledge(newest(journal).id, ada)).toMatchObject({
      value: { operatorState: 'closed' },
    });
    expect(journal.list({ operatorState: 'open' }).alerts).toEqual([]);
  });

  it('keeps its peak when an operator acts, and its operator when the peak rises', () => {
    const { journal, alerting } = stage();
    raise(alerting);
    alerting.onVerdict(verdictOf(pump, 11, 9));
    alerting.desk.assign(newest(journal).id, 'carl', ada);
    expect(newest(journal)).toMatchObject({ peakScore: 9, priority: 'high', handling: { assignee: 'carl' } });
    alerting.onVerdict(verdictOf(pump, 12, 11));
    alerting.save();
    expect(newest(journal)).toMatchObject({ peakScore: 11, handling: { assignee: 'carl' } });
  });

  it('acts on an alert of the same turn, which is not on disk yet', () => {
    const { journal, alerting } = stage();
    alerting.onVerdict(verdictOf(pump, 10, 2));
    const id = alerting.current(pump.id, 'anomaly')?.alert?.id ?? '';
    expect(alerting.desk.acknowledge(id, ada).ok).toBe(true);
    expect(journal.get(id)?.operatorState).toBe('acknowledged');
  });

  it('changes nothing, in memory either, when the journal refuses', () => {
    const { journal, alerting } = stageOn((clock) => {
      const file = join(temporaryDirectory(), 'journal.db');
      return Object.assign(openJournal({ file, clock }), { file });
    });
    raise(alerting);
    const { id } = newest(journal);
    const lock = new Database((journal as Journal & { file: string }).file);
    lock.exec('BEGIN IMMEDIATE');
    const act = () => alerting.desk.shelve(id, hour, ada);
    expect(act).toThrow(expect.objectContaining({ code: 'JOURNAL_FAILED', retryable: true }));
    lock.exec('COMMIT');
    lock.close();
    expect(alerting.desk.holds()).toEqual([]);
    expect(alerting.current(pump.id, 'anomaly')?.alert?.operatorState).toBe('unacknowledged');
    expect(act()).toMatchObject({ ok: true });
    journal.close();
  });
});

describe('shelving', () => {
  it('keeps the next episodes from the sinks, and both ends of them', () => {
    const { journal, alerting } = stage();
    raise(alerting);
    const first = newest(journal);
    expect(alerting.desk.shelve(first.id, hour, ada)).toMatchObject({ value: { operatorState: 'shelved' } });
    resolve(alerting);
    // The first was told before it was shelved, so that its end is told as well.
    expect(queued(journal)).toEqual([`${first.id}:firing:ops`, `${first.id}:resolved:ops`]);
    expect(newest(journal).operatorState).toBe('returned_unacknowledged');

    raise(alerting, pump, 30);
    expect(newest(journal)).toMatchObject({ operatorState: 'shelved', handling: { told: false } });
    raise(alerting, other, 30);
    expect(newest(journal, other).operatorState).toBe('unacknowledged');
    resolve(alerting, pump, 40);
    expect(newest(journal)).toMatchObject({ state: 'resolved', operatorState: 'closed' });
    expect(journal.transitions(newest(journal).id).map(({ what, reason }) => [what, reason])).toEqual([
      ['firing', 'raised'],
      ['shelved', 'not_told'],
      ['resolved', 'resolved'],
      ['closed', 'not_told'],
    ]);
    expect(queued(journal)).toEqual([`${newest(journal, other).id}:firing:ops`]);
  });

  it('tells what still fires when its time is over, once, also after a restart', () => {
    const file = join(temporaryDirectory(), 'journal.db');
    const before = stageOn((clock) => openJournal({ file, clock }));
    raise(before.alerting);
    before.alerting.desk.shelve(newest(before.journal).id, hour, ada);
    resolve(before.alerting);
    raise(before.alerting, pump, 30);
    expect(queued(before.journal)).toHaveLength(2);
    before.alerting.stop();
    before.journal.close();

    const { journal, alerting, wall } = stageOn((clock) => openJournal({ file, clock }));
    let told = 0;
    alerting.subscribe(() => {
      told += 1;
    });
    wall.now = start + hour - 1;
    alerting.sweep();
    expect([queued(journal), told]).toEqual([[], 0]);
    wall.now = start + hour;
    alerting.sweep();
    alerting.sweep();
    const { id } = newest(journal);
    expect([queued(journal), told]).toEqual([[`${id}:firing:ops`], 1]);
    expect(newest(journal)).toMatchObject({ operatorState: 'unacknowledged', handling: { told: true } });
    expect(journal.transitions(id).at(-1)).toMatchObject({ reason: 'shelving_expired', by: null });
    expect(alerting.desk.holds()).toEqual([]);
    resolve(alerting, pump, 40);
    expect(queued(journal)).toEqual([`${id}:resolved:ops`]);
    journal.close();
  });

  it('is ended by hand, and begun anew with another time', () => {
    const { journal, alerting, wall } = stage();
    raise(alerting);
    const { id } = newest(journal);
    alerting.desk.shelve(id, hour, ada);
    alerting.desk.shelve(id, 2 * hour, ada);
    wall.now += hour;
    alerting.sweep();
    expect(newest(journal).handling.shelvedUntil).toBe(start + 2 * hour);
    expect(alerting.desk.unshelve(id, ada)).toMatchObject({ value: { operatorState: 'unacknowledged' } });
    expect(alerting.desk.unshelve(id, ada)).toEqual({ ok: false, refusal: 'not_shelved' });
  });
});

describe('out of service and suppression', () => {
  it('records what an asset does while it is out of service, and tells the rest when it is back', () => {
    const { journal, alerting, changed } = stage();
    const of = { scope: 'asset', assetId: pump.id } as const;
    expect(alerting.desk.takeOutOfService(of, ada)).toMatchObject({ ok: true });
    raise(alerting);
    expect([newest(journal).operatorState, changed.length, queued(journal)]).toEqual([
      'out_of_service',
      1,
      [],
    ]);
    expect(alerting.desk.returnToService(of, ada)).toMatchObject({ ok: true });
    expect(queued(journal)).toEqual([`${newest(journal).id}:firing:ops`]);
    expect(newest(journal).operatorState).toBe('unacknowledged');
  });

  it('stays out of service while its class is', () => {
    const { journal, alerting } = stage();
    const asset = { scope: 'asset', assetId: pump.id } as const;
    const all = { scope: 'class', className: 'pump' } as const;
    alerting.desk.takeOutOfService(asset, ada);
    alerting.desk.takeOutOfService(all, ada);
    raise(alerting);
    raise(alerting, other);
    alerting.desk.returnToService(asset, ada);
    expect([newest(journal).operatorState, queued(journal)]).toEqual(['out_of_service', []]);
    alerting.desk.returnToService(all, ada);
    expect(queued(journal)).toHaveLength(2);
  });

  it('knows what there is', () => {
    const { alerting } = stage();
    const take = (of: Parameters<typeof alerting.desk.takeOutOfService>[0]) =>
      alerting.desk.takeOutOfService(of, ada);
    expect(take({ scope: 'asset', assetId: 'x' })).toEqual({ ok: false, refusal: 'no_such_asset' });
    expect(take({ scope: 'class', className: 'x' })).toEqual({ ok: false, refusal: 'no_such_class' });
    expect(alerting.desk.acknowledge('x', ada)).toEqual({ ok: false, refusal: 'no_such_alert' });
    expect(alerting.desk.returnToService({ scope: 'asset', assetId: pump.id }, ada)).toEqual({
      ok: false,
      refusal: 'not_out_of_service',
    });
  });
});
