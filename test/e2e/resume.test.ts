import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AlertBody } from '../../src/api/alert-schemas.ts';
import type { AssetDetailBody } from '../../src/api/asset-schemas.ts';
import type { StatusBody } from '../../src/api/status-schema.ts';
import { readTail } from '../../src/history/tail.ts';
import { Plant } from '../../src/simulator/plant.ts';
import { payloadOf, topicOf } from '../../src/simulator/telemetry.ts';
import { startAedes } from './support/brokers.ts';
import { writeConfig } from './support/config-file.ts';
import { type RunningDaemon, startDaemon } from './support/daemon.ts';
import { assetIdOf } from './support/test-plant.ts';
import { trainedFolder } from './support/trained-state.ts';
import { until } from './support/until.ts';

const pumps = 2;
const statusOf = async (daemon: RunningDaemon) => (await daemon.get<StatusBody>('/api/v1/status')).body;
const alertsOf = async (daemon: RunningDaemon) =>
  (await daemon.get<{ alerts: AlertBody[] }>('/api/v1/alerts')).body.alerts;

/** Publishes a plant's rows to all daemons that listen, and waits until each has judged the last of them. */
async function startFeeder(url: string) {
  const client = await connectAsync(url);
  onTestFinished(() => client.endAsync(true));
  const plant = new Plant({ pumps, seed: 7, startAt: Date.now() - 3_600_000 });
  return {
    plant,
    async feed(rows: number, ...daemons: RunningDaemon[]) {
      let at = 0;
      for (let row = 0; row < rows; row++) {
        at = plant.advance();
        for (const pump of plant.pumps)
          await client.publishAsync(topicOf(pump), payloadOf(pump, at), { qos: 1 });
      }
      // Not by the number of messages: what a killed daemon could not acknowledge, the next one gets again.
      const last = new Date(at).toISOString();
      for (const daemon of daemons)
        await until('the last row has its verdict', async () =>
          (await scoresOf(daemon, plant, 1)).every(({ scores }) => scores[0]?.at === last),
        );
    },
  };
}

/** What the daemon made of each pump's newest rows. */
async function scoresOf(daemon: RunningDaemon, plant: Plant, rows: number) {
  const details = await Promise.all(
    plant.pumps.map(async ({ index }) => {
      const path = `/api/v1/assets/${encodeURIComponent(assetIdOf(plant, index))}`;
      return (await daemon.get<AssetDetailBody>(path)).body;
    }),
  );
  return details.map(({ lastScores, attribution }) => ({ scores: lastScores.slice(-rows), attribution }));
}

/** The killed daemon's rows are on disk. */
async function rowsInTail(folder: string): Promise<number> {
  const directory = join(folder, 'state/history/pump');
  const tails = readdirSync(directory).filter((name) => name.endsWith('.tail'));
  const counts = await Promise.all(
    tails.map(async (name) => (await readTail(join(directory, name))).count()),
  );
  return counts.reduce((sum, count) => sum + count, 0);
}

describe('a restart in the middle of a stream', { timeout: 90_000 }, () => {
  it('gives the scores and the alerts of a run without it, after SIGTERM and after kill -9', async () => {
    const broker = await startAedes();
    const alert = { for: '0s', keep_firing_for: '0s' };
    const configOf = (folder: string, client_id: string) => {
      const mqtt = { url: broker.url, protocol: broker.protocol, client_id };
      return writeConfig(folder, { broker, alert, outputs: { mqtt } });
    };
    const folder = await trainedFolder();
    const config = configOf(folder, 'restarted');
    const whole = await startDaemon(configOf(await trainedFolder(), 'whole'));
    const first = await startDaemon(config);
    const feeder = await startFeeder(broker.url);
    const { plant } = feeder;

    await feeder.feed(70, whole, first);
    const leak = plant.inject(1, { kind: 'leak', startAt: plant.nextAt, size: 2, rampMs: 5000 });
    await feeder.feed(25, whole, first);
    expect(await alertsOf(first)).toMatchObject([{ state: 'firing', asset: assetIdOf(plant, 1) }]);

    expect((await first.kill('SIGTERM')).code).toBe(0);
    const second = await startDaemon(config);
    expect(second.log()).toContainEqual(expect.objectContaining({ msg: 'goes on where it stopped' }));
    expect((await statusOf(second)).ingest).toMatchObject({ rows: 0, windows: 0 });
    await feeder.feed(10, whole, second);
    expect(await scoresOf(second, plant, 10)).toEqual(await scoresOf(whole, plant, 10));
    expect((await scoresOf(second, plant, 10)).map(({ scores }) => scores.length)).toEqual([10, 10]);

    plant.clear(leak);
    // In the middle of the normal windows that end the alert.
    let cleared = 0;
    while ((await scoresOf(whole, plant, 3))[1].scores.some(({ score }) => score! >= 0.7)) {
      expect(cleared++).toBeLessThan(100);
      await feeder.feed(1, whole, second);
    }
    expect(await alertsOf(second)).toMatchObject([{ state: 'firing' }]);
    const rows = pumps * (10 + cleared);
    await until('the rows are on disk', async () => (await rowsInTail(folder)) === rows);
    await second.kill('SIGKILL');
    const third = await startDaemon(config);
    await feeder.feed(60, whole, third);
    expect(await scoresOf(third, plant, 60)).toEqual(await scoresOf(whole, plant, 60));

    const episodes = async (daemon: RunningDaemon) =>
      (await alertsOf(daemon)).map(({ id: _id, ...alert }) => alert);
    const told = await episodes(third);
    expect(told).toMatchObject([{ state: 'resolved', asset: assetIdOf(plant, 1) }]);
    expect(told).toEqual(await episodes(whole));
    // What the broker gives a second time is not taken for a clock that was set back.
    expect((await statusOf(third)).ingest).toMatchObject({ clockResets: 0 });
  });
});
