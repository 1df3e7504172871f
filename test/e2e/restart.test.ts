import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AlertBody } from '../../src/api/alert-schemas.ts';
import type { AssetDetailBody } from '../../src/api/asset-schemas.ts';
import type { StatusBody } from '../../src/api/status-schema.ts';
import { createKeptBaselines } from '../../src/kept-baselines.ts';
import { silentLogger } from '../../src/log.ts';
import { startAedes } from './support/brokers.ts';
import { writeConfig } from './support/config-file.ts';
import { type RunningDaemon, startDaemon } from './support/daemon.ts';
import { startRowFeeder } from './support/row-feeder.ts';
import { startPlant } from './support/test-plant.ts';
import { trainedFolder } from './support/trained-state.ts';
import { until } from './support/until.ts';
import { startWebhook } from './support/webhook.ts';

const alertsOf = async (daemon: RunningDaemon) =>
  (await daemon.get<{ alerts: AlertBody[] }>('/api/v1/alerts')).body.alerts;
const statusOf = async (daemon: RunningDaemon) => (await daemon.get<StatusBody>('/api/v1/status')).body;

describe('restart', { timeout: 60_000 }, () => {
  it('kill -9 while an alert is being told: it is still there, is not raised anew, and resolves', async () => {
    const broker = await startAedes();
    let daemon: RunningDaemon | null = null;
    // The worst moment: the receiver has the alert, and the daemon never learns that it has.
    const webhook = await startWebhook(() => {
      if (webhook.deliveries.length > 1) return true;
      void daemon?.kill('SIGKILL');
      return false;
    });
    const config = writeConfig(await trainedFolder(), { broker, webhookUrl: webhook.url });
    const killed = await startDaemon(config);
    daemon = killed;
    const plant = startPlant(broker.url);
    await until('all pumps are scored', async () => (await statusOf(killed)).assets.states.normal === 4);
    const endFault = plant.inject(2, 'leak');
    await until('the daemon is killed', () => !killed.running());
    expect(webhook.deliveries).toHaveLength(1);
    const [told] = webhook.deliveries;
    expect(told).toMatchObject({ status: 'firing', alert: { assetId: plant.assetId(2) } });

    const again = await startDaemon(config);
    const [kept, ...others] = await alertsOf(again);
    expect(others).toEqual([]);
    const episode = {
      id: told.alert.id,
      asset: plant.assetId(2),
      startedAt: new Date(told.alert.startedAt).toISOString(),
      firedAt: new Date(told.alert.firedAt).toISOString(),
    };
    expect(kept).toMatchObject({ ...episode, state: 'firing', resolvedAt: null });

    await until('the fault is scored again', async () => {
      const path = `/api/v1/assets/${encodeURIComponent(episode.asset)}`;
      const { body } = await again.get<AssetDetailBody>(path);
      return body.anomalousWindows > 10 && body.alert === episode.id;
    });
    await until('the receiver is told what it never acknowledged', () => webhook.deliveries.length > 1);
    expect(await alertsOf(again)).toMatchObject([{ ...episode, state: 'firing' }]);

    endFault();
    await until('the receiver hears that it is over', () =>
      webhook.deliveries.some(({ status }) => status === 'resolved'),
    );
    const [over, ...more] = await alertsOf(again);
    expect(more).toEqual([]);
    expect(over).toMatchObject({ ...episode, state: 'resolved' });
    expect(Date.parse(over.resolvedAt ?? '')).toBeGreaterThan(told.alert.firedAt);
    const firing = webhook.deliveries.filter(({ status }) => status === 'firing');
    expect(new Set(firing.map(({ key }) => key)).size).toBe(1);
    expect(webhook.deliveries.filter(({ status }) => status === 'resolved')).toMatchObject([
      { alert: { id: episode.id } },
    ]);
    expect((await again.kill('SIGTERM')).code).toBe(0);
  });

  it('SIGTERM drains and saves; the next start has the model and the alert at once', async () => {
    const broker = await startAedes();
    const webhook = await startWebhook();
    const folder = await trainedFolder();
    const config = writeConfig(folder, { broker, webhookUrl: webhook.url });
    const first = await startDaemon(config);
    const plant = startPlant(broker.url);
    await until('all pumps are scored', async () => (await statusOf(first)).assets.states.normal === 4);
    plant.inject(1, 'cavitation');
    await until('the alert is delivered', () => webhook.deliveries.length > 0);
    const before = await statusOf(first);
    const [alert] = await alertsOf(first);

    const stoppedAt = Date.now();
    const { code, stderr } = await first.kill('SIGTERM');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(Date.now() - stoppedAt).toBeLessThan(5000);
    expect(first.log().at(-1)).toMatchObject({ msg: 'stopped' });
    await plant.stop();

    const second = await startDaemon(config);
    const messages = second.log().map(({ msg }) => msg);
    expect(messages.indexOf('model loaded')).toBeGreaterThanOrEqual(0);
    expect(messages.indexOf('model loaded')).toBeLessThan(messages.indexOf('forewarn is watching'));
    const after = await statusOf(second);
    expect(after.classes).toMatchObject([
      { name: 'pump', state: 'ready', progress: 1, etaMs: 0, model: before.classes[0].model, trained: 0 },
    ]);
    expect(after.alerts).toMatchObject({ firing: 1, raised: 0 });
    expect(await alertsOf(second)).toMatchObject([
      { id: alert.id, startedAt: alert.startedAt, state: 'firing' },
    ]);
    expect((await second.kill('SIGTERM')).code).toBe(0);
    expect(
      readdirSync(join(folder, 'state/models/pump')).filter((name) => name.startsWith('pump-')),
    ).toHaveLength(1);
    expect(webhook.deliveries).toHaveLength(1);
  });

  it('goes on with baselines that had moved, and does not raise what they had followed', async () => {
    const folder = await trainedFolder();
    const broker = await startAedes();
    const config = writeConfig(folder, { broker, score: { baseline: { time: '10m', most: 0.9 } } });
    const daemon = await startDaemon(config);
    const feeder = await startRowFeeder(daemon, 1);
    await feeder.feed(900, [0]);
    expect((await daemon.kill('SIGTERM')).code).toBe(0);
    const moved = offsetOf(folder, feeder.assetId(0));
    expect(moved).toBeGreaterThan(0);
    // The last rows are taken up again, and have been followed before.
    const again = await startDaemon(config);
    expect((await again.kill('SIGTERM')).code).toBe(0);
    expect(offsetOf(folder, feeder.assetId(0))).toBe(moved);
  });
});

/** How far the asset's baseline has moved in all, in scaled units. */
function offsetOf(folder: string, asset: string): number {
  const model = readFileSync(join(folder, 'state/models/pump/champion'), 'utf8').trim();
  const moved = createKeptBaselines(join(folder, 'state/baselines'), silentLogger).of('pump', model);
  return Math.hypot(...moved!.get(asset)![0]);
}
