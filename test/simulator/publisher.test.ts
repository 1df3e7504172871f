import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Aedes, type AedesOptions } from 'aedes';
import { afterEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../src/log.ts';
import { Plant } from '../../src/simulator/plant.ts';
import { PlantPublisher, type PlantPublisherOptions } from '../../src/simulator/publisher.ts';
import { pumpChannels } from '../../src/simulator/pump.ts';

const startAt = Date.UTC(2026, 0, 5);
const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface Received {
  readonly topic: string;
  readonly qos: number;
  readonly payload: { ts: number; values: Record<string, number> };
}

/** A real broker on a free port of the loopback, and everything that was published through it. */
async function startBroker(options: AedesOptions = {}) {
  const broker = await Aedes.createBroker(options);
  const received: Received[] = [];
  const sockets = new Set<Socket>();
  broker.on('publish', ({ topic, qos, payload }, client) => {
    if (client !== null) received.push({ topic, qos, payload: JSON.parse(payload.toString()) });
  });
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    broker.handle(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const dropAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  cleanups.push(async () => {
    dropAll();
    await new Promise<void>((resolve) => broker.close(resolve));
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`, received, dropAll };
}

function publisherFor(url: string, options: Partial<PlantPublisherOptions> = {}): PlantPublisher {
  const plant = new Plant({ pumps: 4, seed: 1, startAt });
  const publisher = new PlantPublisher({ plant, url, speed: Infinity, logger: silentLogger, ...options });
  cleanups.push(() => publisher.stop());
  return publisher;
}

/** An `onTick` that aborts after so many samples. */
function stopAfter(ticks: number): { signal: AbortSignal; onTick: (at: number) => void; times: number[] } {
  const controller = new AbortController();
  const times: number[] = [];
  const onTick = (at: number) => {
    times.push(at);
    if (times.length === ticks) controller.abort();
  };
  return { signal: controller.signal, onTick, times };
}

describe('a publisher', () => {
  it.each([0, 1] as const)('publishes every row once and in order at QoS %i', async (qos) => {
    const { url, received } = await startBroker();
    const { signal, onTick, times } = stopAfter(300);
    const publisher = publisherFor(url, { onTick, qos });
    await publisher.run(signal);
    await expect.poll(() => received.length).toBe(1200);
    expect(publisher.counters).toEqual({ ticks: 300, published: 1200, acknowledged: 1200, failed: 0 });
    expect(times).toEqual(Array.from({ length: 300 }, (_, index) => startAt + 1000 * index));
    const third = received.filter(({ topic }) => topic === 'plant/north/line-2/pump-3/telemetry');
    expect(third.map(({ payload }) => payload.ts)).toEqual(times);
    expect(new Set(received.map((message) => message.qos))).toEqual(new Set([qos]));

    const twin = new Plant({ pumps: 4, seed: 1, startAt });
    twin.advance();
    const { values } = third[0].payload;
    expect(Object.keys(values)).toEqual(pumpChannels.map(({ name }) => name));
    for (const [index, { name }] of pumpChannels.entries()) {
      expect(values[name]).toBeCloseTo(twin.pumps[2].values[index], 1);
      expect(String(values[name])).toMatch(/^\d+(\.\d{1,3})?$/);
    }
  });

  it('slows the plant down to a slow receiver, within its bound, and loses nothing', async () => {
    let most = 0;
    const slow = await startBroker({
      authorizePublish: (_client, _packet, callback) => void setTimeout(() => callback(null), 5),
    });
    const { signal, onTick } = stopAfter(40);
    const publisher: PlantPublisher = publisherFor(slow.url, {
      maxInFlight: 8,
      onTick: (at) => {
        most = Math.max(most, publisher.inFlight);
        onTick(at);
      },
    });
    const startedAt = performance.now();
    await publisher.run(signal);
    // 160 messages, 8 at a time, at least 5 ms each batch.
    expect(performance.now() - startedAt).toBeGreaterThan(80);
    expect(most).toBe(8);
    expect(slow.received).toHaveLength(160);
    expect(publisher.inFlight).toBe(0);
  });

  it('keeps the time that was asked for', async () => {
    const { url } = await startBroker();
    const { signal, onTick, times } = stopAfter(51);
    let firstAt = Number.NaN;
    await publisherFor(url, {
      speed: 100,
      onTick: (at) => {
        if (times.length === 0) firstAt = performance.now();
        onTick(at);
      },
    }).run(signal);
    // 50 simulated seconds at 100 a second are half a second; a busy machine may only make it longer.
    expect(performance.now() - firstAt).toBeGreaterThan(480);
  });

  it('waits for its listener before the next sample', async () => {
    const { url } = await startBroker();
    let open = 0;
    const { signal, onTick } = stopAfter(20);
    await publisherFor(url, {
      onTick: async (at) => {
        open++;
        expect(open).toBe(1);
        await new Promise((resolve) => setImmediate(resolve));
        open--;
        onTick(at);
      },
    }).run(signal);
  });

  it('stands still while the broker is away and goes on without a gap', async () => {
    const { url, received, dropAll } = await startBroker();
    const { signal, onTick, times } = stopAfter(200);
    const publisher = publisherFor(url, {
      connection: { reconnectPeriod: 20 },
      onTick: (at) => {
        onTick(at);
        if (times.length === 100) dropAll();
      },
    });
    await publisher.run(signal);
    expect(publisher.counters.failed).toBe(0);
    // QoS 1: what was under way may come twice, none may be missing.
    const seen = new Set(received.map(({ topic, payload }) => `${topic} ${payload.ts}`));
    expect(seen.size).toBe(800);
  });

  it('stops at any time, twice, and before it has begun', async () => {
    const { url } = await startBroker();
    const publisher = publisherFor(url, { speed: 1 });
    const running = publisher.run();
    await expect.poll(() => publisher.counters.ticks).toBe(1);
    await Promise.all([publisher.stop(), publisher.stop()]);
    await running;
    expect(publisher.counters).toEqual({ ticks: 1, published: 4, acknowledged: 4, failed: 0 });

    const never = publisherFor(url);
    await never.stop();
    await never.run();
    expect(never.counters.published).toBe(0);
  });

  it('stops while it still looks for a broker', async () => {
    const publisher = publisherFor('mqtt://127.0.0.1:1');
    const running = publisher.run();
    await publisher.stop();
    await running;
    expect(publisher.counters.published).toBe(0);
  });

  it('rejects with what its listener threw, once everything is closed', async () => {
    const { url, received } = await startBroker();
    const publisher = publisherFor(url, {
      onTick: () => {
        throw new Error('enough');
      },
    });
    await expect(publisher.run()).rejects.toThrow('enough');
    expect(received).toHaveLength(4);
  });
});
