import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAlertmanagerSink } from '../../../src/alerts/sinks/alertmanager.ts';
import type { Alert } from '../../../src/types.ts';
import { alertNamed, recordingLog, until } from '../support/fixtures.ts';
import { startReceiver } from '../support/receiver.ts';
import { webhookOptions } from '../support/webhook-sink.ts';
import { firingOf, never, resolvedOf } from './contract.ts';
import { alertmanager, startAlertmanager } from './support/alertmanager-server.ts';

if (alertmanager === null) {
  console.warn('SKIPPED: alerts in Alertmanager, because prometheus-alertmanager is not installed.');
}

function sinkFor(url: string, firing: readonly Alert[], timeoutMs = 5_000) {
  const { log, lines } = recordingLog();
  const options = webhookOptions(url, { format: { kind: 'alertmanager_api' }, timeoutMs, clock: Date.now });
  const sink = createAlertmanagerSink({ ...options, standing: () => firing, log, repeatMs: 20 });
  onTestFinished(() => sink.stop());
  return { sink, lines };
}

describe.skipIf(alertmanager === null)('Alertmanager', () => {
  it('shows an alert with its labels until it is over, and for a day without a word from us', async () => {
    const { url, alerts } = await startAlertmanager();
    const { sink } = sinkFor(url, []);
    const firing = firingOf('al_1', { labels: { 'plant-no': 'a', asset: 'pump-3' }, action: 'Look at it.' });
    await sink.deliver(firing, never);
    const [shown] = await alerts();
    expect(shown).toMatchObject({
      labels: { alertname: 'ForewarnAnomaly', asset_id: 'north/1/pump-3', plant_no: 'a', asset: 'pump-3' },
      annotations: { alert_id: 'al_1', action: 'Look at it.', summary: firing.alert.summary },
      generatorURL: 'http://forewarn.example:8080/api/v1/alerts/al_1',
    });
    expect(Date.parse(shown!.startsAt)).toBe(firing.alert.startedAt);
    expect(Date.parse(shown!.endsAt)).toBeGreaterThan(Date.now() + 86_000_000);
    await sink.deliver(resolvedOf(firing), never);
    expect(await alerts()).toEqual([]);
  });

  it('knows what stands again after it was started anew', async () => {
    const { url, server, alerts } = await startAlertmanager();
    const firing = firingOf('al_1');
    const standing = [firing.alert];
    const { sink } = sinkFor(url, standing);
    await sink.deliver(firing, never);
    await server.stop();
    await server.start();
    expect(await alerts()).toEqual([]);
    sink.start();
    let shown = 0;
    await until('it is told again', () => {
      alerts().then(
        (all) => {
          shown = all.length;
        },
        () => undefined,
      );
      return shown === 1;
    });
    // From here on nothing may bring the alert back that ends now.
    standing.length = 0;
    await sink.deliver(resolvedOf(firing), never);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await alerts()).toEqual([]);
  });
});

describe('the repetition of standing alerts', () => {
  it('comes in parts, and never beside a delivery', async () => {
    const receiver = await startReceiver();
    const firing = Array.from({ length: 501 }, (_, i) => alertNamed(`al_${i}`));
    const { sink } = sinkFor(receiver.url, firing);
    sink.start();
    await until('two parts came', () => receiver.received.length >= 2);
    await sink.stop();
    const sizes = receiver.received.slice(0, 2).map(({ body }) => (JSON.parse(body) as unknown[]).length);
    expect(sizes).toEqual([500, 1]);
  });

  it('lets the end of an alert wait until it is answered itself', async () => {
    const order: string[] = [];
    let answer = (): void => undefined;
    const server = createServer((request, response) => {
      request.resume();
      request.on('end', () => {
        const key = String(request.headers['idempotency-key']).split(':')[0]!;
        order.push(`asked: ${key}`);
        const end = (): void => {
          order.push(`answered: ${key}`);
          response.writeHead(200).end();
        };
        if (key === 'repeat' && order.length === 1) answer = end;
        else end();
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const firing = firingOf('al_1');
    const standing = [firing.alert];
    const { sink } = sinkFor(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, standing);
    sink.start();
    await until('a repetition is on its way', () => order.length === 1);
    standing.length = 0;
    const delivered = sink.deliver(resolvedOf(firing), never);
    await new Promise((resolve) => setTimeout(resolve, 100));
    answer();
    expect(await delivered).toEqual({ ok: true });
    expect(order).toEqual(['asked: repeat', 'answered: repeat', 'asked: al_1', 'answered: al_1']);
  });

  it('does not keep a delivery that is told to end', async () => {
    const receiver = await startReceiver();
    receiver.answer = () => null;
    const { sink, lines } = sinkFor(receiver.url, [alertNamed('al_1')], 600_000);
    sink.start();
    await until('a repetition is on its way', () => receiver.received.length === 1);
    const abort = new AbortController();
    const delivered = sink.deliver(firingOf('al_1'), abort.signal);
    abort.abort();
    expect(await delivered).toMatchObject({ ok: false, retryable: true });
    expect(lines).toEqual([]);
  });

  it('says once that it fails', async () => {
    const receiver = await startReceiver();
    receiver.answer = () => ({ status: 500 });
    const { sink, lines } = sinkFor(receiver.url, [alertNamed('al_1')]);
    sink.start();
    await until('it tried three times', () => receiver.received.length >= 3);
    await sink.stop();
    expect(lines).toEqual([
      expect.objectContaining({ level: 'warn', fields: { sink: 'ops', error: 'HTTP 500: whatever' } }),
    ]);
  });

  it('is silent when nothing stands', async () => {
    const receiver = await startReceiver();
    const { sink } = sinkFor(receiver.url, []);
    sink.start();
    await sink.deliver(firingOf('al_1'), never);
    await sink.stop();
    expect(receiver.received).toHaveLength(1);
  });
});
