import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AlertBody } from '../../src/api/alert-schemas.ts';
import type { StatusBody } from '../../src/api/status-schema.ts';
import { startAedes } from './support/brokers.ts';
import { temporaryFolder } from './support/config-file.ts';
import { type RunningDaemon, startDaemon } from './support/daemon.ts';
import { mountSmallDisk } from './support/small-disk.ts';
import { until } from './support/until.ts';
import { startWebhook } from './support/webhook.ts';

function writePresses(stateDir: string, broker: string, webhook: string): string {
  const file = join(temporaryFolder(), 'forewarn.yaml');
  const document = {
    state_dir: stateDir,
    log: { format: 'json' },
    mqtt: { url: broker, protocol: '3.1.1' },
    api: { port: 0 },
    classes: {
      press: {
        topic: 'presses/{site}/{asset}',
        channels: { pressure: { unit: 'bar', limits: { h: 100, deadband: 5 } } },
        sample_every: '100ms',
      },
    },
    webhooks: [{ name: 'test', url: webhook }],
    // Groups are swept every second, whether or not anything can be written.
    grouping: { by: ['asset'], wait: '100ms', interval: '100ms', flood: { alerts: 0 } },
    watchdog: { disk_free: 0.1 },
  };
  writeFileSync(file, JSON.stringify(document));
  return file;
}

async function startPresses(url: string) {
  const client = await connectAsync(url);
  onTestFinished(() => client.endAsync(true));
  let at = Date.now() - 3_600_000;
  return async (asset: string, pressure: number, rows = 3) => {
    for (let row = 0; row < rows; row++) {
      at += 100;
      const payload = JSON.stringify({ ts: at, values: { pressure } });
      await client.publishAsync(`presses/north/${asset}`, payload, { qos: 1 });
    }
  };
}

const statusOf = async (daemon: RunningDaemon) => (await daemon.get<StatusBody>('/api/v1/status')).body;
const alertsOf = async (daemon: RunningDaemon) =>
  (await daemon.get<{ alerts: AlertBody[] }>('/api/v1/alerts?class=press')).body.alerts;

describe('a daemon whose disk is full', { timeout: 60_000 }, () => {
  it('says so once, holds its alerts, starts all the same, and recovers by itself', async ({ skip }) => {
    const disk = mountSmallDisk(8);
    if (disk === null) {
      console.warn('SKIPPED: a daemon whose disk is full, because nothing may be mounted here.');
      return skip();
    }
    const broker = await startAedes();
    const hook = await startWebhook();
    const file = writePresses(join(disk.folder, 'state'), broker.url, hook.url);
    const daemon = await startDaemon(file);
    const publish = await startPresses(broker.url);
    const told = (asset: string, state: string) =>
      hook.deliveries.some(({ alert }) => alert.assetId.endsWith(asset) && alert.state === state);
    await publish('press-1', 80);
    await publish('press-2', 80);
    await until('rows are kept', async () => (await statusOf(daemon)).history.bytes > 0);
    await publish('press-1', 120);
    await until('the first alert is told', () => told('press-1', 'firing'));

    disk.fill();
    // Meanwhile its end and a second alert wait, and groups of alerts are looked at three times.
    await publish('press-1', 80);
    // So many rows that they do not fit into what the last page of a file has left.
    await publish('press-2', 120, 500);
    const full = await until('the status tells it', async () => {
      const { alerts, history } = await statusOf(daemon);
      return alerts.uncommitted >= 2 && history.lastError !== null && alerts;
    });
    expect(full.journalError).toMatch(/full/);
    expect(await daemon.get('/readyz')).toMatchObject({ status: 503, body: { ready: false } });
    const before = (await statusOf(daemon)).ingest.rows;
    const fullSince = Date.now();
    await until('three seconds have passed', () => Date.now() - fullSince > 3000);
    await publish('press-2', 120);
    await until('the line goes on', async () => (await statusOf(daemon)).ingest.rows > before);
    const lines = daemon.log().filter(({ level }) => String(level) === 'error');
    const said = lines.map(({ msg, sink = '' }) => `${msg} ${sink}`);
    expect(said.length).toBe(new Set(said).size);
    expect(lines.find(({ msg }) => msg.startsWith('cannot write alerts'))).toMatchObject({
      hint: expect.stringContaining('free some space'),
    });

    disk.free();
    await until('both are told', () => told('press-1', 'resolved') && told('press-2', 'firing'));
    expect(await alertsOf(daemon)).toMatchObject([
      { asset: 'north/press-2', state: 'firing' },
      { asset: 'north/press-1', state: 'resolved' },
    ]);

    // A start on a full disk finds rows of the run that was killed, which it cannot put where they belong.
    await publish('press-1', 80, 20);
    await until('rows are kept', async () => (await statusOf(daemon)).history.lastError === null);
    disk.fill();
    await daemon.kill('SIGKILL');
    const again = await startDaemon(file);
    await publish('press-2', 80, 5);
    await until('the end of the alert waits', async () => (await statusOf(again)).alerts.uncommitted > 0);
    disk.free();
    await until('it is told', () => told('press-2', 'resolved'));
    await until('the rows are taken over', async () => {
      const { history } = await statusOf(again);
      return history.lastError === null && history.segments > 0;
    });
    expect((await again.kill('SIGTERM')).code).toBe(0);
  });
});
