import { connectAsync } from 'mqtt';
import { expect, it, onTestFinished } from 'vitest';
import { startAedes } from './support/brokers.ts';
import { startCommand } from './support/process.ts';
import { until } from './support/until.ts';

it('forewarn simulate publishes a plant until SIGINT', async () => {
  const broker = await startAedes();
  const client = await connectAsync(broker.url);
  onTestFinished(() => client.endAsync(true));
  const received = new Map<string, { ts: number; values: Record<string, number> }[]>();
  client.on('message', (topic, payload) => {
    received.set(topic, [...(received.get(topic) ?? []), JSON.parse(payload.toString())]);
  });
  await client.subscribeAsync('plant/+/+/+/telemetry', { qos: 1 });

  const command = startCommand([
    'simulate',
    '--url',
    broker.url,
    '--pumps',
    '3',
    '--speed',
    '50',
    '--fault',
    'leak@2',
  ]);
  await until('every pump has sent rows', () => {
    if (!command.running()) throw new Error(command.output());
    return received.size === 3 && [...received.values()].every((rows) => rows.length > 10);
  });
  command.kill('SIGINT');
  const { code, stdout, stderr } = await command.ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(/\n\d+ messages published\n$/);
  for (const rows of received.values()) {
    expect(Object.keys(rows[0].values)).toHaveLength(8);
    expect(rows[1].ts - rows[0].ts).toBe(1000);
    expect(rows[0].ts).toBeLessThan(Date.now());
  }
});

it('forewarn simulate refuses a fault that there is not', async () => {
  const { code, stderr } = await startCommand(['simulate', '--fault', 'rust@1']).ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/^forewarn: --fault rust@1 is not KIND@PUMP\nKinds: .*leak/);
});
