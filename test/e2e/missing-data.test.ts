import { describe, expect, it } from 'vitest';
import type { AlertBody } from '../../src/api/alert-schemas.ts';
import type { AssetDetailBody } from '../../src/api/asset-schemas.ts';
import { writeConfig } from './support/config-file.ts';
import { type RunningDaemon, startDaemon } from './support/daemon.ts';
import { startRowFeeder } from './support/row-feeder.ts';
import { trainedFolder } from './support/trained-state.ts';
import { until } from './support/until.ts';

const alertsOf = async (daemon: RunningDaemon, query = '') =>
  (await daemon.get<{ alerts: AlertBody[] }>(`/api/v1/alerts${query}`)).body.alerts;
const assetOf = async (daemon: RunningDaemon, id: string) =>
  (await daemon.get<AssetDetailBody>(`/api/v1/assets/${encodeURIComponent(id)}`)).body;

/** Four of the eight channels. */
const half = ['speed', 'current', 'bearing_temperature', 'voltage'];
const onlyHalf = <T extends { values: Record<string, number> }>(payload: T, factor = 1): T => ({
  ...payload,
  values: Object.fromEntries(half.map((name) => [name, payload.values[name] * factor])),
});

describe('missing data', { timeout: 60_000 }, () => {
  it('an asset that sends nothing has an alert of its own, which resolves when it is back', async () => {
    const alert = { silent_after: '2s', for: '1s', keep_firing_for: '1s' };
    const daemon = await startDaemon(writeConfig(await trainedFolder(), { alert }));
    const feeder = await startRowFeeder(daemon, 2);
    await feeder.feed(40, [0, 1]);
    // One of the two goes on, so that it is the asset that is silent and not the broker.
    const raised = await until('the silence is told', async () => {
      await feeder.feed(1, [0]);
      const [found] = await alertsOf(daemon, '?rule=silent');
      return found;
    });
    expect(raised).toMatchObject({ asset: feeder.assetId(1), state: 'firing', score: null, channels: [] });
    expect(raised.summary).toBe('pump-2 (north/line-1): sends no data any more');
    expect(await assetOf(daemon, feeder.assetId(1))).toMatchObject({ state: 'silent', alert: raised.id });
    expect((await assetOf(daemon, feeder.assetId(0))).alert).toBeNull();

    const resolved = await until('it is over', async () => {
      await feeder.feed(1, [0, 1]);
      const [found] = await alertsOf(daemon, '?rule=silent&state=resolved');
      return found;
    });
    expect(resolved).toMatchObject({ id: raised.id, startedAt: raised.startedAt });
    expect(await alertsOf(daemon, '?rule=silent')).toHaveLength(1);
    expect((await assetOf(daemon, feeder.assetId(1))).alert).toBeNull();
    expect((await daemon.kill('SIGTERM')).code).toBe(0);
  });

  it('rows with half of the channels neither raise nor resolve an alert', async () => {
    const daemon = await startDaemon(writeConfig(await trainedFolder()));
    const feeder = await startRowFeeder(daemon, 2);
    const [healthy, faulty] = [feeder.assetId(0), feeder.assetId(1)];
    await feeder.feed(60, [0, 1]);
    expect(await alertsOf(daemon)).toEqual([]);
    const leak = feeder.plant.inject(1, { kind: 'leak', startAt: 0, size: 2, rampMs: 5000 });
    await feeder.feed(40, [0, 1]);
    const [raised, ...others] = await alertsOf(daemon);
    expect(others).toEqual([]);
    expect(raised).toMatchObject({ asset: faulty, state: 'firing' });

    // From the 20th such row on a window of 32 has less than 70 % of its readings.
    await feeder.feed(24, [0, 1], (payload) => onlyHalf(payload));
    for (const id of [healthy, faulty])
      expect(await assetOf(daemon, id)).toMatchObject({ state: 'unknown', reason: 'low_coverage' });
    feeder.plant.clear(leak);
    // Enough normal rows to resolve the alert of the one, and enough wild ones to raise one of the other.
    const before = await assetOf(daemon, healthy);
    await feeder.feed(60, [0, 1], (payload, pump) => onlyHalf(payload, pump === 0 ? 3 : 1));
    const after = await assetOf(daemon, healthy);
    expect(after.windows - before.windows).toBe(60);
    expect(after).toMatchObject({ reason: 'low_coverage', anomalousWindows: before.anomalousWindows });
    expect(await alertsOf(daemon)).toMatchObject([{ id: raised.id, state: 'firing' }]);

    // The wild rows leave the window first: a window with enough readings may judge them.
    await feeder.feed(40, [0, 1], (payload) => onlyHalf(payload));
    await feeder.feed(80, [0, 1]);
    expect(await alertsOf(daemon)).toMatchObject([{ id: raised.id, state: 'resolved' }]);
    for (const id of [healthy, faulty])
      expect(await assetOf(daemon, id)).toMatchObject({ state: 'normal', alert: null });
    expect((await daemon.kill('SIGTERM')).code).toBe(0);
  });
});
