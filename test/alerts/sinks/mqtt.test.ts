import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { Aedes } from 'aedes';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Alert } from '../../../src/types.ts';
import { assetNamed, until, verdictOf } from '../support/fixtures.ts';
import { firingOf, never, resolvedOf } from './contract.ts';
import { mosquitto, outputAt, startAedes, startMosquitto, subscriber } from './support/mqtt-brokers.ts';

if (mosquitto === null) console.warn('SKIPPED: alerts on mosquitto, because it is not installed.');

const topic = 'forewarn/alerts/north/1/pump-3';

describe.each([
  ['mosquitto', startMosquitto],
  ['the embedded broker', startAedes],
] as const)('alerts on %s', (kind, startBroker) => {
  const test = it.skipIf(kind === 'mosquitto' && mosquitto === null);

  async function connected() {
    const { port, server } = await startBroker();
    const firing = new Map<string, Alert>();
    const watcher = await subscriber(port);
    const output = outputAt(port, firing, { scores: true });
    await until('it is online', () => watcher.seen.has('forewarn/status'));
    return { port, server, firing, watcher, output };
  }

  test('stand on the topic of their asset, the most urgent in front, until the last is over', async () => {
    const { port, firing, watcher, output } = await connected();
    const silent = firingOf('al_2', { rule: 'silent', priority: 'low', summary: 'no data' });
    const anomaly = firingOf('al_1', { priority: 'high' });
    for (const one of [silent, anomaly]) {
      firing.set(one.alert.id, one.alert);
      expect(await output.sink.deliver(one, never)).toEqual({ ok: true });
    }
    const late = await subscriber(port);
    await until('the state is found', () => late.seen.has(topic));
    const found = late.seen.get(topic)!;
    expect(found.retain).toBe(true);
    expect(JSON.parse(found.payload)).toMatchObject({
      asset: 'north/1/pump-3',
      priority: 'high',
      summary: anomaly.alert.summary,
      alerts: [
        { id: 'al_1', state: 'firing', url: 'http://forewarn.example:8080/api/v1/alerts/al_1' },
        { id: 'al_2', rule: 'silent' },
      ],
    });
    firing.delete('al_1');
    await output.sink.deliver(resolvedOf(anomaly), never);
    await until('one is left', () => watcher.seen.get(topic)?.payload.includes('al_1') === false);
    firing.delete('al_2');
    await output.sink.deliver(resolvedOf(silent), never);
    await until('the topic is gone', () => !watcher.seen.has(topic));
    const later = await subscriber(port);
    await until('the rest is found', () => later.seen.has('forewarn/status'));
    expect([...later.seen.keys()]).toEqual(['forewarn/status']);
  });

  test('say whether anybody watches: birth, goodbye, and a will', async () => {
    const { port, watcher, output } = await connected();
    const status = () => JSON.parse(watcher.seen.get('forewarn/status')!.payload) as unknown;
    expect(status()).toEqual({ state: 'online', version: '1.2.3' });
    await output.stop();
    await until('it is offline', () => watcher.seen.get('forewarn/status')!.payload.includes('offline'));
    const clientId = 'forewarn-doomed';
    const doomed = outputAt(port, new Map(), { clientId, reconnectMs: 600_000 });
    await until('it is online', () => watcher.seen.get('forewarn/status')!.payload.includes('online'));
    // The broker throws out the older of two with the same id, and with it speaks its will.
    const rival = outputAt(port, new Map(), { clientId, version: null });
    await until('the will is spoken', () => watcher.seen.get('forewarn/status')!.payload.includes('offline'));
    await Promise.all([doomed.stop(), rival.stop()]);
  });

  test('come back to a broker that has forgotten them', async () => {
    const { port, server, firing, output } = await connected();
    const anomaly = firingOf('al_1');
    firing.set('al_1', anomaly.alert);
    await output.sink.deliver(anomaly, never);
    let noticed = false;
    await server.stop();
    await until('it noticed', () => {
      output.sink.deliver(anomaly, AbortSignal.timeout(50)).then(
        (result) => {
          noticed = !result.ok;
        },
        () => undefined,
      );
      return noticed;
    });
    await server.start();
    const late = await subscriber(port);
    await until('what stands is there again', () => late.seen.has(topic) && late.seen.has('forewarn/status'));
  });

  test('go along with scores that nobody keeps', async () => {
    const { port, watcher, output } = await connected();
    output.onVerdict(verdictOf(assetNamed('pump-3'), 1_700_000_000_000, 1.5));
    await until('the score came', () => watcher.seen.has('forewarn/scores/north/1/pump-3'));
    const { payload, retain } = watcher.seen.get('forewarn/scores/north/1/pump-3')!;
    expect(retain).toBe(false);
    expect(JSON.parse(payload)).toEqual({
      at: '2023-11-14T22:13:20.000Z',
      score: 1.5,
      verdict: 'anomalous',
      model: 'pump-1',
      confidence: 'full',
    });
    const late = await subscriber(port);
    await until('the rest is found', () => late.seen.has('forewarn/status'));
    expect(late.seen.has('forewarn/scores/north/1/pump-3')).toBe(false);
  });
});

describe('scores', () => {
  it('are dropped while the broker is away', () => {
    const output = outputAt(1, new Map(), { scores: true });
    const verdict = verdictOf(assetNamed('pump-3'), 1000, 1.5);
    expect(() => output.onVerdict(verdict)).not.toThrow();
  });
});

describe('a message that the broker did not answer', () => {
  it.each([
    ['in time', 200],
    ['before the connection was lost', 600_000],
  ])('%s is not sent again after newer ones', async (_, timeoutMs) => {
    const aedes = await Aedes.createBroker();
    const published: string[] = [];
    let held = 0;
    let births = 0;
    aedes.authorizePublish = (_client, packet, done) => {
      if (packet.payload.includes('online')) births++;
      if (!packet.topic.includes('/alerts/')) return done();
      published.push(packet.payload.toString());
      // The first one gets no answer.
      if (++held > 1) done();
    };
    const sockets = new Set<Socket>();
    const server = createServer((socket) => {
      sockets.add(socket);
      aedes.handle(socket);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
      await new Promise<void>((resolve) => aedes.close(() => resolve()));
    });
    const firing = new Map<string, Alert>();
    const { port } = server.address() as AddressInfo;
    const output = outputAt(port, firing, { timeoutMs });
    const anomaly = firingOf('al_1');
    await until('it is connected', () => births === 1);
    firing.set('al_1', anomaly.alert);
    const first = output.sink.deliver(anomaly, never);
    await until('the first attempt came', () => held === 1);
    if (timeoutMs === 200) expect(await first).toMatchObject({ ok: false, retryable: true });
    expect(await output.sink.deliver(anomaly, never)).toEqual({ ok: true });
    firing.clear();
    expect(await output.sink.deliver(resolvedOf(anomaly), never)).toEqual({ ok: true });
    const before = published.length;
    for (const socket of sockets) socket.destroy();
    expect(await first).toMatchObject({ ok: false, retryable: true });
    await until('it is connected again', () => births === 2);
    const next = firingOf('al_2', { assetId: 'north/1/pump-4' });
    firing.set('al_2', next.alert);
    expect(await output.sink.deliver(next, never)).toEqual({ ok: true });
    expect(published.at(-1)).toContain('al_2');
    expect(published.slice(before).filter((payload) => payload.includes('al_1'))).toEqual([]);
  });
});
