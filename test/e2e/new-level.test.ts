import { describe, expect, it } from 'vitest';
import type { AlertBody } from '../../src/api/alert-schemas.ts';
import type { ModelBody } from '../../src/api/model-schemas.ts';
import type { StatusBody } from '../../src/api/status-schema.ts';
import { startAedes } from './support/brokers.ts';
import { writeConfig } from './support/config-file.ts';
import { type RunningDaemon, startDaemon } from './support/daemon.ts';
import { startCommand } from './support/process.ts';
import { startRowFeeder } from './support/row-feeder.ts';
import { trainedFolder } from './support/trained-state.ts';
import { until } from './support/until.ts';

const alertsOf = async (daemon: RunningDaemon) =>
  (await daemon.get<{ alerts: AlertBody[] }>('/api/v1/alerts')).body.alerts;
const modelOf = async (daemon: RunningDaemon) =>
  (await daemon.get<StatusBody>('/api/v1/status')).body.classes[0].model;

/** A daemon with a trained model, and pumps of which the first reads `warmer` degrees more at its bearing. */
async function warmPump(retrain: object) {
  const config = writeConfig(await trainedFolder(), { broker: await startAedes(), retrain });
  const daemon = await startDaemon(config);
  const feeder = await startRowFeeder(daemon, 2);
  const feed = (rows: number, warmer: number, pressure = 0) =>
    feeder.feed(rows, [0, 1], (payload, pump) => {
      const { values } = payload;
      if (pump !== 0) return payload;
      return {
        ...payload,
        values: {
          ...values,
          bearing_temperature: values.bearing_temperature + warmer,
          pressure: values.pressure + pressure,
        },
      };
    });
  return { daemon, config, feed, asset: feeder.assetId(0) };
}

describe('a machine that runs in a new way for good', { timeout: 120_000 }, () => {
  it('has one alert, and is normal when a person has said so, after a kill as well; a fault is alerted all the same', async () => {
    const { daemon, config, feed, asset } = await warmPump({});
    const first = await modelOf(daemon);
    await feed(60, 0);
    expect(await alertsOf(daemon)).toEqual([]);
    await feed(400, 6);
    const [alert, ...others] = await alertsOf(daemon);
    expect(others).toEqual([]);
    expect(alert).toMatchObject({ asset, rule: 'anomaly', state: 'firing' });

    const accept = (id: string) =>
      startCommand([
        'alerts',
        'accept-level',
        id,
        '--by',
        'ada',
        '--comment',
        'new oil',
        '--url',
        daemon.apiUrl,
      ]).ended;
    const { code, stdout, stderr } = await accept(alert.id);
    expect(stderr).toBe('');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^normal from now on, by pump-2-.*new oil/)]);
    expect(await modelOf(daemon)).toMatch(/^pump-2-/);
    await feed(200, 6);
    const [over, ...more] = await alertsOf(daemon);
    expect(more).toEqual([]);
    expect(over).toMatchObject({ id: alert.id, state: 'resolved' });
    const { history } = (
      await daemon.get<{ history: { comment: string | null; by: string | null }[] }>(
        `/api/v1/alerts/${alert.id}`,
      )
    ).body;
    expect(history).toContainEqual(
      expect.objectContaining({
        by: 'ada',
        comment: expect.stringMatching(/new level is normal .* new oil$/),
      }),
    );
    expect((await accept(alert.id)).stderr).toContain('is over');
    await feed(200, 6, -2);
    expect((await alertsOf(daemon)).length).toBe(2);

    await daemon.kill('SIGKILL');
    const again = await startDaemon(config);
    expect(await modelOf(again)).toMatch(/^pump-2-/);
    const { models } = (await again.get<{ models: ModelBody[] }>('/api/v1/models')).body;
    expect(models.map(({ id }) => id)).toContain(first);
  });

  it('is normal by itself after the time that its class sets', async () => {
    const { daemon, feed } = await warmPump({ accept_level_after: '5m' });
    await feed(60, 0);
    await feed(500, 6);
    await until('its level is accepted', async () => (await modelOf(daemon))?.startsWith('pump-2-'), {
      withinMs: 30_000,
    });
    await feed(200, 6);
    expect(await alertsOf(daemon)).toMatchObject([{ state: 'resolved' }]);
  });
});
