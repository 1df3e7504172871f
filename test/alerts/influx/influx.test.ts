import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Notification } from '../../../src/alerts/sink.ts';
import type { Asset } from '../../../src/types.ts';
import { alertNamed, assetNamed, until, verdictOf } from '../support/fixtures.ts';
import { influxd, startInfluxd } from './influxd.ts';
import { outputFor, start } from './output.ts';

if (influxd === null) {
  console.warn('SKIPPED: alerts and scores in a real InfluxDB, because influxd is not installed.');
}

const never = new AbortController().signal;
const pump = assetNamed('pump-3');
const training = {
  className: 'pump',
  model: 'pump-1-abc',
  seconds: 12.5,
  steps: 800,
  fitLoss: 0.1,
  heldOutLoss: 0.2,
  heldOutExceeded: 0.01,
};

function score(asset: Asset, i: number, value = i) {
  return verdictOf(asset, start + i, value);
}

function notification(changes: Partial<Notification> = {}): Notification {
  const alert = changes.alert ?? alertNamed('01J');
  return { idempotencyKey: `${alert.id}:${alert.state}:influx`, transition: alert.state, alert, ...changes };
}

describe.skipIf(influxd === null)('a real InfluxDB 1.x', () => {
  it('takes scores, rows, channel errors and trainings', async () => {
    const server = await startInfluxd();
    const { output: influx } = outputFor(server.url, { rows: true, channelErrors: true });
    influx.start();
    influx.onVerdict(score(pump, 0, 1.25));
    influx.onVerdict({ kind: 'unknown', asset: pump, at: start + 1, reason: 'low_coverage' });
    influx.onRow({
      asset: pump,
      at: start,
      values: Float32Array.of(11.2, 4.8, 5),
      measured: Uint8Array.of(1, 1, 0),
    });
    influx.onTraining({ ...training, at: start });
    influx.onTraining({ ...training, model: 'of an earlier run', at: start - 2 * 86_400_000 });
    await until('all is written', () => influx.status().written === 4);
    const tags = { asset: 'north/1/pump-3', class: 'pump', label_asset: 'pump-3', line: '1', site: 'north' };
    expect(await server.query('SELECT * FROM forewarn_score')).toEqual([
      { ...tags, time: start, score: 1.25, channel: 'vibration', share: 0.62 },
    ]);
    expect(await server.query('SELECT * FROM forewarn_row')).toEqual([
      { ...tags, time: start, current: 11.2, vibration: 4.8 },
    ]);
    expect(await server.query('SELECT * FROM forewarn_channel_error')).toEqual([
      {
        ...tags,
        time: start,
        error_current: 1.099999,
        share_current: 0.2,
        error_vibration: 2.7,
        share_vibration: 0.62,
        share_pressure: 0.18,
      },
    ]);
    expect(await server.query('SELECT * FROM forewarn_training')).toMatchObject([
      { class: 'pump', model: 'pump-1-abc', held_out_loss: 0.2, held_out_exceeded: 0.01, time: start },
    ]);
  });

  it('takes the transitions of alerts, each once however often it is told', async () => {
    const server = await startInfluxd();
    const { output: influx } = outputFor(server.url);
    const awkward = { site: 'no rth,"=\\', asset: 'pümp\n3', empty: '', state: 'x' };
    const firing = alertNamed('01J', { summary: 'reads "4.8"\nC:\\ it\\\'s', labels: awkward });
    const resolved = alertNamed('01J', { ...firing, state: 'resolved', resolvedAt: 62_000, peakScore: 3 });
    for (const alert of [firing, firing, resolved, resolved]) {
      expect(await influx.sink.deliver(notification({ alert }), never)).toEqual({ ok: true });
    }
    const place = { asset: 'north/1/pump-3', class: 'pump', rule: 'anomaly', site: 'no rth,"=/' };
    expect(await server.query('SELECT * FROM forewarn_alert')).toMatchObject([
      {
        ...place,
        time: 2000,
        state: 'firing',
        label_state: 'x',
        label_asset: 'pümp_3',
        id: '01J',
        summary: 'reads "4.8" C:\\ it\\\'s',
        channel_1: 'vibration',
        share_1: 1,
        seconds: null,
      },
      { ...place, time: 62_000, state: 'resolved', seconds: 61, peak_score: 3 },
    ]);
    expect(await server.query('SELECT active, "to" FROM forewarn_transition GROUP BY asset, rule')).toEqual([
      { asset: 'north/1/pump-3', rule: 'anomaly', time: 2000, active: 1, to: 'firing' },
      { asset: 'north/1/pump-3', rule: 'anomaly', time: 62_000, active: 0, to: 'resolved' },
    ]);
  });

  it('answers the queries of the guide', async () => {
    const server = await startInfluxd();
    const { output: influx } = outputFor(server.url, { channelErrors: true, clock: () => 0 });
    const asset = {
      ...pump,
      id: 'north/line-1/pump-3',
      labels: { site: 'north', line: 'line-1', asset: 'pump-3' },
    };
    const now = Date.now() - 60_000;
    const alert = alertNamed('01J', { assetId: asset.id, labels: asset.labels, firedAt: now });
    influx.start();
    influx.onVerdict(verdictOf(asset, now, 1.5));
    influx.onTraining({ ...training, at: now });
    await influx.sink.deliver(notification({ alert }), never);
    await until('all is written', () => influx.status().written === 3);
    const guide = readFileSync(new URL('../../../docs/influxdb.md', import.meta.url), 'utf8');
    const queries = [...guide.matchAll(/```sql\n(.*?)\n```/gs)].map(([, query]) => query);
    expect(queries.length).toBeGreaterThan(5);
    for (const query of queries) expect([query, await server.query(query)]).not.toEqual([query, []]);
  });

  it('gets everything in order after it was away', async () => {
    const server = await startInfluxd();
    const { output: influx, lines } = outputFor(server.url);
    influx.start();
    let i = 0;
    const feed = (until: number) => {
      while (i < until) influx.onVerdict(score(pump, i++));
    };
    feed(100);
    await until('the first are written', () => influx.status().written === 100);
    await server.stop();
    for (const upTo of [200, 6000, 12_000]) {
      feed(upTo);
      await until('they wait on disk', () => {
        const { spoolBytes, lastError, waiting } = influx.status();
        return spoolBytes > 0 && lastError !== null && waiting === upTo - 100;
      });
    }
    expect(await influx.sink.deliver(notification(), never)).toMatchObject({ ok: false, retryable: true });
    await server.start();
    feed(15_000);
    await until('all are written', () => influx.status().waiting === 0, 30_000);
    expect(influx.status()).toMatchObject({
      written: 15_000,
      spoolBytes: 0,
      dropped: { overflow: 0, unreadable: 0, refused: 0 },
      lastError: null,
      nextAttemptAt: null,
    });
    // Points of one time stamp overwrite each other: what is left came last.
    for (const value of [1, 2, 3]) influx.onVerdict(verdictOf(pump, start - 1, value));
    await until('they are written', () => influx.status().waiting === 0);
    expect(await server.query(`SELECT score FROM forewarn_score WHERE time < ${start}ms`)).toEqual([
      { time: start - 1, score: 3 },
    ]);
    const rows = await server.query(`SELECT score FROM forewarn_score WHERE time >= ${start}ms`);
    expect(rows.map((row) => row.score)).toEqual(Array.from({ length: 15_000 }, (_, n) => n));
    expect(lines.map(({ message }) => message)).toEqual([
      'InfluxDB takes no points; they are kept and tried again',
      'InfluxDB takes points again',
    ]);
  });
});
