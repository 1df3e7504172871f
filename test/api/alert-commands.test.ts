import Schema from 'typebox/schema';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AlertBody, AlertDetailBody } from '../../src/api/alert-schemas.ts';
import type { KpisBody } from '../../src/api/kpi-schemas.ts';
import { assetAt, createPlant, noon, type Plant, scored } from './support/plant.ts';

let plant: Plant;
let alert: AlertBody;
const asset = assetAt(1);

async function call(method: 'GET' | 'POST', url: string, payload?: object | string) {
  const headers = { 'content-type': 'application/json' };
  const response = await plant.api.app.inject({
    method,
    url,
    ...(payload === undefined ? {} : { payload, headers }),
  });
  return { status: response.statusCode, body: response.json() as never };
}
const post = (action: string, payload?: object | string, id = alert.id) =>
  call('POST', `/api/v1/alerts/${id}/${action}`, payload);
const detail = async () => (await call('GET', `/api/v1/alerts/${alert.id}`)).body as AlertDetailBody;

beforeEach(async () => {
  plant = createPlant();
  plant.fleet.onAsset(asset);
  for (const at of [0, 60]) plant.alerting.onVerdict(scored(asset, noon + at, 2));
  plant.alerting.flush();
  [alert] = ((await call('GET', '/api/v1/alerts')).body as { alerts: AlertBody[] }).alerts;
});
afterEach(() => plant.close());

describe('commands on an alert', () => {
  it('acknowledges, assigns, comments and shelves, and keeps who, when and why', async () => {
    expect(alert).toMatchObject({ operatorState: 'unacknowledged', priority: 'medium' });
    expect(await post('acknowledge', { by: 'ada', comment: 'seen' })).toMatchObject({
      status: 200,
      body: { id: alert.id, operatorState: 'acknowledged', handling: { acknowledged: true } },
    });
    expect((await post('acknowledge', { by: 'bob' })).status).toBe(200);
    expect(await post('assign', { by: 'ada', to: 'carl' })).toMatchObject({
      body: { handling: { assignee: 'carl' } },
    });
    expect((await post('comment', { by: 'carl', comment: 'bearing is warm' })).status).toBe(200);
    expect(await post('shelve', { by: 'carl', comment: 'part is ordered', duration: '8h' })).toMatchObject({
      status: 200,
      body: { operatorState: 'shelved', handling: { shelvedUntil: '2026-01-31T20:00:00.000Z' } },
    });
    expect((await post('unshelve', { by: 'carl' })).body).toMatchObject({ operatorState: 'acknowledged' });
    const { history } = await detail();
    expect(history.map(({ reason, what, by, comment }) => [reason, what, by, comment])).toEqual([
      ['raised', 'firing', null, null],
      ['acknowledge', 'acknowledged', 'ada', 'seen'],
      ['assign', 'acknowledged', 'ada', null],
      ['comment', 'acknowledged', 'carl', 'bearing is warm'],
      ['shelve', 'shelved', 'carl', 'part is ordered'],
      ['unshelve', 'acknowledged', 'carl', null],
    ]);
    expect(history[1].recordedAt).toBe('2026-01-31T12:00:00.000Z');
  });

  it('keeps what was found at the machine, which can be taken back and counts in the figures', async () => {
    expect(await post('judge', { by: 'ada', as: 'false_alarm', comment: 'it was washed' })).toMatchObject({
      status: 200,
      body: { operatorState: 'acknowledged', handling: { outcome: 'false_alarm', acknowledged: true } },
    });
    const outcomes = async () =>
      (
        (await call('GET', '/api/v1/kpis?since=2026-01-31T00:00:00Z&until=2026-02-01T00:00:00Z'))
          .body as KpisBody
      ).total.outcomes;
    expect(await outcomes()).toEqual({ faults: 0, falseAlarms: 1, unjudged: 0, falseShare: 1 });
    expect((await post('judge', { by: 'bob', as: 'fault' })).body).toMatchObject({
      handling: { outcome: 'fault' },
    });
    // Said twice is said once, but for what is said beside it.
    expect((await post('judge', { by: 'bob', as: 'fault' })).status).toBe(200);
    expect((await post('judge', { by: 'eve', as: 'fault', comment: 'bearing 2' })).status).toBe(200);
    expect(await outcomes()).toEqual({ faults: 1, falseAlarms: 0, unjudged: 0, falseShare: 0 });
    expect((await post('judge', { by: 'bob', as: 'unknown' })).body).toMatchObject({
      handling: { outcome: null, acknowledged: true },
    });
    expect(await outcomes()).toMatchObject({ unjudged: 1, falseShare: null });
    const { history } = await detail();
    expect(history.slice(1).map(({ reason, by, comment }) => [reason, by, comment])).toEqual([
      ['judge', 'ada', 'false alarm: it was washed'],
      ['judge', 'bob', 'fault'],
      ['judge', 'eve', 'fault: bearing 2'],
      ['judge', 'bob', 'not known'],
    ]);
    expect(await post('judge', { by: 'bob', as: 'nothing' })).toMatchObject({ status: 400 });
  });

  it('escalates to the next step, and says so in the alert and its history', async () => {
    const answer = await post('escalate', { by: 'ada', comment: 'it leaks' });
    expect(answer).toMatchObject({
      status: 200,
      body: {
        operatorState: 'unacknowledged',
        handling: {
          unansweredSince: '2026-01-31T12:00:00.000Z',
          escalation: { count: 1, steps: ['on-call'], sinks: ['pager'] },
        },
      },
    });
    expect((await post('escalate', { by: 'ada' })).body).toMatchObject({ error: { code: 'NO_STEP_LEFT' } });
    expect((await post('escalate', { by: 'ada', step: 'on-call' })).status).toBe(200);
    const { history } = await detail();
    expect(history.slice(1).map(({ reason, by }) => [reason, by])).toEqual([
      ['escalate', 'ada'],
      ['escalate', 'ada'],
    ]);
    expect(history[1]!.comment).toMatch(/^on-call: escalated by ada, .*; told pager: it leaks$/);
    expect((await post('shelve', { by: 'ada', comment: 'c', duration: '1h' })).status).toBe(200);
    expect(await post('escalate', { by: 'ada', step: 'on-call' })).toMatchObject({
      status: 409,
      body: { error: { code: 'ALERT_IS_WITHHELD' } },
    });
  });

  it('gives what the document says', async () => {
    const { paths } = (await call('GET', '/docs/json')).body as {
      paths: Record<
        string,
        Record<string, { responses: Record<string, { content: Record<string, { schema: object }> }> }>
      >;
    };
    const schemaOf = (path: string, method: string, status: number) =>
      paths[path]![method]!.responses[status]!.content['application/json']!.schema;
    const acknowledge = '/api/v1/alerts/{id}/acknowledge';
    const answers: [object, unknown][] = [
      [schemaOf(acknowledge, 'post', 200), (await post('acknowledge', { by: 'a' })).body],
      [schemaOf(acknowledge, 'post', 404), (await post('acknowledge', { by: 'a' }, 'al_9')).body],
      [schemaOf(acknowledge, 'post', 400), (await post('acknowledge', {})).body],
      [
        schemaOf('/api/v1/out-of-service', 'post', 200),
        (await call('POST', '/api/v1/out-of-service', { by: 'a', comment: 'c', class: 'pump' })).body,
      ],
      [schemaOf('/api/v1/holds', 'get', 200), (await call('GET', '/api/v1/holds')).body],
    ];
    for (const [schema, body] of answers) expect(Schema.Errors(schema, body)).toEqual([true, []]);
  });

  it.each([
    ['acknowledge', {}, 400, 'BAD_PARAMETER', /^by: is missing/],
    ['acknowledge', { by: '  ' }, 400, 'BAD_PARAMETER', /^by: /],
    ['acknowledge', { by: 7 }, 400, 'BAD_PARAMETER', /^by: /],
    ['acknowledge', { by: 'ada', why: 'x' }, 400, 'UNKNOWN_PARAMETER', /why/],
    ['acknowledge', 'null', 400, 'BAD_REQUEST', /no JSON object/],
    ['acknowledge', '[1]', 400, 'BAD_REQUEST', /no JSON object/],
    ['acknowledge', '{', 400, 'BAD_REQUEST', /./],
    ['acknowledge', undefined, 400, 'BAD_REQUEST', /no JSON object/],
    ['comment', { by: 'ada' }, 400, 'BAD_PARAMETER', /^comment: is missing/],
    ['shelve', { by: 'ada', comment: 'c', duration: 'soon' }, 400, 'BAD_PARAMETER', /^duration: /],
    ['shelve', { by: 'ada', comment: 'c', duration: '31d' }, 400, 'BAD_PARAMETER', /30d/],
    ['shelve', { by: 'ada', comment: 'c', duration: '0s' }, 400, 'BAD_PARAMETER', /30d/],
    ['unshelve', { by: 'ada' }, 409, 'NOT_SHELVED', /is not shelved/],
    ['escalate', {}, 400, 'BAD_PARAMETER', /^by: is missing/],
    ['escalate', { by: 'ada', step: 'x' }, 404, 'NO_SUCH_STEP', /no step/i],
    ['explode', { by: 'ada' }, 404, 'NO_SUCH_ROUTE', /./],
  ])('%s with %j: %i %s', async (action, payload, status, code, message) => {
    const answer = await post(action, payload);
    expect(answer).toMatchObject({
      status,
      body: { error: { code, message: expect.stringMatching(message) } },
    });
    expect((await detail()).history).toHaveLength(1);
  });

  it('knows which alerts there are, and which are over', async () => {
    expect(await post('acknowledge', { by: 'ada' }, 'al_9')).toMatchObject({
      status: 404,
      body: { error: { code: 'NO_SUCH_ALERT' } },
    });
    for (const at of [100, 300]) plant.alerting.onVerdict(scored(asset, noon + at, 0));
    expect(await post('shelve', { by: 'ada', comment: 'c', duration: '1h' })).toMatchObject({
      status: 409,
      body: { error: { code: 'ALERT_IS_OVER' } },
    });
    const open = async () =>
      (await call('GET', '/api/v1/alerts?operatorState=open')).body as { alerts: AlertBody[] };
    expect((await open()).alerts).toMatchObject([{ operatorState: 'returned_unacknowledged' }]);
    expect((await post('acknowledge', { by: 'ada' })).body).toMatchObject({ operatorState: 'closed' });
    expect((await open()).alerts).toEqual([]);
  });
});

describe('out of service', () => {
  const take = (payload: object) =>
    call('POST', '/api/v1/out-of-service', { by: 'ada', comment: 'overhaul', ...payload });
  const put = (payload: object) => call('POST', '/api/v1/return-to-service', { by: 'bob', ...payload });

  it('takes an asset out and puts it back', async () => {
    expect(await take({ asset: asset.id })).toMatchObject({
      status: 200,
      body: { kind: 'out_of_service', asset: asset.id, class: null, rule: null, until: null, by: 'ada' },
    });
    expect((await call('GET', '/api/v1/holds')).body).toMatchObject({
      holds: [{ asset: asset.id, comment: 'overhaul' }],
    });
    expect(await detail()).toMatchObject({ operatorState: 'out_of_service' });
    expect(await take({ asset: asset.id })).toMatchObject({
      status: 409,
      body: { error: { code: 'ALREADY_OUT_OF_SERVICE' } },
    });
    expect((await put({ asset: asset.id })).status).toBe(200);
    expect(await put({ asset: asset.id })).toMatchObject({
      status: 409,
      body: { error: { code: 'NOT_OUT_OF_SERVICE' } },
    });
    expect(await detail()).toMatchObject({ operatorState: 'unacknowledged' });
  });

  it.each([
    [{ asset: 'nowhere/x' }, 404, 'NO_SUCH_ASSET'],
    [{ class: 'boat' }, 404, 'NO_SUCH_CLASS'],
    [{}, 400, 'BAD_PARAMETER'],
    [{ asset: asset.id, class: 'pump' }, 400, 'BAD_PARAMETER'],
  ])('refuses %j', async (payload, status, code) => {
    expect(await take(payload)).toMatchObject({ status, body: { error: { code } } });
  });
});
