import Schema from 'typebox/schema';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AlertBody } from '../../src/api/alert-schemas.ts';
import type { KpisBody } from '../../src/api/kpi-schemas.ts';
import { KpisBody as KpisSchema } from '../../src/api/kpi-schemas.ts';
import { type SilenceBody, SilenceBody as SilenceSchema } from '../../src/api/silence-schemas.ts';
import { assetAt, createPlant, noon, type Plant, scored } from './support/plant.ts';

let plant: Plant;
const asset = assetAt(1);

async function call<T>(method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) {
  const response = await plant.api.app.inject({ method, url, ...(payload === undefined ? {} : { payload }) });
  return { status: response.statusCode, body: response.json() as T };
}
const order = { matchers: ['site=south'], by: 'ada', comment: 'new seal', duration: '2h' };
const listed = async (query = '') =>
  (await call<{ silences: SilenceBody[] }>('GET', `/api/v1/silences${query}`)).body.silences;
function raise(of = asset): void {
  for (const at of [0, 60]) plant.alerting.onVerdict(scored(of, noon + at, 2));
  plant.alerting.flush();
}

beforeEach(() => {
  plant = createPlant();
  for (const index of [1, 2]) plant.fleet.onAsset(assetAt(index));
});
afterEach(() => plant.close());

describe('silences', () => {
  it('are made, listed, seen at the alert, and ended', async () => {
    const made = await call<SilenceBody>('POST', '/api/v1/silences', order);
    expect(made).toMatchObject({
      status: 201,
      body: {
        ...{ state: 'active', by: 'ada', matchers: ['site=south'], muting: 0, endedAt: null },
        since: '2026-01-31T12:00:00.000Z',
        until: '2026-01-31T14:00:00.000Z',
      },
    });
    expect(Schema.Errors(SilenceSchema, made.body)).toEqual([true, []]);
    raise();
    const { alerts } = (await call<{ alerts: AlertBody[] }>('GET', '/api/v1/alerts')).body;
    expect(alerts).toMatchObject([
      {
        operatorState: 'suppressed',
        handling: { told: false, suppressedFor: `silence:${made.body.id}` },
      },
    ]);
    expect(await listed()).toMatchObject([{ id: made.body.id, muting: 1 }]);
    const ended = await call<SilenceBody>('DELETE', `/api/v1/silences/${made.body.id}?by=bob`);
    expect(ended).toMatchObject({ status: 200, body: { state: 'expired', endedBy: 'bob' } });
    expect(await listed()).toEqual([]);
    expect(await listed('?over=show')).toMatchObject([{ state: 'expired', endedBy: 'bob' }]);
    expect(plant.journal.outbox.backlog('ops')).toMatchObject({ queued: 1 });
  });

  it.each([
    [{ matchers: ['south'] }, 'matchers: "south" is no matcher'],
    [{ matchers: ['site=~('] }, 'matchers: "(" is no regular expression'],
    [{ matchers: [] }, 'matchers: '],
    [{ duration: '0s' }, 'duration: is 0 or more than 366d'],
    [{ duration: '2 hours' }, 'duration: '],
    [{ by: ' ' }, 'by: '],
    [{ comment: undefined }, 'comment: is missing'],
  ])('refuse %j', async (part, message) => {
    const answer = await call('POST', '/api/v1/silences', { ...order, ...part });
    expect(answer).toMatchObject({
      status: 400,
      body: { error: { code: 'BAD_PARAMETER', message: expect.stringContaining(message) } },
    });
    expect(await listed('?over=show')).toEqual([]);
  });

  it('are ended by somebody, once', async () => {
    const { body } = await call<SilenceBody>('POST', '/api/v1/silences', order);
    expect(await call('DELETE', `/api/v1/silences/${body.id}`)).toMatchObject({
      body: { error: { code: 'BAD_PARAMETER', message: 'by: is missing' } },
    });
    await call('DELETE', `/api/v1/silences/${body.id}?by=ada`);
    expect(await call('DELETE', `/api/v1/silences/${body.id}?by=ada`)).toMatchObject({
      status: 409,
      body: { error: { code: 'SILENCE_IS_OVER' } },
    });
    expect(await call('DELETE', '/api/v1/silences/sl_none?by=ada')).toMatchObject({
      status: 404,
      body: { error: { code: 'NO_SUCH_SILENCE' } },
    });
  });
});

describe('alarm figures', () => {
  it('are those of the journal, by site and class', async () => {
    raise(assetAt(1));
    raise(assetAt(2));
    const url = `/api/v1/kpis?since=${new Date(noon - 600_000).toISOString()}&until=${new Date(noon + 600_000).toISOString()}`;
    const { status, body } = await call<KpisBody>('GET', url);
    expect(status).toBe(200);
    expect(Schema.Errors(KpisSchema, body)).toEqual([true, []]);
    expect(body).toMatchObject({
      since: '2026-01-31T11:50:00.000Z',
      total: { raised: 2, told: 2, perTenMinutes: { mean: 1, peak: 2 }, acknowledging: { waiting: 2 } },
      classes: [{ class: 'pump', kpis: { told: 2 } }],
    });
    expect(body.sites.map(({ site }) => site).sort()).toEqual(['north', 'south']);
    expect(body.total.top.map((one) => one.asset).sort()).toEqual(['north/pump-2', 'south/pump-1']);
  });

  it('want a time that is one, and a start before its end', async () => {
    for (const query of ['since=yesterday', 'since=2026-02-01T00:00:00Z', 'by=ada']) {
      const { status, body } = await call<{ error: { hint: string } }>('GET', `/api/v1/kpis?${query}`);
      expect([status, typeof body.error.hint]).toEqual([400, 'string']);
    }
  });
});
