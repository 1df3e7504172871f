import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, createApi } from '../../src/api/server.ts';
import { ForewarnError } from '../../src/errors.ts';
import { type Logger, silentLogger } from '../../src/log.ts';
import { testModels } from './support/models.ts';
import { createPlant, noPreviews, noSinks, type Plant } from './support/plant.ts';

let plant: Plant;
beforeAll(() => {
  plant = createPlant();
});
afterAll(() => plant.close());

const get = async (url: string) => {
  const response = await plant.api.app.inject({ method: 'GET', url });
  return { status: response.statusCode, body: response.json() as unknown };
};

/** An API whose sources fail with this. */
function brokenApi(failure: Error, log = silentLogger): Api {
  return createApi({
    host: '127.0.0.1',
    port: 0,
    log,
    version: '1',
    sources: brokenSources(failure),
    commands: plant.alerting.desk,
    silences: plant.silences,
    sinks: noSinks,
    previews: noPreviews,
    models: testModels(0),
  });
}

function brokenSources(failure: Error) {
  const refuse = (): never => {
    throw failure;
  };
  return {
    status: refuse,
    whyNot: refuse,
    fleet: plant.fleet,
    alerts: plant.journal,
    alertEvents: { ...plant.journal, subscribe: () => () => undefined },
    kpis: { now: refuse, report: refuse },
    metrics: { contentType: 'text/plain', text: refuse },
    readiness: refuse,
  };
}

describe('refusals', () => {
  it.each([
    ['/api/v1/assets?limit=0', 'limit'],
    ['/api/v1/assets?limit=ten', 'limit'],
    ['/api/v1/assets?limit=1001', 'limit'],
    ['/api/v1/assets?cursor=-1', 'cursor'],
    ['/api/v1/assets?state=broken', 'state'],
    ['/api/v1/assets?label=north', 'label'],
    ['/api/v1/assets?label=site:a&label=site:b', 'label'],
    ['/api/v1/assets?colour=red', 'colour'],
    ['/api/v1/alerts?state=open', 'state'],
    ['/api/v1/alerts?rule=any', 'rule'],
    ['/api/v1/alerts?since=yesterday', 'since'],
    ['/api/v1/alerts?until=2026-02-30T00:00:00Z', 'until'],
    ['/api/v1/alerts?cursor=%27%3B--', 'cursor'],
    ['/api/v1/assets?limit=1.5', 'limit'],
    ['/api/v1/assets?limit=true', 'limit'],
    ['/api/v1/assets?limit=5&limit=6', 'limit'],
    ['/api/v1/assets?limit=', 'limit'],
    ['/api/v1/alerts?__proto__=x', '__proto__'],
  ])('%s names the parameter', async (url, parameter) => {
    const { status, body } = await get(url);
    expect(status).toBe(400);
    const { code, message } = (body as { error: { code: string; message: string } }).error;
    expect(['BAD_PARAMETER', 'UNKNOWN_PARAMETER']).toContain(code);
    expect(message).toContain(parameter);
  });

  it('lists what may be chosen, and how a time is written', async () => {
    const hint = async (url: string) => ((await get(url)).body as { error: { hint: string } }).error.hint;
    expect(await hint('/api/v1/alerts?state=open')).toBe('One of firing, resolved.');
    expect(await hint('/api/v1/alerts?since=2026-01-31T12:00:00+01:00')).toContain('%2B');
  });

  it('knows no other routes, methods or broken addresses', async () => {
    expect(await get('/api/v2/status')).toMatchObject({
      status: 404,
      body: { error: { code: 'NO_SUCH_ROUTE' } },
    });
    expect(await get('/api/v1/assets/%zz')).toMatchObject({
      status: 400,
      body: { error: { code: 'BAD_REQUEST' } },
    });
    const post = await plant.api.app.inject({ method: 'POST', url: '/api/v1/alerts', payload: { a: 1 } });
    expect([post.statusCode, post.json()]).toMatchObject([404, { error: { code: 'NO_SUCH_ROUTE' } }]);
  });

  it('says nothing of the inside with a 500, and writes it to the log', async () => {
    const lines: object[] = [];
    const log: Logger = { ...silentLogger, error: (fields) => void lines.push(fields) };
    const other = brokenApi(new Error('secret path'), log);
    const response = await other.app.inject('/api/v1/status');
    await other.stop();
    expect(response.statusCode).toBe(500);
    expect(response.body).not.toContain('secret');
    expect(response.json()).toMatchObject({ error: { code: 'INTERNAL' } });
    expect(lines).toMatchObject([{ error: 'secret path', url: '/api/v1/status' }]);
  });

  it('gives 503 where trying again may help', async () => {
    const failure = new ForewarnError('JOURNAL_FAILED', '/var/lib: disk full', {
      retryable: true,
      hint: 'Free some space.',
    });
    const other = brokenApi(failure);
    const response = await other.app.inject('/api/v1/status');
    await other.stop();
    expect(response.statusCode).toBe(503);
    expect(response.json()).toMatchObject({ error: { code: 'JOURNAL_FAILED', hint: 'Free some space.' } });
    expect(response.body).not.toContain('/var/lib');
  });

  it('slows a flood down, but never the health checks', async () => {
    const other = createPlant();
    const statuses: number[] = [];
    for (let i = 0; i < 6010; i++) statuses.push((await other.api.app.inject('/')).statusCode);
    const health = (await other.api.app.inject('/healthz')).statusCode;
    const refused = await other.api.app.inject('/');
    await other.close();
    expect(statuses.indexOf(429)).toBe(6000);
    expect(refused.json()).toMatchObject({ error: { code: 'TOO_MANY_REQUESTS' } });
    expect(health).toBe(200);
  });
});
