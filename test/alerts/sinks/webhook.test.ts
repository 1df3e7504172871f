import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Notification } from '../../../src/alerts/sink.ts';
import { alertNamed } from '../support/fixtures.ts';
import { type Receiver, startReceiver } from '../support/receiver.ts';
import { webhookSinkAt } from '../support/webhook-sink.ts';

const firing: Notification = {
  idempotencyKey: 'al_1:firing:ops',
  transition: 'firing',
  alert: alertNamed('al_1'),
};
const resolved: Notification = {
  idempotencyKey: 'al_1:resolved:ops',
  transition: 'resolved',
  alert: alertNamed('al_1', { state: 'resolved', resolvedAt: 9_000 }),
};

const sinkFor = webhookSinkAt;

const never = new AbortController().signal;

function bodyOf(receiver: Receiver, index = 0) {
  return JSON.parse(receiver.received[index].body) as {
    alerts: { fingerprint: string; startsAt: string; endsAt: string }[];
  };
}

describe('webhook', () => {
  it('posts what receivers of Alertmanager understand, and all that we know', async () => {
    const receiver = await startReceiver();
    expect(await sinkFor(receiver.url).deliver(firing, never)).toEqual({ ok: true });
    const labels = {
      alertname: 'ForewarnAnomaly',
      asset: 'pump-3',
      asset_id: 'north/1/pump-3',
      class: 'pump',
      line: '1',
      rule: 'anomaly',
      site: 'north',
    };
    const annotations = {
      summary: firing.alert.summary,
      alert_id: 'al_1',
      priority: 'medium',
      channel: 'vibration',
    };
    expect(bodyOf(receiver)).toEqual({
      version: '4',
      groupKey: '{}:{alertname="ForewarnAnomaly", asset_id="north/1/pump-3"}',
      truncatedAlerts: 0,
      status: 'firing',
      receiver: 'ops',
      groupLabels: { alertname: 'ForewarnAnomaly', asset_id: 'north/1/pump-3' },
      commonLabels: labels,
      commonAnnotations: annotations,
      externalURL: 'http://forewarn.example:8080',
      alerts: [
        {
          status: 'firing',
          labels,
          annotations,
          startsAt: '1970-01-01T00:00:01.000Z',
          endsAt: '0001-01-01T00:00:00Z',
          generatorURL: 'http://forewarn.example:8080/api/v1/alerts/al_1',
          fingerprint: expect.stringMatching(/^[0-9a-f]{16}$/),
          forewarn: firing.alert,
        },
      ],
    });
    const [{ method, headers }] = receiver.received;
    expect(method).toBe('POST');
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': 'forewarn/1.2.3',
      'idempotency-key': 'al_1:firing:ops',
    });
    expect(headers).not.toHaveProperty('authorization');
    expect(headers).not.toHaveProperty('x-forewarn-signature');
  });

  it('gives firing and resolved the same fingerprint, and the end its time', async () => {
    const receiver = await startReceiver();
    const sink = sinkFor(receiver.url);
    await sink.deliver(firing, never);
    await sink.deliver(resolved, never);
    const [first, last] = [bodyOf(receiver, 0).alerts[0], bodyOf(receiver, 1).alerts[0]];
    expect(last.fingerprint).toBe(first.fingerprint);
    expect(last).toMatchObject({ status: 'resolved', endsAt: '1970-01-01T00:00:09.000Z' });
  });

  it('makes label names that Prometheus allows', async () => {
    const receiver = await startReceiver();
    const alert = alertNamed('al_1', { labels: { 'plant-no': 'a', '2nd': 'b', rule: 'mine' } });
    await sinkFor(receiver.url).deliver({ ...firing, alert }, never);
    expect(bodyOf(receiver)).toMatchObject({ commonLabels: { plant_no: 'a', _2nd: 'b', rule: 'anomaly' } });
  });

  it('sends a token, and signs the body with its time', async () => {
    const receiver = await startReceiver();
    await sinkFor(receiver.url, { bearerToken: 'token', secret: 'secret' }).deliver(firing, never);
    const [request] = receiver.received;
    expect(request.headers).toMatchObject({ authorization: 'Bearer token' });
    const expected = createHmac('sha256', 'secret').update(`1700000000.${request.body}`).digest('hex');
    expect(request.headers['x-forewarn-signature']).toBe(`t=1700000000,v1=${expected}`);
  });

  it.each([
    [{ status: 204 }, { ok: true }],
    [{ status: 500 }, { ok: false, retryable: true, reason: 'HTTP 500: whatever' }],
    [{ status: 408 }, { ok: false, retryable: true, reason: 'HTTP 408: whatever' }],
    [
      { status: 429, headers: { 'Retry-After': '7' } },
      { ok: false, retryable: true, reason: 'HTTP 429: whatever', retryAfterMs: 7000 },
    ],
    [
      { status: 503, headers: { 'Retry-After': 'Wed, 21 Oct 2026 07:28:00 GMT' } },
      { ok: false, retryable: true, reason: 'HTTP 503: whatever' },
    ],
    [
      { status: 400, headers: { 'Retry-After': '7' } },
      { ok: false, retryable: false, reason: 'HTTP 400: whatever' },
    ],
    [
      { status: 302, headers: { Location: 'http://127.0.0.1:9/' } },
      { ok: false, retryable: false, reason: 'HTTP 302: redirects are not followed' },
    ],
  ])('takes %j for what it is', async (answer, expected) => {
    const receiver = await startReceiver();
    receiver.answer = () => answer;
    expect(await sinkFor(receiver.url).deliver(firing, never)).toEqual(expected);
  });

  it('gives up on a receiver that does not answer, and is worth another attempt', async () => {
    const receiver = await startReceiver();
    receiver.answer = () => null;
    const result = await sinkFor(receiver.url, { timeoutMs: 50 }).deliver(firing, never);
    expect(result).toEqual({ ok: false, retryable: true, reason: 'no answer within 50 ms' });
  });

  it('names the trouble when nobody listens', async () => {
    const receiver = await startReceiver();
    await receiver.close();
    const result = await sinkFor(receiver.url).deliver(firing, never);
    expect(result).toEqual({ ok: false, retryable: true, reason: 'ECONNREFUSED' });
  });

  it('ends soon after it is aborted', async () => {
    const receiver = await startReceiver();
    receiver.answer = () => null;
    const abort = new AbortController();
    const delivering = sinkFor(receiver.url, { timeoutMs: 60_000 }).deliver(firing, abort.signal);
    abort.abort();
    expect(await delivering).toMatchObject({ ok: false, retryable: true });
  });

  it('is signed in the way that the documentation tells receivers to check', async () => {
    const code = /```js\n(.*?)```/s.exec(readFileSync('docs/notifications.md', 'utf8'))?.[1] ?? '';
    const { isFromForewarn } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
      isFromForewarn(header: unknown, body: string, secret: string, nowSeconds: number): boolean;
    };
    const receiver = await startReceiver();
    await sinkFor(receiver.url, { secret: 'secret' }).deliver(firing, never);
    const { headers, body } = receiver.received[0];
    const header = headers['x-forewarn-signature'];
    const now = 1_700_000_000;
    expect(isFromForewarn(header, body, 'secret', now + 60)).toBe(true);
    expect(isFromForewarn(header, body, 'other', now)).toBe(false);
    expect(isFromForewarn(header, `${body} `, 'secret', now)).toBe(false);
    expect(isFromForewarn(header, body, 'secret', now + 3600)).toBe(false);
    expect(isFromForewarn(undefined, body, 'secret', now)).toBe(false);
  });

  it('links to where people reach Forewarn at the time', async () => {
    const receiver = await startReceiver();
    let address = 'http://early.example';
    const sink = sinkFor(receiver.url, { externalUrl: () => address });
    address = 'http://late.example';
    await sink.deliver(firing, never);
    expect(receiver.received[0].body).toContain('http://late.example/api/v1/alerts/al_1');
  });
});
