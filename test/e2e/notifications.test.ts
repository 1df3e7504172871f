import { connectAsync } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { StatusBody } from '../../src/api/status-schema.ts';
import { headerOf, startMailServer } from '../alerts/sinks/support/mail-server.ts';
import { startAedes, subscriber } from '../alerts/sinks/support/mqtt-brokers.ts';
import { temporaryFolder, writeConfig } from './support/config-file.ts';
import { startDaemon } from './support/daemon.ts';
import { until } from './support/until.ts';

const asset = 'north/line-1/pump-1';
const topic = `forewarn/alerts/${asset}`;

describe('notifications of a daemon', { timeout: 60_000 }, () => {
  it('come by mail and stand on the broker, over a crash, until the alert is over', async () => {
    const { port } = await startAedes();
    const mail = await startMailServer();
    const broker = { url: `mqtt://127.0.0.1:${port}`, protocol: '3.1.1' as const };
    const config = writeConfig(temporaryFolder(), {
      broker,
      alert: { silent_after: '2s', keep_firing_for: '0s', clear_after: 1 },
      outputs: {
        mqtt_output: { enabled: true },
        email: {
          host: '127.0.0.1',
          port: mail.port,
          from: 'forewarn@plant.example',
          to: ['shift@plant.example'],
          tls: { verify: false },
        },
      },
    });
    const machine = await connectAsync(broker.url);
    onTestFinished(() => machine.endAsync(true));
    const publish = () =>
      machine.publishAsync(
        `plant/${asset}/telemetry`,
        JSON.stringify({ ts: Date.now(), values: { speed: 1480 } }),
        { qos: 1 },
      );
    const watcher = await subscriber(port);
    const status = () => watcher.seen.get('forewarn/status')?.payload ?? '';

    const first = await startDaemon(config);
    await until('it is online', () => status().includes('online'));
    await until('a reading arrived', async () => {
      await publish();
      return (await first.get<StatusBody>('/api/v1/status')).body.ingest.messages > 0;
    });
    await until('the silence stands on the broker', () => watcher.seen.has(topic));
    await until('the mail came', () => mail.mails.length === 1);
    expect(JSON.parse(watcher.seen.get(topic)!.payload)).toMatchObject({
      asset,
      alerts: [{ rule: 'silent', url: expect.stringContaining(`${first.apiUrl}/api/v1/alerts/`) }],
    });
    expect(mail.mails[0]!.text.replaceAll('=\r\n', '')).toContain(first.apiUrl);
    await first.kill('SIGKILL');
    await until('the broker speaks the will', () => status().includes('offline'));
    expect(watcher.seen.has(topic)).toBe(true);

    const second = await startDaemon(config);
    await until('it is online again', () => status().includes('online'));
    await until('the topic is gone', async () => {
      await publish();
      return !watcher.seen.has(topic);
    });
    // The first may have come twice, as the kill was between the mail and the note that it is sent.
    const mailOf = (event: string) =>
      mail.mails.find((sent) => headerOf(sent, 'Message-ID')?.includes(`.${event}@`));
    await until('the mail of the end came', () => mailOf('resolved') !== undefined);
    expect(headerOf(mailOf('resolved')!, 'In-Reply-To')).toBe(headerOf(mailOf('firing')!, 'Message-ID'));
    await second.kill('SIGTERM');
    await until('it says goodbye', () => status().includes('offline'));
  });
});
