import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AlertBody } from '../../src/api/alert-schemas.ts';
import type { KpisBody } from '../../src/api/kpi-schemas.ts';
import type { SilenceBody } from '../../src/api/silence-schemas.ts';
import type { StatusBody } from '../../src/api/status-schema.ts';
import { startAedes } from './support/brokers.ts';
import { temporaryFolder } from './support/config-file.ts';
import { type RunningDaemon, startDaemon } from './support/daemon.ts';
import { until } from './support/until.ts';
import { startWebhook } from './support/webhook.ts';

/** A line with a gateway and two pumps, whose silence is all that is watched: no model is needed. */
function writePlant(folder: string, brokerUrl: string, webhookUrl: string, noise: object): string {
  const file = join(folder, 'forewarn.yaml');
  const ofClass = (name: string) => ({
    topic: `plant/{site}/{line}/${name}/{asset}`,
    channels: { speed: {} },
    sample_every: '100ms',
    alert: { silent_after: '3s' },
  });
  const document = {
    state_dir: 'state',
    log: { format: 'json' },
    mqtt: { url: brokerUrl, protocol: '3.1.1' },
    api: { port: 0 },
    classes: { gateway: ofClass('gateways'), pump: ofClass('pumps') },
    webhooks: [{ name: 'test', url: webhookUrl }],
    ...noise,
  };
  writeFileSync(file, JSON.stringify(document));
  return file;
}

const topics = ['gateways/gw', 'pumps/p1', 'pumps/p2'].map((name) => `plant/north/1/${name}`);
async function startPublisher(url: string) {
  const client = await connectAsync(url);
  onTestFinished(() => client.endAsync(true));
  return async (rows: number, chosen = topics) => {
    for (let row = 0; row < rows; row++) {
      for (const topic of chosen)
        await client.publishAsync(topic, JSON.stringify({ ts: Date.now(), values: { speed: 1 } }));
      await sleep(100);
    }
  };
}
const alertsOf = async (daemon: RunningDaemon) =>
  (await daemon.get<{ alerts: AlertBody[] }>('/api/v1/alerts')).body.alerts;
const states = async (daemon: RunningDaemon) =>
  Object.fromEntries(
    (await alertsOf(daemon)).map(({ asset, operatorState }) => [asset.split('/').at(-1), operatorState]),
  );

describe('a daemon that keeps alerts few', { timeout: 60_000 }, () => {
  it('tells of the gateway alone when its line falls silent, also after kill -9', async () => {
    const broker = await startAedes();
    const hook = await startWebhook();
    const rule = { name: 'gateway', source: ['class=gateway'], same: ['site', 'line'], silent_for: '1s' };
    const file = writePlant(temporaryFolder(), broker.url, hook.url, { topology: [rule] });
    const daemon = await startDaemon(file);
    const publish = await startPublisher(broker.url);
    await publish(5);
    await until('all three are silent', async () => (await alertsOf(daemon)).length === 3);
    await until('the gateway is told', () => hook.deliveries.length > 0);
    expect(await states(daemon)).toEqual({ gw: 'unacknowledged', p1: 'suppressed', p2: 'suppressed' });
    const { body } = await daemon.get<StatusBody>('/api/v1/status');
    expect(body.alerts).toMatchObject({ firing: 3, muted: { topology: 2, silence: 0 } });
    await daemon.kill('SIGKILL');

    const again = await startDaemon(file);
    await sleep(3000);
    expect(await states(again)).toEqual({ gw: 'unacknowledged', p1: 'suppressed', p2: 'suppressed' });
    expect(hook.deliveries.map(({ alert }) => alert.assetId)).toEqual(['north/1/gw']);
    const { total } = (await again.get<KpisBody>('/api/v1/kpis')).body;
    expect(total).toMatchObject({ raised: 3, told: 1, acknowledging: { waiting: 1 } });
    expect((await again.kill('SIGTERM')).code).toBe(0);
  });

  it('tells of a line that falls silent in one notification, also when it is killed before', async () => {
    const broker = await startAedes();
    const hook = await startWebhook();
    const grouping = { by: ['site', 'line'], wait: '5s', interval: '5s', flood: { alerts: 2, within: '1m' } };
    const file = writePlant(temporaryFolder(), broker.url, hook.url, { grouping });
    const daemon = await startDaemon(file);
    const publish = await startPublisher(broker.url);
    await publish(5);
    await until('all three are silent', async () => (await alertsOf(daemon)).length === 3);
    const alerts = await alertsOf(daemon);
    const [first] = alerts.map(({ id }) => id).sort();
    expect(alerts.map(({ incident }) => [incident?.id, incident?.alerts])).toEqual(
      alerts.map(() => [first, 3]),
    );
    await daemon.kill('SIGKILL');

    const again = await startDaemon(file);
    await until('they are told', () => hook.deliveries.length > 0);
    expect(hook.deliveries.map(({ status, alert }) => [status, alert.id])).toEqual([['firing', first]]);
    expect((await again.kill('SIGTERM')).code).toBe(0);
  });

  it('keeps a silence over kill -9, and tells what still fires when it ends', async () => {
    const broker = await startAedes();
    const hook = await startWebhook();
    const file = writePlant(temporaryFolder(), broker.url, hook.url, {});
    const daemon = await startDaemon(file);
    const response = await fetch(`${daemon.apiUrl}/api/v1/silences`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ matchers: ['asset=~p.'], by: 'ada', comment: 'new seals', duration: '1h' }),
    });
    const silence = (await response.json()) as SilenceBody;
    expect(response.status).toBe(201);
    await daemon.kill('SIGKILL');

    const again = await startDaemon(file);
    const publish = await startPublisher(broker.url);
    await publish(5);
    await until('all three are silent', async () => (await alertsOf(again)).length === 3);
    await until('the gateway is told', () => hook.deliveries.length > 0);
    expect(await states(again)).toEqual({ gw: 'unacknowledged', p1: 'suppressed', p2: 'suppressed' });
    expect(hook.deliveries.map(({ alert }) => alert.assetId)).toEqual(['north/1/gw']);
    await fetch(`${again.apiUrl}/api/v1/silences/${silence.id}?by=ada`, { method: 'DELETE' });
    await until('the pumps are told', () => hook.deliveries.length === 3);
    expect(
      hook.deliveries
        .map(({ alert, status }) => [alert.assetId, status])
        .slice(1)
        .sort(),
    ).toEqual([
      ['north/1/p1', 'firing'],
      ['north/1/p2', 'firing'],
    ]);
    expect((await again.kill('SIGTERM')).code).toBe(0);
  });
});
