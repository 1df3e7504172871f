import Schema from 'typebox/schema';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { alertOf, assetAt, createPlant, noon, type Plant, rowOf, scored } from './support/plant.ts';

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: object }> }>;
}
interface OpenApi {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Record<
    string,
    { readonly get: Operation; readonly post: Operation; readonly delete: Operation }
  >;
}

let plant: Plant;
let document: OpenApi;

async function get(
  url: string,
): Promise<{ status: number; body: unknown; text: string; headers: Record<string, unknown> }> {
  const response = await plant.api.app.inject({ method: 'GET', url });
  const json = String(response.headers['content-type']).startsWith('application/json');
  const body: unknown = json ? response.json() : response.body;
  return { status: response.statusCode, body, text: response.body, headers: response.headers };
}

/** The answer, after it was held against what the document says of its status. */
async function described(path: string, url: string): Promise<{ status: number; body: unknown }> {
  const { status, body } = await get(url);
  const content = document.paths[path]!.get.responses[status]!.content!;
  const { schema } = Object.values(content)[0]!;
  expect(Schema.Errors(schema, body), `${url} gives what ${path} says`).toEqual([true, []]);
  return { status, body };
}

beforeAll(async () => {
  plant = createPlant();
  for (let i = 0; i < 8; i++) plant.fleet.onAsset(assetAt(i));
  const asset = assetAt(1);
  plant.fleet.onRow(rowOf(asset, noon, [1, Number.NaN], [1, 0]));
  plant.fleet.onVerdict(scored(asset, noon, 2, [0.25, 0.75]));
  plant.fleet.onVerdict({ kind: 'unknown', asset, at: noon + 1000, reason: 'low_coverage' });
  for (let i = 0; i < 7; i++) plant.raise(alertOf(assetAt(i), i));
  document = (await get('/docs/json')).body as OpenApi;
});
afterAll(() => plant.close());

describe('the document', () => {
  it('is OpenAPI 3.1 and lists every route', () => {
    expect(document).toMatchObject({ openapi: '3.1.0', info: { version: '1.2.3' } });
    expect(Object.keys(document.paths).sort()).toEqual([
      '/',
      '/api/v1/alerts',
      '/api/v1/alerts/{id}',
      '/api/v1/alerts/{id}/accept-level',
      '/api/v1/alerts/{id}/acknowledge',
      '/api/v1/alerts/{id}/assign',
      '/api/v1/alerts/{id}/comment',
      '/api/v1/alerts/{id}/escalate',
      '/api/v1/alerts/{id}/judge',
      '/api/v1/alerts/{id}/shelve',
      '/api/v1/alerts/{id}/unshelve',
      '/api/v1/assets',
      '/api/v1/assets/{id}',
      '/api/v1/assets/{id}/why-not',
      '/api/v1/classes/{name}/preview',
      '/api/v1/events',
      '/api/v1/holds',
      '/api/v1/kpis',
      '/api/v1/models',
      '/api/v1/models/{id}/pin',
      '/api/v1/models/{id}/promote',
      '/api/v1/models/{id}/restore',
      '/api/v1/models/{id}/unpin',
      '/api/v1/out-of-service',
      '/api/v1/retrain',
      '/api/v1/return-to-service',
      '/api/v1/silences',
      '/api/v1/silences/{id}',
      '/api/v1/sinks/{name}/test',
      '/api/v1/status',
      '/docs/json',
      '/healthz',
      '/metrics',
      '/readyz',
    ]);
    for (const [path, { get, post, delete: remove }] of Object.entries(document.paths)) {
      const operation = get ?? post ?? remove;
      const inPath = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      expect(inPath.map(({ name }) => name)).toEqual(
        Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name),
      );
    }
    const names = document.paths['/api/v1/alerts']!.get.parameters!.map(({ name }) => name);
    expect(names).toEqual([
      'asset',
      'class',
      'rule',
      'state',
      'operatorState',
      'since',
      'until',
      'label',
      'limit',
      'cursor',
    ]);
  });

  it('lists what the router has', async () => {
    const router = plant.api.app.printRoutes({ commonPrefix: false });
    expect(router.match(/\((?:GET|POST|DELETE)(?:, [A-Z]+)*\)/g)).toHaveLength(
      Object.keys(document.paths).length,
    );
  });
});

describe('answers', () => {
  it.each([
    ['/', '/', 200],
    ['/docs/json', '/docs/json', 200],
    ['/healthz', '/healthz', 200],
    ['/readyz', '/readyz', 200],
    ['/metrics', '/metrics', 200],
    ['/api/v1/status', '/api/v1/status', 200],
    ['/api/v1/assets', '/api/v1/assets', 200],
    ['/api/v1/assets', '/api/v1/assets?limit=0', 400],
    ['/api/v1/assets/{id}', '/api/v1/assets/south%2Fpump-1', 200],
    ['/api/v1/assets/{id}', '/api/v1/assets/south/pump-3', 200],
    ['/api/v1/assets/{id}', '/api/v1/assets/nowhere', 404],
    ['/api/v1/assets/{id}/why-not', '/api/v1/assets/south%2Fpump-1/why-not', 200],
    ['/api/v1/assets/{id}/why-not', '/api/v1/assets/south/pump-3/why-not?', 200],
    ['/api/v1/assets/{id}/why-not', '/api/v1/assets/nowhere/why-not', 200],
    ['/api/v1/alerts', '/api/v1/alerts', 200],
    ['/api/v1/alerts', '/api/v1/alerts?state=open', 400],
    ['/api/v1/alerts/{id}', '/api/v1/alerts/al_000001', 200],
    ['/api/v1/alerts/{id}', '/api/v1/alerts/al_9', 404],
    ['/api/v1/models', '/api/v1/models', 200],
  ])('%s: %s gives %i, as described', async (path, url, status) => {
    expect((await described(path, url)).status).toBe(status);
  });

  it('says whether it is ready, and what is missing', async () => {
    plant.answers.ready = { ready: false, reasons: ['the broker is away'] };
    expect(await described('/readyz', '/readyz')).toEqual({
      status: 503,
      body: { ready: false, reasons: ['the broker is away'] },
    });
    plant.answers.ready = { ready: true, reasons: [] };
  });

  it('links to routes that answer', async () => {
    const { links } = (await get('/')).body as { links: Record<string, string> };
    for (const url of Object.values(links)) expect([url, (await get(url)).status]).toEqual([url, 200]);
  });

  it('gives metrics as Prometheus wants them', async () => {
    const { text, headers } = await get('/metrics');
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text).toBe('forewarn_up 1\n');
  });

  it('gives times as ISO 8601 and what JSON lacks as null', async () => {
    const { body } = await get('/api/v1/status');
    expect(body).toMatchObject({
      startedAt: '2026-01-31T11:59:00.000Z',
      mqtt: { state: 'reconnecting', sinceAt: '2026-01-31T11:59:55.000Z' },
      ingest: { lastRefusals: [{ at: '2026-01-31T12:00:00.000Z', reason: 'not_json' }] },
      classes: [{ etaMs: 20_000, training: { step: 100, heldOutLoss: null } }],
      sinks: [{ nextAttemptAt: '2026-01-31T12:00:01.000Z' }],
      assets: { total: 8, states: { unknown: 1, warming_up: 7 } },
    });
    const models = (await get('/api/v1/models')).body;
    const card = {
      createdAt: '2026-01-31T12:00:00.000Z',
      data: { fromAt: '2026-01-31T11:59:59.000Z', rows: 4000 },
    };
    expect(models).toMatchObject({
      models: [{ class: 'pump', champion: true, card: { ...card, threshold: { value: null } } }],
    });
  });

  it('protects what it gives to browsers', async () => {
    for (const url of ['/api/v1/status', '/nothing', '/api/v1/assets/%zz']) {
      const { headers } = await get(url);
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' });
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    }
  });
});

describe('assets', () => {
  it('shows state, rows, scores and attribution of one, however its slashes are written', async () => {
    const { body } = await get('/api/v1/assets/south%2Fpump-1');
    expect(body).toMatchObject({
      id: 'south/pump-1',
      class: 'pump',
      labels: { site: 'south' },
      state: 'unknown',
      reason: 'low_coverage',
      score: 2,
      scoredAt: '2026-01-31T12:00:00.000Z',
      channels: [{ name: 'speed' }, { name: 'pressure' }],
      attribution: [
        { channel: 'pressure', unit: 'bar', share: 0.75, expected: 2.5, actual: null },
        { channel: 'speed', unit: 'rpm', share: 0.25, expected: 1.5, actual: 1 },
      ],
      lastRows: [{ at: '2026-01-31T12:00:00.000Z', values: [1, null], measured: [true, false] }],
      lastScores: [
        { score: 2, verdict: 'anomalous', reason: null },
        { score: null, verdict: 'unknown', reason: 'low_coverage' },
      ],
    });
    expect((await get('/api/v1/assets/south/pump-1')).body).toEqual(body);
  });

  it('finds an asset whose name has signs that URLs use', async () => {
    const id = 'süd/50%/a b?#&+:*';
    plant.fleet.onAsset({ index: 8, id, className: 'pump', labels: { site: 'x:y' } });
    expect((await get(`/api/v1/assets/${encodeURIComponent(id)}`)).body).toMatchObject({ id });
    expect(
      (await get(`/api/v1/assets/${id.split('/').map(encodeURIComponent).join('/')}`)).body,
    ).toMatchObject({ id });
    expect((await get('/api/v1/assets?label=site:x:y')).body).toMatchObject({ assets: [{ id }] });
  });

  it.each([
    ['state=unknown', ['south/pump-1']],
    ['class=press', ['north/pump-0', 'south/pump-3', 'north/pump-6']],
    ['label=site:north&class=press', ['north/pump-0', 'north/pump-6']],
    ['label=site:north&label=asset:pump-2', ['north/pump-2']],
    ['label=site:nowhere', []],
  ])('filters by %s', async (query, ids) => {
    const { assets } = (await get(`/api/v1/assets?${query}`)).body as { assets: { id: string }[] };
    expect(assets.map(({ id }) => id)).toEqual(ids);
  });

  it('pages with a cursor', async () => {
    const first = (await get('/api/v1/assets?class=press&limit=2')).body as {
      assets: { id: string }[];
      next: number;
    };
    expect(first.assets).toHaveLength(2);
    const { body } = await get(`/api/v1/assets?class=press&limit=2&cursor=${first.next}`);
    expect(body).toMatchObject({ assets: [{ id: 'north/pump-6' }], next: null });
  });
});

describe('alerts', () => {
  it('come newest first, and pages join without a gap', async () => {
    const ids: string[] = [];
    let url = '/api/v1/alerts?limit=3';
    for (let page = 0; page < 5; page++) {
      const { alerts, next } = (await get(url)).body as { alerts: { id: string }[]; next: string | null };
      ids.push(...alerts.map(({ id }) => id));
      if (next === null) break;
      url = `/api/v1/alerts?limit=3&cursor=${next}`;
    }
    expect(ids).toEqual([6, 5, 4, 3, 2, 1, 0].map((n) => `al_00000${n}`));
  });

  it.each([
    ['asset=south%2Fpump-1', [1]],
    ['class=press', [6, 3, 0]],
    ['class=press&label=site:north', [6, 0]],
    ['since=2026-01-31T12:00:05Z', [6, 5]],
    ['until=2026-01-31T13:00:02.5%2B01:00', [1, 0]],
    ['rule=silent', []],
    ['state=firing&limit=1', [6]],
  ])('filters by %s', async (query, numbers) => {
    const { alerts } = (await get(`/api/v1/alerts?${query}`)).body as { alerts: { id: string }[] };
    expect(alerts.map(({ id }) => id)).toEqual(numbers.map((n) => `al_00000${n}`));
  });

  it('shows one with its history', async () => {
    expect((await get('/api/v1/alerts/al_000001')).body).toMatchObject({
      id: 'al_000001',
      asset: 'south/pump-1',
      startedAt: '2026-01-31T12:00:01.000Z',
      resolvedAt: null,
      channels: [{ channel: 'pressure', share: 1, expected: 2, actual: null }],
      history: [
        {
          at: '2026-01-31T12:00:01.500Z',
          recordedAt: '2026-01-31T12:00:00.000Z',
          what: 'firing',
          reason: 'raised',
        },
      ],
    });
  });
});
