import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { testSink } from '../../src/commands/test-sink.ts';
import { startMailServer } from '../alerts/sinks/support/mail-server.ts';
import { startAedes, subscriber } from '../alerts/sinks/support/mqtt-brokers.ts';
import { startReceiver } from '../alerts/support/receiver.ts';
import { recordingContext } from './support/context.ts';

function contextOf(outputs: object) {
  const directory = mkdtempSync(join(tmpdir(), 'forewarn-test-sink-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const config = join(directory, 'forewarn.yaml');
  const classes = { pump: { topic: 'plant/{asset}/t', channels: { speed: {} } } };
  writeFileSync(config, JSON.stringify({ classes, ...outputs }));
  const context = recordingContext({ PASSWORD: 'geheim' });
  return { test: (name: string) => testSink(name, { config }, context), lines: context.lines };
}

describe('forewarn test-sink', () => {
  it('sends a webhook an alert that says it is a test, and its end', async () => {
    const receiver = await startReceiver();
    const { test, lines } = contextOf({ webhooks: [{ name: 'ops', url: receiver.url }] });
    await test('ops');
    expect(lines).toEqual(['ops took the test alert (firing).', 'ops took the test alert (resolved).']);
    const bodies = receiver.received.map(({ body }) => JSON.parse(body) as Record<string, object>);
    expect(bodies).toMatchObject([{ status: 'firing' }, { status: 'resolved' }]);
    expect(bodies[0]!.commonAnnotations).toMatchObject({ summary: expect.stringMatching(/^TEST/) });
  });

  it('says what the receiver said', async () => {
    const receiver = await startReceiver();
    receiver.answer = () => ({ status: 400, body: 'invalid_blocks' });
    const { test, lines } = contextOf({ webhooks: [{ name: 'ops', url: receiver.url }] });
    await expect(test('ops')).rejects.toMatchObject({
      code: 'SINK_FAILED',
      message: 'ops did not take the test alert: HTTP 400: invalid_blocks',
    });
    expect(lines).toEqual([]);
  });

  it('sends a mail', async () => {
    const { port, mails } = await startMailServer();
    const email = {
      host: '127.0.0.1',
      port,
      username: 'forewarn',
      password: { env: 'PASSWORD' },
      from: 'forewarn@plant.example',
      to: ['shift@plant.example'],
      tls: { verify: false },
    };
    await contextOf({ email }).test('email');
    expect(mails.map(({ text }) => /^Subject: (\w+ \w+)/m.exec(text)?.[1])).toEqual([
      'LOW TEST',
      'RESOLVED TEST',
    ]);
  });

  it('publishes and clears, and says nothing of the daemon that may run', async () => {
    const { port } = await startAedes();
    const watcher = await subscriber(port);
    const { test, lines } = contextOf({
      mqtt: { url: `mqtt://127.0.0.1:${port}`, protocol: '3.1.1' },
      mqtt_output: { enabled: true },
    });
    await test('mqtt');
    expect(lines).toHaveLength(2);
    const late = await subscriber(port);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([...late.seen.keys(), ...watcher.seen.keys()]).toEqual([]);
  });

  it('names what there is', async () => {
    const receiver = await startReceiver();
    const { test } = contextOf({ webhooks: [{ name: 'ops', url: receiver.url }] });
    await expect(test('opps')).rejects.toMatchObject({ code: 'OPTION_INVALID', hint: 'One of ops.' });
    await expect(contextOf({}).test('ops')).rejects.toMatchObject({
      hint: 'The configuration has none: see webhooks, mqtt_output and email.',
    });
  });
});
