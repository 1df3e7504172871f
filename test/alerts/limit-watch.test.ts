import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Alerting, createAlerting } from '../../src/alerts/alerting.ts';
import type { ClassAlerts } from '../../src/alerts/alerting-options.ts';
import { type Journal, openJournal } from '../../src/alerts/journal.ts';
import { LimitWatch } from '../../src/alerts/limit-watch.ts';
import type { ChannelLimits } from '../../src/alerts/limits.ts';
import { silentLogger } from '../../src/log.ts';
import type { Alert, AlertPriority } from '../../src/types.ts';
import { assetNamed, channels, policy, temporaryDirectory, temporaryJournal } from './support/fixtures.ts';

const now = 1_700_000_000_000;
const clock = () => now;
const pump = assetNamed('pump-3');
const order = { by: 'anna', comment: null };
const none: ChannelLimits = {
  hh: null,
  h: null,
  l: null,
  ll: null,
  deadband: 0,
  onDelayMs: 0,
  offDelayMs: 0,
};
const pressure: ChannelLimits = { ...none, hh: 9, h: 8, l: 2, ll: 1, deadband: 0.5 };
const limitAlert: ClassAlerts = { ...policy, forMs: 0, keepFiringForMs: 0, action: 'Open the valve.' };

interface Stage {
  readonly alerting: Alerting;
  readonly told: Alert[];
  /** Readings of current, vibration and pressure; null is missing. */
  row(at: number, ...readings: readonly (number | null)[]): void;
  alerts(): readonly Alert[];
}

interface StageOptions {
  readonly limits?: Readonly<Record<string, ChannelLimits>>;
  readonly consequence?: AlertPriority;
}

/** Limits over a journal; each call is a start of the daemon. */
function stageOn(
  journal: Journal,
  { limits = { pressure }, consequence = 'medium' }: StageOptions = {},
): Stage {
  const told: Alert[] = [];
  const alerting = createAlerting({
    journal,
    sinks: ['ops'],
    policies: () => ({ ...limitAlert, consequence }),
    channels: () => channels,
    knows: { asset: () => true, class: () => true },
    clock,
    log: silentLogger,
    onChange: (alert) => told.push(alert),
  });
  onTestFinished(() => alerting.stop());
  const watch = new LimitWatch({
    channels: channels.map((channel) => ({ ...channel, limits: limits[channel.name] ?? null })),
    consequence,
    alerting: () => alerting,
    clock,
  });
  alerting.start();
  watch.onAsset(pump);
  return {
    alerting,
    told,
    row(at, ...readings) {
      const values = Float32Array.from(readings, (one) => one ?? 99);
      const measured = Uint8Array.from(readings, (one) => (one === null ? 0 : 1));
      watch.onRow({ asset: pump, at, values, measured });
    },
    alerts() {
      alerting.flush();
      return [...journal.list().alerts].reverse();
    },
  };
}

describe('the limits of an asset', () => {
  it('raise one alert, which names channel, limit and value, and resolves below the deadband', () => {
    const stage = stageOn(temporaryJournal(clock));
    for (const [at, reading] of [7.9, 8, 8.3, 7.6, 7.5].entries()) stage.row(at, 1, 1, reading);
    expect(stage.alerts()).toMatchObject([
      {
        rule: 'limit:pressure:high',
        state: 'firing',
        priority: 'medium',
        firedAt: 1,
        score: null,
        channels: [{ channel: 'pressure', unit: 'bar', share: 1, expected: null, actual: 8 }],
        summary: 'pump-3 (north/1): pressure reads 8 bar, and its limit h is 8 bar',
        action: 'Open the valve.',
      },
    ]);
    stage.row(5, 1, 1, 7.4);
    expect(stage.alerts()).toMatchObject([{ state: 'resolved', resolvedAt: 5 }]);
    expect(stage.told.map(({ state }) => state)).toEqual(['firing', 'resolved']);
  });

  it('hold what they are where a reading is missing', () => {
    const stage = stageOn(temporaryJournal(clock));
    stage.row(0, 1, 1, null);
    expect(stage.alerts()).toEqual([]);
    stage.row(1, 1, 1, 0.5);
    stage.row(2, 1, 1, null);
    stage.row(3, null, null, null);
    expect(stage.alerts()).toMatchObject([{ rule: 'limit:pressure:low', state: 'firing', priority: 'high' }]);
  });

  it('are alarms of their own for every channel and side', () => {
    const stage = stageOn(temporaryJournal(clock), { limits: { pressure, current: { ...none, h: 10 } } });
    stage.row(0, 11, 1, 8.5);
    stage.row(1, 11, 1, 1.5);
    const shown = stage.alerts().map(({ rule, state }) => `${rule} ${state}`);
    expect(shown.toSorted()).toEqual([
      'limit:current:high firing',
      'limit:pressure:high resolved',
      'limit:pressure:low firing',
    ]);
  });

  it('have priorities of the consequence, and hh at least high', () => {
    const priorityOf = (consequence: AlertPriority, reading: number) => {
      const stage = stageOn(temporaryJournal(clock), { consequence });
      stage.row(0, 1, 1, reading);
      return stage.alerts()[0].priority;
    };
    expect(priorityOf('low', 8)).toBe('low');
    expect(priorityOf('low', 9)).toBe('high');
    expect(priorityOf('critical', 9)).toBe('critical');
  });
});

describe('an alert that escalates', () => {
  it('stays one alert, of a higher priority, that is told and to be acknowledged again, and only once', () => {
    const journal = temporaryJournal(clock);
    const stage = stageOn(journal);
    stage.row(0, 1, 1, 8.1);
    const [{ id }] = stage.alerts();
    stage.alerting.desk.acknowledge(id, order);
    for (const [i, reading] of [9.5, 8.2, 9.5].entries()) stage.row(i + 1, 1, 1, reading);
    const [alert, ...others] = stage.alerts();
    expect(others).toEqual([]);
    expect(alert).toMatchObject({ id, priority: 'high', operatorState: 'unacknowledged' });
    expect(alert.summary).toContain('reads 8.1 bar');
    const what = 'pump-3 (north/1): pressure reads 9.5 bar, and its limit hh is 9 bar';
    const history = journal.transitions(id).map(({ reason, comment }) => [reason, comment]);
    expect(history).toEqual([
      ['raised', null],
      ['acknowledge', null],
      ['escalated', what],
    ]);
    expect(stage.told).toHaveLength(1);
    expect(stage.alerting.status().transitions).toMatchObject({ raised: 1, escalated: 1 });

    stage.row(9, 1, 1, 5);
    expect(stage.alerts()).toMatchObject([{ id, state: 'resolved', priority: 'high' }]);
    const notifications: string[] = [];
    for (let row = journal.outbox.head('ops'); row !== null; row = journal.outbox.head('ops')) {
      const { alert: told, transition } = row.notification;
      notifications.push(`${transition} ${told.priority} ${told.summary.split(', ')[1]}`);
      journal.outbox.delivered(row.id);
    }
    expect(notifications).toEqual([
      'firing medium and its limit h is 8 bar',
      'firing high and its limit hh is 9 bar',
      'resolved high and its limit h is 8 bar',
    ]);
  });

  it('is told to nobody while it is shelved', () => {
    const journal = temporaryJournal(clock);
    const stage = stageOn(journal);
    stage.row(0, 1, 1, 8.1);
    const [{ id }] = stage.alerts();
    stage.alerting.desk.shelve(id, 60_000, order);
    stage.row(1, 1, 1, 9.1);
    expect(stage.alerts()).toMatchObject([{ id, priority: 'high', operatorState: 'shelved' }]);
    expect(journal.outbox.backlog('ops').queued).toBe(1);
  });
});

describe('limits over a restart', () => {
  it('go on where they were', () => {
    const file = join(temporaryDirectory(), 'alerts.db');
    const first = openJournal({ file, clock });
    const before = stageOn(first);
    for (const [at, reading] of [8.1, 9.1].entries()) before.row(at, 1, 1, reading);
    const [{ id }] = before.alerts();
    before.alerting.stop();
    first.close();

    const second = openJournal({ file, clock });
    onTestFinished(() => second.close());
    const stage = stageOn(second);
    // Within the deadband of h it would not be over had nothing been known of it.
    for (const [at, reading] of [7.7, 8.9, 9.2].entries()) stage.row(at + 10, 1, 1, reading);
    expect(stage.alerts()).toMatchObject([{ id, state: 'firing', priority: 'high' }]);
    expect(second.transitions(id).map(({ reason }) => reason)).toEqual(['raised', 'escalated']);
    stage.row(20, 1, 1, 7);
    expect(stage.alerts()).toMatchObject([{ id, state: 'resolved', resolvedAt: 20 }]);
  });

  it('end with the limit itself when it is no longer configured', () => {
    const journal = temporaryJournal(clock);
    const before = stageOn(journal);
    before.row(0, 1, 1, 8.1);
    before.alerting.stop();
    expect(stageOn(journal, { limits: {} }).alerts()).toMatchObject([{ state: 'resolved', resolvedAt: now }]);
  });
});

describe('limits, for any readings', () => {
  it('have at most one alert a side at a time, raised and resolved in turn, and none without a reading beyond', () => {
    const reading = fc.oneof(fc.double({ min: 0, max: 10, noNaN: true }), fc.constant(null));
    fc.assert(
      fc.property(fc.array(reading, { maxLength: 60 }), (readings) => {
        const journal = temporaryJournal(clock);
        const stage = stageOn(journal);
        for (const [at, one] of readings.entries()) stage.row(at, 1, 1, one);
        const alerts = stage.alerts();
        for (const side of ['high', 'low']) {
          const own = alerts.filter(({ rule }) => rule === `limit:pressure:${side}`);
          for (const [i, { resolvedAt }] of own.slice(0, -1).entries())
            expect(resolvedAt).toBeLessThan(own[i + 1].firedAt);
          const beyond = readings.some((one) => one !== null && (side === 'high' ? one >= 8 : one <= 2));
          expect(own.length > 0).toBe(beyond);
        }
        stage.alerting.stop();
        journal.close();
      }),
      { numRuns: 30 },
    );
  });
});
