import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { SubscriberOptions } from '../../src/ingest/subscriber-options.ts';
import { findProgram, freePort, testSubscriber } from './subscriber-support.ts';
import { until } from './support.ts';

const mosquitto = findProgram('mosquitto');
if (mosquitto === null) {
  console.warn('SKIPPED: subscriber against a real broker, because mosquitto is not installed.');
}

describe.skipIf(mosquitto === null)('subscriber and mosquitto', () => {
  let folder = '';
  const cleanups: (() => Promise<unknown>)[] = [];
  let port = 0;
  let running: ChildProcess | null = null;

  function startMosquitto(): void {
    running = spawn(mosquitto!, ['-c', join(folder, 'mosquitto.conf')], { stdio: 'ignore' });
  }

  async function stopMosquitto(): Promise<void> {
    const child = running;
    running = null;
    if (child === null || child.exitCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    await gone;
  }

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'forewarn-mosquitto-'));
    port = await freePort();
    const passwords = join(folder, 'passwords');
    execFileSync(findProgram('mosquitto_passwd') ?? 'mosquitto_passwd', [
      '-b',
      '-c',
      passwords,
      'forewarn',
      'secret',
    ]);
    writeFileSync(
      join(folder, 'mosquitto.conf'),
      // As another user it could not read the folder of the test; without root the line has no effect.
      `user root\nlistener ${port} 127.0.0.1\nallow_anonymous false\npassword_file ${passwords}\npersistence false\n`,
    );
    startMosquitto();
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  afterAll(async () => {
    await stopMosquitto();
    rmSync(folder, { recursive: true, force: true });
  });

  async function connected(options: Partial<SubscriberOptions>) {
    const url = `mqtt://127.0.0.1:${port}`;
    const made = testSubscriber({ url, username: 'forewarn', password: 'secret', ...options });
    cleanups.push(() => made.subscriber.stop());
    await made.subscriber.start();
    const granted = () => made.subscriber.status().subscriptions.every((each) => each.granted !== null);
    await until('subscribed', () => made.subscriber.status().state === 'connected' && granted());
    return made;
  }

  describe.each([4, 5] as const)('protocol level %i', (protocolVersion) => {
    it.each([0, 1, 2] as const)('passes messages on with QoS %i, in order', async (qos) => {
      const filters = [{ topic: 'plant/+/telemetry', qos }];
      const { subscriber, messages } = await connected({ protocolVersion, filters });
      expect(subscriber.status().subscriptions[0]).toMatchObject({ granted: qos });
      const sent = Array.from({ length: 50 }, (_, i) => `message ${i}`);
      await Promise.all(
        sent.map((text) => subscriber.publish('plant/a/telemetry', text, { qos, retain: false })),
      );
      await until('all messages came', () => messages.length >= sent.length);
      expect(messages.map(({ payload }) => payload)).toEqual(sent);
    });

    it('comes back after the broker was away', async () => {
      const { subscriber, messages, lines } = await connected({ protocolVersion });
      await stopMosquitto();
      await until('it noticed', () => subscriber.status().state === 'reconnecting');
      startMosquitto();
      await until('it is back', () => subscriber.status().state === 'connected');
      // The broker keeps nothing on disk, so only a new subscription can bring this message.
      const publisher = await connected({ filters: [] });
      await until('messages flow again', () => {
        if (messages.length === 0) {
          publisher.subscriber
            .publish('plant/a/telemetry', 'again', { qos: 1, retain: false })
            .catch(() => undefined);
        }
        return messages.length > 0;
      });
      expect(messages[0]).toMatchObject({ payload: 'again', retain: false });
      expect(subscriber.status()).toMatchObject({ reconnects: 1, lastError: null });
      expect(lines.filter(({ message }) => message === 'connected to MQTT broker')).toMatchObject([
        { fields: { session: 'new' } },
        { fields: { session: 'new' } },
      ]);
    });

    it('gets with the same client id what came while it was away', async () => {
      const clientId = `keeper-${protocolVersion}`;
      const first = await connected({ protocolVersion, clientId });
      await first.subscriber.stop();
      const other = await connected({ filters: [] });
      await other.subscriber.publish('plant/a/telemetry', 'meanwhile', { qos: 1, retain: false });
      const second = await connected({ protocolVersion, clientId });
      await until('the kept message came', () => second.messages.length === 1);
      expect(second.messages[0]).toMatchObject({ payload: 'meanwhile' });
      expect(second.lines[0]).toMatchObject({ fields: { session: 'resumed' } });
    });

    it('says that the password is wrong', async () => {
      const url = `mqtt://127.0.0.1:${port}`;
      const { subscriber, lines } = testSubscriber({
        url,
        username: 'forewarn',
        password: 'no',
        protocolVersion,
      });
      cleanups.push(() => subscriber.stop());
      await subscriber.start();
      await until('it was refused', () => subscriber.status().lastError !== null);
      expect(subscriber.status().lastError).toMatch(/not authorized/i);
      expect(lines).toHaveLength(1);
    });
  });

  it('MQTT 5 asks for no stored values', async () => {
    const { subscriber } = await connected({ filters: [] });
    await subscriber.publish('plant/old/telemetry', 'old', { qos: 1, retain: true });
    const later = await connected({ protocolVersion: 5 });
    await subscriber.publish('plant/a/telemetry', 'news', { qos: 1, retain: false });
    await until('news came', () => later.messages.length > 0);
    expect(later.messages.map(({ payload }) => payload)).toEqual(['news']);
  });
});
