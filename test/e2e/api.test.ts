import Schema from 'typebox/schema';
import Value from 'typebox/value';
import { describe, expect, it } from 'vitest';
import type { AlertBody, AlertDetailBody } from '../../src/api/alert-schemas.ts';
import type { AssetBody, AssetDetailBody } from '../../src/api/asset-schemas.ts';
import { StatusBody } from '../../src/api/status-schema.ts';
import { pumpChannels } from '../../src/simulator/pump.ts';
import { writeConfig } from './support/config-file.ts';
import { type RunningDaemon, startDaemon } from './support/daemon.ts';
import { startRowFeeder } from './support/row-feeder.ts';
import { trainedFolder } from './support/trained-state.ts';

interface OpenApi {
  readonly openapi: string;
  readonly paths: Record<
    string,
    {
      readonly get: {
        readonly responses: Record<string, { readonly content: Record<string, { readonly schema: object }> }>;
      };
    }
  >;
}

/** Answers of 200, each held against what `/docs/json` says of its route; its objects allow no further keys. */
async function describedBy(daemon: RunningDaemon) {
  const { body: document } = await daemon.get<OpenApi>('/docs/json');
  expect(document.openapi).toBe('3.1.0');
  return async <T>(route: string, url = route): Promise<T> => {
    const { status, body } = await daemon.get<T>(url);
    expect({ url, status }).toEqual({ url, status: 200 });
    const { schema } = document.paths[route].get.responses[200].content['application/json'];
    expect(Schema.Errors(schema, body), `${url} gives what ${route} says`).toEqual([true, []]);
    return body;
  };
}

/** Samples of the Prometheus text format by name and labels, as they are written. */
function samplesOf(text: string): Map<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(0, space), Number(line.slice(space + 1))];
    }),
  );
}

describe('the API of a daemon with data', { timeout: 60_000 }, () => {
  it('shows status, assets, alerts, models and metrics as its document says', async () => {
    const daemon = await startDaemon(writeConfig(await trainedFolder()));
    const feeder = await startRowFeeder(daemon, 3);
    await feeder.feed(60, [0, 1, 2]);
    feeder.plant.inject(2, { kind: 'leak', startAt: 0, size: 2, rampMs: 5000 });
    await feeder.feed(40, [0, 1, 2]);
    const described = await describedBy(daemon);
    const [healthy, faulty] = [feeder.assetId(0), feeder.assetId(2)];

    await described('/healthz');
    await described('/readyz');
    const status = await described<StatusBody>('/api/v1/status');
    expect(Value.Errors(StatusBody, status)).toEqual([]);
    expect(status).toMatchObject({
      mqtt: {
        state: 'connected',
        embedded: true,
        reconnects: 0,
        lastError: null,
        subscriptions: [{ granted: 1, error: null }],
      },
      ingest: {
        messages: 300,
        accepted: 300,
        readings: 2400,
        rows: 300,
        windows: 3 * (100 - 31),
        lastRefusals: [],
      },
      scoring: { waiting: 0, scored: 3 * (100 - 31), overloaded: 0, failed: 0 },
      classes: [{ name: 'pump', state: 'ready', assets: 3 }],
      assets: { total: 3, states: { normal: 2, anomalous: 1 } },
      alerts: { firing: 1, raised: 1, journalError: null },
      sinks: [],
    });

    const { alerts } = await described<{ alerts: AlertBody[] }>('/api/v1/alerts');
    expect(alerts).toMatchObject([{ asset: faulty, rule: 'anomaly', state: 'firing' }]);
    const [{ id }] = alerts;
    const { assets, next } = await described<{ assets: AssetBody[]; next: number | null }>('/api/v1/assets');
    expect({ ids: assets.map((asset) => asset.id), next }).toEqual({
      ids: [0, 1, 2].map((pump) => feeder.assetId(pump)),
      next: null,
    });
    const firing = await described<{ alerts: AlertBody[] }>(
      '/api/v1/alerts',
      `/api/v1/alerts?state=firing&asset=${healthy}`,
    );
    expect(firing.alerts).toEqual([]);
    const detail = await described<AlertDetailBody>('/api/v1/alerts/{id}', `/api/v1/alerts/${id}`);
    expect(detail.history.map(({ what }) => what).at(-1)).toBe('firing');

    const asset = await described<AssetDetailBody>(
      '/api/v1/assets/{id}',
      `/api/v1/assets/${encodeURIComponent(faulty)}`,
    );
    expect(asset).toMatchObject({ state: 'anomalous', alert: id, rows: 100 });
    expect(asset.channels.map(({ name }) => name)).toEqual(pumpChannels.map(({ name }) => name));
    expect(asset.lastRows).toHaveLength(100);
    expect(asset.lastScores).toHaveLength(69);
    expect(asset.attribution?.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 5);

    const { models } = await described<{ models: { id: string }[] }>('/api/v1/models');
    expect(models).toMatchObject([{ id: status.classes[0].model, class: 'pump', champion: true }]);
    expect(asset.model).toBe(models[0].id);

    const response = await fetch(`${daemon.apiUrl}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    const samples = samplesOf(text);
    expect([...samples.values()].filter(Number.isNaN)).toEqual([]);
    expect(samples.get('forewarn_alerts_raised_total{class="pump",rule="anomaly"}')).toBe(1);
    for (const [name, value] of Object.entries({
      forewarn_messages_total: 300,
      forewarn_rows_total: 300,
      forewarn_windows_scored_total: 207,
      forewarn_mqtt_connected: 1,
      forewarn_alerts_firing: 1,
      'forewarn_assets{state="normal"}': 2,
    }))
      expect({ name, value: samples.get(name) }).toEqual({ name, value });

    expect((await daemon.get('/api/v1/assets/no-such')).status).toBe(404);
    expect((await daemon.get('/api/v1/alerts?state=burning')).status).toBe(400);
    expect((await daemon.kill('SIGTERM')).code).toBe(0);
  });
});
