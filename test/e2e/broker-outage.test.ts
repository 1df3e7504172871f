import { describe, expect, it } from 'vitest';
import type { StatusBody } from '../../src/api/status-schema.ts';
import { availableBrokers } from './support/brokers.ts';
import { temporaryFolder, writeConfig } from './support/config-file.ts';
import { startDaemon } from './support/daemon.ts';
import { startPlant } from './support/test-plant.ts';
import { until } from './support/until.ts';

interface Readiness {
  readonly ready: boolean;
  readonly reasons: string[];
}

describe.each(availableBrokers('an outage of the broker'))('an outage of $name', ({ start }) => {
  it('is told, survived, and over when the broker is back', async () => {
    const broker = await start();
    const daemon = await startDaemon(writeConfig(temporaryFolder(), { broker }));
    const status = async () => (await daemon.get<StatusBody>('/api/v1/status')).body;
    startPlant(broker.url, { pumps: 2, speed: 50 });
    await until('rows come', async () => (await status()).ingest.rows > 50);
    expect(await daemon.get('/readyz')).toEqual({ status: 200, body: { ready: true, reasons: [] } });

    await broker.stop();
    const away = await until('the status tells it', async () => {
      const seen = await status();
      return seen.mqtt.state === 'reconnecting' && seen;
    });
    expect(away.mqtt.lastError).toEqual(expect.any(String));
    const unready = await daemon.get<Readiness>('/readyz');
    expect(unready).toMatchObject({ status: 503, body: { ready: false } });
    expect(unready.body.reasons).toEqual([expect.stringMatching(/^mqtt is reconnecting: ./)]);
    expect((await daemon.get('/healthz')).status).toBe(200);
    const rowsBefore = (await status()).ingest.rows;

    await broker.start();
    const back = await until('it is connected again', async () => {
      const seen = await status();
      return seen.mqtt.state === 'connected' && seen;
    });
    expect(back.mqtt).toMatchObject({ reconnects: 1, lastError: null });
    expect((await daemon.get('/readyz')).status).toBe(200);
    // The broker forgot its sessions, so only a new subscription can bring these.
    await until('rows go on', async () => (await status()).ingest.rows > rowsBefore + 50);

    const told = daemon.log().map(({ msg }) => /^connected to MQTT|MQTT broker lost/.exec(msg)?.[0]);
    expect(told.filter((each) => each !== undefined)).toEqual([
      'connected to MQTT',
      'MQTT broker lost',
      'connected to MQTT',
    ]);
    expect((await daemon.kill('SIGTERM')).code).toBe(0);
  });
});
