import { describe, expect, it } from 'vitest';
import type { AlertBody } from '../../src/api/alert-schemas.ts';
import type { AssetDetailBody } from '../../src/api/asset-schemas.ts';
import type { StatusBody } from '../../src/api/status-schema.ts';
import { availableBrokers } from './support/brokers.ts';
import { temporaryFolder, writeConfig } from './support/config-file.ts';
import { startDaemon } from './support/daemon.ts';
import { startRowFeeder } from './support/row-feeder.ts';
import { trainedFolder } from './support/trained-state.ts';
import { until } from './support/until.ts';
import { startWebhook } from './support/webhook.ts';

describe.each(availableBrokers('limits'))('limits over $name', ({ start }) => {
  it('a reading beyond hh gives one alert while the class still learns', { timeout: 60_000 }, async () => {
    const broker = await start();
    const { url: webhookUrl, deliveries } = await startWebhook();
    const channels = { pressure: { limits: { h: 100, hh: 200, deadband: 5 } } };
    const daemon = await startDaemon(writeConfig(temporaryFolder(), { broker, webhookUrl, channels }));
    await until('it is subscribed', async () => (await daemon.get('/readyz')).status === 200);
    const feeder = await startRowFeeder(daemon, 2);
    const alerts = async () => (await daemon.get<{ alerts: AlertBody[] }>('/api/v1/alerts')).body.alerts;
    const feed = (rows: number, pressure?: number) =>
      feeder.feed(rows, [0, 1], (payload, pump) =>
        pump === 0 || pressure === undefined
          ? payload
          : { ...payload, values: { ...payload.values, pressure } },
      );

    await feed(3);
    await feed(3, 250);
    // A row is made when the next one begins.
    await feed(1, 199);
    const expected = {
      asset: feeder.assetId(1),
      rule: 'limit:pressure:high',
      state: 'firing',
      priority: 'high',
      score: null,
      summary: 'pump-2 (north/line-1): pressure reads 250 bar, and its limit hh is 200 bar',
    };
    const [alert, ...others] = await until('the alert is raised', async () => {
      const found = await alerts();
      return found.length > 0 && found;
    });
    expect(others).toEqual([]);
    expect(alert).toMatchObject(expected);
    const { body: status } = await daemon.get<StatusBody>('/api/v1/status');
    expect(status.classes).toMatchObject([{ state: 'collecting', model: null }]);
    const asset = await daemon.get<AssetDetailBody>(
      `/api/v1/assets/${encodeURIComponent(feeder.assetId(1))}`,
    );
    expect(asset.body).toMatchObject({ state: 'warming_up', alert: alert.id });
    const filtered = await daemon.get<{ alerts: AlertBody[] }>('/api/v1/alerts?rule=limit:pressure:low');
    expect(filtered).toMatchObject({ status: 200, body: { alerts: [] } });

    await feed(3);
    await until('it is over', async () => (await alerts())[0].state === 'resolved');
    await until('both are told', () => deliveries.length === 2);
    expect(deliveries.map((one) => [one.status, one.alert.id])).toEqual([
      ['firing', alert.id],
      ['resolved', alert.id],
    ]);
    expect(await alerts()).toHaveLength(1);
    expect((await daemon.kill('SIGTERM')).code).toBe(0);
  });
});

describe('deviations that do not matter', { timeout: 60_000 }, () => {
  it('raise no alert, and are counted', async () => {
    const channels = Object.fromEntries(
      [
        'speed',
        'current',
        'pressure',
        'flow',
        'vibration',
        'bearing_temperature',
        'fluid_temperature',
        'voltage',
      ].map((name) => [name, { deviation: { min_relative: 1000 } }]),
    );
    const daemon = await startDaemon(writeConfig(await trainedFolder(), { channels }));
    const feeder = await startRowFeeder(daemon, 1);
    await feeder.feed(60, [0]);
    feeder.plant.inject(0, { kind: 'leak', startAt: 0, size: 2, rampMs: 5000 });
    await feeder.feed(40, [0]);
    const { body: status } = await daemon.get<StatusBody>('/api/v1/status');
    expect(status.scoring.tolerated.below_minimum).toBeGreaterThan(10);
    expect(status.alerts.raised).toBe(0);
    expect(
      (await daemon.get<AssetDetailBody>(`/api/v1/assets/${encodeURIComponent(feeder.assetId(0))}`)).body,
    ).toMatchObject({
      state: 'normal',
      anomalousWindows: 0,
    });
    expect((await daemon.kill('SIGTERM')).code).toBe(0);
  });
});
