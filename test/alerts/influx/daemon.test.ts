import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { AlertBody } from '../../../src/api/alert-schemas.ts';
import type { StatusBody } from '../../../src/api/status-schema.ts';
import { startAedes } from '../../e2e/support/brokers.ts';
import { temporaryFolder, writeConfig } from '../../e2e/support/config-file.ts';
import { type RunningDaemon, startDaemon } from '../../e2e/support/daemon.ts';
import { startPlant } from '../../e2e/support/test-plant.ts';
import { until } from '../../e2e/support/until.ts';
import { influxd, startInfluxd } from './influxd.ts';

if (influxd === null) {
  console.warn('SKIPPED: a daemon whose InfluxDB is away, because influxd is not installed.');
}

describe.skipIf(influxd === null)('a daemon whose InfluxDB is away', { timeout: 90_000 }, () => {
  const statusOf = async (daemon: RunningDaemon) => (await daemon.get<StatusBody>('/api/v1/status')).body;
  const sinkOf = ({ sinks }: StatusBody) => sinks.find(({ name }) => name === 'influx');

  it('keeps scores, training and alert over kill -9, and writes them when it is back', async () => {
    const server = await startInfluxd();
    await server.stop();
    const broker = await startAedes();
    const file = writeConfig(temporaryFolder(), { broker });
    const document = JSON.parse(readFileSync(file, 'utf8')) as object;
    writeFileSync(file, JSON.stringify({ ...document, influx: { url: server.url } }));
    const daemon = await startDaemon(file);
    const plant = startPlant(broker.url, { speed: 200 });
    await until('a model is in use', () => daemon.log().some(({ msg }) => msg === 'model in use'), {
      withinMs: 40_000,
    });
    await until('scores wait on disk', async () => ((await statusOf(daemon)).influx?.spoolBytes ?? 0) > 0);
    const endFault = plant.inject(2, 'leak');
    await until('the alert waits', async () => (sinkOf(await statusOf(daemon))?.queued ?? 0) > 0);
    const { alerts } = (await daemon.get<{ alerts: AlertBody[] }>('/api/v1/alerts')).body;
    const alert = alerts.find(({ asset }) => asset === plant.assetId(2));
    await daemon.kill('SIGKILL');
    await plant.stop();
    endFault();

    await server.start();
    const again = await startDaemon(file);
    await until('all is written', async () => {
      const status = await statusOf(again);
      return sinkOf(status)?.queued === 0 && status.influx?.waiting === 0 && status.influx.written > 0;
    });
    expect((await statusOf(again)).influx).toMatchObject({
      url: server.url,
      database: 'forewarn',
      dropped: { overflow: 0, unreadable: 0, refused: 0 },
      lastError: null,
    });
    expect(alert).toBeDefined();
    expect(await server.query(`SELECT id, asset FROM forewarn_alert WHERE id = '${alert?.id}'`)).toEqual([
      { time: Date.parse(String(alert?.firedAt)), id: alert?.id, asset: plant.assetId(2) },
    ]);
    expect(await server.query('SELECT model FROM forewarn_training')).toHaveLength(1);
    const scored = await server.query('SELECT count(score) AS n FROM forewarn_score GROUP BY asset');
    expect(scored.map(({ asset }) => asset).sort()).toEqual(
      [0, 1, 2, 3].map((pump) => plant.assetId(pump)).sort(),
    );
    const metrics = await (await fetch(`${again.apiUrl}/metrics`)).text();
    expect(metrics).toMatch(/^forewarn_influx_points_written_total [1-9]/m);
    expect((await again.kill('SIGTERM')).code).toBe(0);
  });
});
