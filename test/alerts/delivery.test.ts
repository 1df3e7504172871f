import { join } from 'node:path';
import Database from 'libsql';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createDelivery, type Delivery, type DeliveryOptions } from '../../src/alerts/delivery.ts';
import { type Journal, openJournal } from '../../src/alerts/journal.ts';
import type { DeliveryResult, Sink } from '../../src/alerts/sink.ts';
import { silentLogger } from '../../src/log.ts';
import {
  alertNamed,
  raising,
  recordingLog,
  resolving,
  temporaryDirectory,
  temporaryJournal,
  until,
} from './support/fixtures.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';
import { webhookSinkAt } from './support/webhook-sink.ts';

const clock = () => Date.now();
const fast = { minMs: 5, maxMs: 20 };

function webhook(receiver: Receiver, name = 'ops', timeoutMs = 5_000): Sink {
  const { url } = receiver;
  return webhookSinkAt(url, { name, timeoutMs, clock });
}

function deliveryOf(
  journal: Journal,
  sinks: readonly Sink[],
  changes: Partial<DeliveryOptions> = {},
): Delivery {
  const fixed = { outbox: journal.outbox, sinks, clock, log: silentLogger, backoff: fast, drainMs: 2_000 };
  const delivery = createDelivery({ ...fixed, ...changes });
  onTestFinished(() => delivery.stop());
  return delivery;
}

function raise(journal: Journal, count: number, sinks: readonly string[], from = 0): string[] {
  const ids = Array.from({ length: count }, (_, i) => `al_${String(from + i).padStart(4, '0')}`);
  journal.record(ids.map((id) => raising(alertNamed(id, { assetId: id }), sinks)));
  return ids;
}

function keysOf(receiver: Receiver): (string | undefined)[] {
  return receiver.received.map(({ headers }) => headers['idempotency-key']?.toString());
}

describe('delivery', () => {
  it('delivers what waits at its start, and what comes when it is poked, in order', async () => {
    const journal = temporaryJournal(clock);
    const receiver = await startReceiver();
    const delivery = deliveryOf(journal, [webhook(receiver)]);
    const alert = alertNamed('al_0000', { assetId: 'al_0000' });
    raise(journal, 3, ['ops']);
    delivery.start();
    await until('the first three arrive', () => receiver.received.length === 3);
    journal.record([resolving(alert, 9_000, ['ops'])]);
    raise(journal, 1, ['ops'], 3);
    delivery.poke();
    await until('all are delivered', () => delivery.status()[0].delivered === 5);
    expect(keysOf(receiver)).toEqual([
      'al_0000:firing:ops',
      'al_0001:firing:ops',
      'al_0002:firing:ops',
      'al_0000:resolved:ops',
      'al_0003:firing:ops',
    ]);
    expect(delivery.status()).toEqual([
      { sink: 'ops', queued: 0, delivered: 5, failed: 0, dead: 0, lastError: null, nextAttemptAt: null },
    ]);
  });

  it('tries again after errors of the server, keeps the order, and logs an error once', async () => {
    const journal = temporaryJournal(clock);
    const receiver = await startReceiver();
    receiver.answer = (count) => ({ status: count <= 4 ? 500 : 200 });
    const { log, lines } = recordingLog();
    const delivery = deliveryOf(journal, [webhook(receiver)], { log });
    raise(journal, 2, ['ops']);
    delivery.start();
    await until('all are delivered', () => delivery.status()[0].delivered === 2);
    expect(keysOf(receiver)).toEqual([...Array(5).fill('al_0000:firing:ops'), 'al_0001:firing:ops']);
    expect(delivery.status()[0]).toMatchObject({ failed: 4, dead: 0, lastError: null });
    expect(lines.map(({ level, fields }) => [level, fields])).toEqual([
      ['error', { sink: 'ops', error: 'HTTP 500: whatever' }],
      ['info', { sink: 'ops' }],
    ]);
  });

  it('keeps what was refused for good as a dead letter and goes on with the next', async () => {
    const journal = temporaryJournal(clock);
    const receiver = await startReceiver();
    receiver.answer = (count) => ({ status: count === 1 ? 400 : 200 });
    const { log, lines } = recordingLog();
    const delivery = deliveryOf(journal, [webhook(receiver)], { log });
    raise(journal, 2, ['ops']);
    delivery.start();
    await until('the second is delivered', () => delivery.status()[0].delivered === 1);
    expect(keysOf(receiver)).toEqual(['al_0000:firing:ops', 'al_0001:firing:ops']);
    expect(delivery.status()[0]).toMatchObject({ queued: 0, dead: 1, failed: 1 });
    expect(lines[0]).toMatchObject({ level: 'error', fields: { notification: 'al_0000:firing:ops' } });
  });

  it('heeds Retry-After', async () => {
    const journal = temporaryJournal(clock);
    const receiver = await startReceiver();
    const times: number[] = [];
    receiver.answer = (count) => {
      times.push(performance.now());
      return count === 1 ? { status: 429, headers: { 'Retry-After': '1' } } : { status: 200 };
    };
    const delivery = deliveryOf(journal, [webhook(receiver)]);
    raise(journal, 1, ['ops']);
    delivery.start();
    await until('it is in backoff', () => delivery.status()[0].nextAttemptAt !== null);
    await until('it is delivered', () => delivery.status()[0].delivered === 1);
    expect(times[1] - times[0]).toBeGreaterThan(950);
  });

  it('does not let a poke shorten the backoff', async () => {
    const journal = temporaryJournal(clock);
    const receiver = await startReceiver();
    receiver.answer = () => ({ status: 503, headers: { 'Retry-After': '600' } });
    const delivery = deliveryOf(journal, [webhook(receiver)]);
    raise(journal, 1, ['ops']);
    delivery.start();
    await until('it is in backoff', () => delivery.status()[0].failed === 1);
    for (let i = 0; i < 20; i += 1) {
      delivery.poke();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(receiver.received).toHaveLength(1);
    const wait = (delivery.status()[0].nextAttemptAt ?? 0) - clock();
    expect(wait).toBeGreaterThan(590_000);
  });

  it('delivers to others while one sink is down, and to that one when it is back', async () => {
    const journal = temporaryJournal(clock);
    const up = await startReceiver();
    const down = await startReceiver();
    down.answer = () => null;
    const sinks = [webhook(down, 'down', 30), webhook(up, 'up')];
    const delivery = deliveryOf(journal, sinks);
    const ids = raise(journal, 20, ['down', 'up']);
    delivery.start();
    await until('the other has all', () => delivery.status()[1].delivered === 20);
    await until('the first has timed out', () => delivery.status()[0].failed >= 2);
    expect(delivery.status()[0]).toMatchObject({
      delivered: 0,
      lastError: 'no answer within 30 ms',
      queued: 20,
    });
    const during = down.received.length;
    down.answer = () => ({ status: 200 });
    await until('the first has all', () => delivery.status()[0].delivered === 20);
    expect(new Set(keysOf(down).slice(0, during))).toEqual(new Set(['al_0000:firing:down']));
    expect([...new Set(keysOf(down))]).toEqual(ids.map((id) => `${id}:firing:down`));
  });

  it('goes on after a restart with the same keys and the same count of attempts', async () => {
    const file = join(temporaryDirectory(), 'journal.db');
    const receiver = await startReceiver();
    receiver.answer = (count) => ({ status: count === 2 ? 503 : 200 });
    const first = openJournal({ file, clock });
    const before = deliveryOf(first, [webhook(receiver)], { backoff: { minMs: 100, maxMs: 100 } });
    raise(first, 3, ['ops']);
    before.start();
    await until('the second fails', () => before.status()[0].failed === 1);
    await before.stop();
    expect(first.outbox.head('ops')?.attempts).toBe(1);
    first.close();

    const second = openJournal({ file, clock });
    const after = deliveryOf(second, [webhook(receiver)]);
    after.start();
    await until('all are delivered', () => after.status()[0].queued === 0);
    expect(keysOf(receiver)).toEqual([
      'al_0000:firing:ops',
      'al_0001:firing:ops',
      'al_0001:firing:ops',
      'al_0002:firing:ops',
    ]);
    await after.stop();
    second.close();
  });

  it('does not wait for a time that a clock put back has made far', async () => {
    const journal = temporaryJournal(clock);
    const receiver = await startReceiver();
    raise(journal, 1, ['ops']);
    journal.outbox.failed(journal.outbox.head('ops')?.id ?? -1, 'before', clock() + 365 * 86_400_000);
    const delivery = deliveryOf(journal, [webhook(receiver)]);
    delivery.start();
    await until('it is delivered', () => delivery.status()[0].delivered === 1);
  });

  it('takes a sink that throws for one that failed', async () => {
    const journal = temporaryJournal(clock);
    let calls = 0;
    const deliver = (): Promise<DeliveryResult> => {
      calls += 1;
      return calls < 3 ? Promise.reject(new Error('bug')) : Promise.resolve({ ok: true });
    };
    const delivery = deliveryOf(journal, [{ name: 'ops', deliver }]);
    raise(journal, 1, ['ops']);
    delivery.start();
    await until('it is delivered', () => delivery.status()[0].delivered === 1);
    expect(delivery.status()[0].failed).toBe(2);
  });

  it('does not send again while only the disk fails', async () => {
    const file = join(temporaryDirectory(), 'journal.db');
    const journal = openJournal({ file, clock });
    const other = new Database(file);
    let calls = 0;
    const deliver = (): Promise<DeliveryResult> => {
      calls += 1;
      if (calls === 1) other.exec('BEGIN IMMEDIATE');
      return Promise.resolve({ ok: true });
    };
    const { log, lines } = recordingLog();
    const delivery = deliveryOf(journal, [{ name: 'ops', deliver }], { log });
    raise(journal, 2, ['ops']);
    delivery.start();
    await until('the outbox fails', () => lines.some((line) => line.level === 'error'));
    expect(calls).toBe(1);
    other.exec('COMMIT');
    other.close();
    await until('all are delivered', () => delivery.status()[0].delivered === 2);
    expect(calls).toBe(2);
    await delivery.stop();
    journal.close();
  });

  it('does not blame the sink for a disk that failed, once that is over', async () => {
    const file = join(temporaryDirectory(), 'journal.db');
    const journal = openJournal({ file, clock });
    onTestFinished(() => journal.close());
    const other = new Database(file);
    const deliver = (): Promise<DeliveryResult> => {
      other.exec('BEGIN IMMEDIATE');
      return Promise.resolve({ ok: true });
    };
    const { log, lines } = recordingLog();
    const delivery = deliveryOf(journal, [{ name: 'ops', deliver }], { log });
    raise(journal, 1, ['ops']);
    delivery.start();
    await until('the outbox fails', () => delivery.status()[0].lastError !== null);
    expect(delivery.status()[0].lastError).toMatch(/^the alert journal failed/);
    other.exec('COMMIT');
    other.close();
    await until('the row is gone', () => delivery.status()[0].queued === 0);
    expect(delivery.status()[0]).toMatchObject({ delivered: 1, failed: 0, lastError: null });
    expect(lines.filter(({ level }) => level === 'error')).toHaveLength(1);
    await delivery.stop();
  });

  it('warns of alerts for a sink that is no longer configured, and keeps them', () => {
    const journal = temporaryJournal(clock);
    raise(journal, 1, ['gone', 'ops']);
    const { log, lines } = recordingLog();
    const deliver = (): Promise<DeliveryResult> => Promise.resolve({ ok: true });
    deliveryOf(journal, [{ name: 'ops', deliver }], { log }).start();
    expect(lines).toMatchObject([{ level: 'warn', fields: { sinks: ['gone'] } }]);
    expect(journal.outbox.backlog('gone').queued).toBe(1);
  });
});

describe('stop', () => {
  it('delivers what is due before it ends', async () => {
    const journal = temporaryJournal(clock);
    const receiver = await startReceiver();
    const delivery = deliveryOf(journal, [webhook(receiver)]);
    delivery.start();
    raise(journal, 10, ['ops']);
    await delivery.stop();
    expect(receiver.received).toHaveLength(10);
  });

  it('ends in time when a receiver does not answer, and leaves the row as it was', async () => {
    const journal = temporaryJournal(clock);
    const receiver = await startReceiver();
    receiver.answer = () => null;
    const delivery = deliveryOf(journal, [webhook(receiver, 'ops', 60_000)], { drainMs: 50 });
    raise(journal, 1, ['ops']);
    delivery.start();
    await until('it is asked', () => receiver.received.length === 1);
    const begin = performance.now();
    await Promise.all([delivery.stop(), delivery.stop()]);
    expect(performance.now() - begin).toBeLessThan(1_500);
    expect(journal.outbox.head('ops')).toMatchObject({ attempts: 0 });
    expect(delivery.status()[0]).toMatchObject({ failed: 0, lastError: null });
  });

  it('does not wait for a sink in backoff', async () => {
    const journal = temporaryJournal(clock);
    const receiver = await startReceiver();
    receiver.answer = () => ({ status: 503, headers: { 'Retry-After': '600' } });
    const delivery = deliveryOf(journal, [webhook(receiver)], { drainMs: 20_000 });
    raise(journal, 1, ['ops']);
    delivery.start();
    await until('it fails', () => delivery.status()[0].failed === 1);
    const begin = performance.now();
    await delivery.stop();
    expect(performance.now() - begin).toBeLessThan(1_000);
  });

  it('may come before start', async () => {
    const delivery = deliveryOf(temporaryJournal(clock), []);
    await delivery.stop();
  });
});
