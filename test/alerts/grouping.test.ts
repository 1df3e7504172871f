import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Alerting, createAlerting } from '../../src/alerts/alerting.ts';
import { createDelivery } from '../../src/alerts/delivery.ts';
import type { Grouping } from '../../src/alerts/group-table.ts';
import { openJournal } from '../../src/alerts/journal.ts';
import type { Notification } from '../../src/alerts/sink.ts';
import type { AlertmanagerPayload } from '../../src/alerts/sinks/alertmanager-payload.ts';
import { silentLogger } from '../../src/log.ts';
import type { Alert, Asset } from '../../src/types.ts';
import { channels, policy, temporaryDirectory, until, verdictOf } from './support/fixtures.ts';
import { startReceiver } from './support/receiver.ts';
import { webhookSinkAt } from './support/webhook-sink.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const byLine: Grouping = {
  by: ['line'],
  waitMs: 30 * SECOND,
  intervalMs: 5 * MINUTE,
  flood: { alerts: 10, withinMs: 10 * MINUTE },
  sinks: new Set(['ops']),
  called: new Set(),
};
const ungrouped: Grouping = { ...byLine, by: [] };
const begin = 1_700_000_000_000;

function assetOn(line: string | null, index: number): Asset {
  const place = line === null ? {} : { line };
  const name = `pump-${index}`;
  return { index, id: `${line ?? 'yard'}/${name}`, className: 'pump', labels: { ...place, asset: name } };
}

/** A plant's alerts on a clock that stands until somebody moves it; `start` opens the same journal again. */
function plant() {
  const file = join(temporaryDirectory(), 'alerts.db');
  const wall = { now: begin };
  const clock = () => wall.now;
  let at = 0;
  const start = (grouping: Grouping = byLine, sinks: readonly string[] = ['ops']) => {
    const journal = openJournal({ file, clock, grouping });
    const alerting: Alerting = createAlerting({
      journal,
      sinks,
      policies: () => ({ ...policy, forMs: 0, keepFiringForMs: 0 }),
      channels: () => channels,
      knows: { asset: () => true, class: () => true },
      clock,
      log: silentLogger,
    });
    alerting.start();
    const verdict = (assets: readonly Asset[], value: number) => {
      for (const asset of assets) {
        at += 1;
        alerting.onVerdict(verdictOf(asset, at, value));
      }
      alerting.flush();
    };
    const stop = () => {
      alerting.stop();
      journal.close();
    };
    onTestFinished(stop);
    return {
      journal,
      alerting,
      raise: (...assets: Asset[]) => verdict(assets, 2),
      resolve: (...assets: Asset[]) => verdict(assets, 0),
      /** A second at a time, as the daemon does, or another step. */
      pass(ms: number, step = SECOND) {
        for (let passed = 0; passed < ms; passed += step) {
          wall.now += step;
          journal.groups.sweep();
        }
      },
      /** What has come to the outbox since the last call, in order. */
      told(sink = 'ops'): Notification[] {
        const told: Notification[] = [];
        for (let row = journal.outbox.head(sink); row !== null; row = journal.outbox.head(sink)) {
          told.push(row.notification);
          journal.outbox.delivered(row.id);
        }
        return told;
      },
      newest: (asset: Asset): Alert => journal.list({ assetId: asset.id }).alerts[0]!,
      stop,
    };
  };
  return { start, wall };
}

const idsOf = ({ group }: Notification) => group?.alerts.map(({ assetId, state }) => `${assetId} ${state}`);
const [a, b, c] = [assetOn('1', 1), assetOn('1', 2), assetOn('1', 3)];

describe('alerts in a group', () => {
  it('wait for each other, then for the interval, and are told in order with their ends', () => {
    const stage = plant().start();
    stage.raise(a);
    stage.pass(10 * SECOND);
    stage.raise(b);
    stage.pass(19 * SECOND);
    expect(stage.told()).toEqual([]);
    stage.pass(SECOND);
    const [first, ...none] = stage.told();
    expect(none).toEqual([]);
    expect(idsOf(first!)).toEqual(['1/pump-1 firing', '1/pump-2 firing']);
    expect(first).toMatchObject({
      transition: 'firing',
      alert: { assetId: '1/pump-1' },
      group: { labels: { line: '1' }, total: 2, firing: 2, flood: false, incident: { first: '1/pump-1' } },
    });

    stage.resolve(a);
    stage.raise(c);
    stage.resolve(c);
    stage.pass(5 * MINUTE - SECOND);
    expect(stage.told()).toEqual([]);
    stage.pass(SECOND);
    const [second] = stage.told();
    // One alert was raised and over meanwhile: it is told all the same.
    expect(idsOf(second!)).toEqual(['1/pump-1 resolved', '1/pump-3 resolved']);
    expect(second).toMatchObject({ transition: 'firing', group: { firing: 1 } });
    stage.resolve(b);
    stage.pass(5 * MINUTE);
    const [third] = stage.told();
    expect(idsOf(third!)).toEqual(['1/pump-2 resolved']);
    expect(third).toMatchObject({ transition: 'resolved', group: { firing: 0 } });
    expect(new Set([first, second, third].map((one) => one!.idempotencyKey)).size).toBe(3);
  });

  it('are those alone that have the labels, for those sinks alone that take groups', () => {
    const stage = plant().start(byLine, ['ops', 'mqtt']);
    const yard = assetOn(null, 4);
    stage.raise(a, yard);
    expect(stage.told().map(({ alert, group }) => [alert.assetId, group])).toEqual([[yard.id, undefined]]);
    expect(stage.told('mqtt').map(({ alert }) => alert.assetId)).toEqual([a.id, yard.id]);
    stage.pass(30 * SECOND);
    expect(stage.told().map(idsOf)).toEqual([['1/pump-1 firing']]);
    expect(stage.told('mqtt')).toEqual([]);
  });

  it('share an incident while they overlap, and begin another afterwards', () => {
    const stage = plant().start();
    const other = assetOn('2', 9);
    stage.raise(a, other, b);
    stage.resolve(a);
    stage.raise(c);
    const first = stage.newest(a).id;
    for (const asset of [a, b, c])
      expect(stage.newest(asset).incident).toEqual({ id: first, first: a.id, alerts: 3 });
    expect(stage.newest(other).incident).toMatchObject({ first: other.id, alerts: 1 });
    stage.resolve(b, c);
    stage.raise(b);
    expect(stage.newest(b).incident).toEqual({ id: stage.newest(b).id, first: b.id, alerts: 1 });
  });

  it('are told in parts when they are many, and none is left out', () => {
    const stage = plant().start({ ...byLine, flood: { alerts: 0, withinMs: 0 } });
    const assets = Array.from({ length: 450 }, (_, i) => assetOn('1', i));
    stage.raise(...assets);
    stage.pass(30 * SECOND);
    const told = stage.told();
    expect(told.map(({ group }) => group?.alerts.length)).toEqual([200, 200, 50]);
    expect(told.flatMap(({ group }) => group!.alerts.map(({ assetId }) => assetId))).toEqual(
      assets.map(({ id }) => id),
    );
  });

  it('wait over a restart, and are not pruned before they are told', () => {
    const { start, wall } = plant();
    const before = start();
    before.raise(a);
    before.resolve(a);
    before.stop();
    wall.now += 10 * MINUTE;
    const stage = start();
    expect(stage.journal.prune(0)).toBe(0);
    stage.pass(SECOND);
    expect(stage.told().map(idsOf)).toEqual([['1/pump-1 resolved']]);
  });

  it('are told at once, in their group and in order, when there are no groups any more', () => {
    const { start } = plant();
    const before = start();
    before.raise(a);
    before.stop();
    const stage = start(ungrouped);
    stage.resolve(a);
    stage.raise(b);
    expect(stage.told().map(({ alert, group }) => [alert.assetId, group])).toEqual([[b.id, undefined]]);
    stage.pass(SECOND);
    expect(stage.told().map(idsOf)).toEqual([['1/pump-1 resolved']]);
    expect(stage.newest(b).incident).toBeUndefined();
  });
});

describe('a flood', () => {
  it('is told of once in its time, with all counted, and what waits at its end is told at once', () => {
    const stage = plant().start();
    const assets = Array.from({ length: 300 }, (_, i) => assetOn('1', i));
    stage.raise(...assets.slice(0, 250));
    stage.pass(30 * SECOND);
    const [summary, ...none] = stage.told();
    expect(none).toEqual([]);
    expect(summary!.group).toMatchObject({ flood: true, total: 250, firing: 250 });
    expect(summary!.group!.alerts[0]!.assetId).toBe('1/pump-0');
    stage.pass(5 * MINUTE);
    stage.raise(...assets.slice(250));
    stage.pass(4 * MINUTE);
    expect(stage.told()).toEqual([]);
    stage.pass(MINUTE);
    expect(stage.told().map(({ group }) => [group!.flood, group!.total])).toEqual([[true, 50]]);
    stage.resolve(...assets);
    stage.pass(5 * MINUTE);
    const end = stage.told();
    expect(end.map(({ transition, group }) => [transition, group!.flood, group!.alerts.length])).toEqual([
      ['resolved', false, 200],
      ['resolved', false, 100],
    ]);
  });

  it('of 1,000 assets at once is one incident a line and one notification a line; the record holds all', async () => {
    const receiver = await startReceiver();
    const { start, wall } = plant();
    const stage = start();
    const sink = webhookSinkAt(receiver.url);
    const { outbox } = stage.journal;
    const delivery = createDelivery({ outbox, sinks: [sink], clock: () => wall.now, log: silentLogger });
    onTestFinished(() => delivery.stop());
    delivery.start();
    const lines = Array.from({ length: 10 }, (_, line) => `line-${line}`);
    const assets = Array.from({ length: 1000 }, (_, i) => assetOn(lines[i % 10]!, i));
    stage.raise(...assets);
    stage.pass(9 * MINUTE, 10 * SECOND);
    delivery.poke();
    await until('all is delivered', () => outbox.backlog('ops').queued === 0);
    const bodies = receiver.received.map(({ body }) => JSON.parse(body) as AlertmanagerPayload);
    expect(bodies.map(({ groupKey }) => groupKey).sort()).toEqual(lines.map((line) => `{}:{line="${line}"}`));
    for (const body of bodies) {
      const line = body.groupLabels.line!;
      expect(body.alerts).toHaveLength(100);
      expect(body).toMatchObject({
        status: 'firing',
        truncatedAlerts: 0,
        commonLabels: { line, class: 'pump', rule: 'anomaly', alertname: 'ForewarnAnomaly' },
        commonAnnotations: { first_asset: `${line}/pump-${lines.indexOf(line)}` },
      });
      expect(body.commonAnnotations.summary).toMatch(
        /^FLOOD MEDIUM 100 alerts, line=line-\d: 100 fire, first /,
      );
    }
    expect(stage.journal.counts()).toEqual({ firing: 1000, resolved: 0 });
    const recorded = stage.journal.list({ limit: 1000 }).alerts;
    expect(new Set(recorded.map(({ assetId }) => assetId)).size).toBe(1000);
    expect(new Set(recorded.map(({ incident }) => incident?.id)).size).toBe(10);
    expect(recorded.every(({ incident }) => incident?.alerts === 100)).toBe(true);

    stage.resolve(...assets);
    stage.pass(30 * MINUTE, 10 * SECOND);
    delivery.poke();
    await until('the ends are delivered', () => outbox.backlog('ops').queued === 0);
    expect(receiver.received).toHaveLength(20);
    const ends = receiver.received.slice(10).map(({ body }) => JSON.parse(body) as AlertmanagerPayload);
    expect(ends.every(({ status, alerts }) => status === 'resolved' && alerts.length === 100)).toBe(true);
    expect(new Set(receiver.received.map(({ headers }) => headers['idempotency-key'])).size).toBe(20);
  });
});
