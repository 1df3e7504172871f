import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { onTestFinished } from 'vitest';
import {
  createMqttOutput,
  type MqttOutput,
  type MqttOutputOptions,
} from '../../../../src/alerts/sinks/mqtt.ts';
import { createBroker } from '../../../../src/ingest/broker.ts';
import { silentLogger } from '../../../../src/log.ts';
import type { Alert } from '../../../../src/types.ts';
import { findProgram, freePort, type Listening, listening } from './program.ts';

export const mosquitto = findProgram('mosquitto');

/** A broker of a kind, stopped when the test ends. It forgets everything when it is started again. */
export type StartBroker = () => Promise<{ readonly port: number; readonly server: Listening }>;

export const startMosquitto: StartBroker = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-mosquitto-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const port = await freePort();
  const file = join(folder, 'mosquitto.conf');
  writeFileSync(file, `user root\nlistener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\n`);
  const server = listening(mosquitto!, ['-c', file], port);
  await server.start();
  return { port, server };
};

export const startAedes: StartBroker = async () => {
  const port = await freePort();
  const broker = createBroker({ host: '127.0.0.1', port, log: silentLogger });
  const server = { start: async () => void (await broker.start()), stop: () => broker.stop() };
  onTestFinished(() => broker.stop());
  await server.start();
  return { port, server };
};

/** What a late subscriber finds and what comes after, by topic; an empty payload is as no message. */
export async function subscriber(port: number) {
  const client = await connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 50 });
  const seen = new Map<string, { payload: string; retain: boolean }>();
  client.on('message', (topic, payload, { retain }) => {
    if (payload.length === 0) seen.delete(topic);
    else seen.set(topic, { payload: payload.toString(), retain });
  });
  await client.subscribeAsync('#', { qos: 1 });
  const stop = async (): Promise<void> => void (await client.endAsync(true));
  onTestFinished(stop);
  return { seen, stop };
}

/** An output with `firing` as what stands, connecting to the port; stopped when the test ends. */
export function outputAt(
  port: number,
  firing: Map<string, Alert>,
  changes: Partial<MqttOutputOptions> = {},
): MqttOutput {
  const output = createMqttOutput({
    clientId: `forewarn-test-${port}-${Math.random().toString(16).slice(2)}`,
    username: null,
    password: null,
    protocolVersion: 4,
    tls: { ca: null, cert: null, key: null, verify: true, serverName: null },
    timeoutMs: 10_000,
    reconnectMs: 50,
    prefix: 'forewarn',
    scores: false,
    version: '1.2.3',
    externalUrl: () => 'http://forewarn.example:8080',
    standing: (assetId) =>
      [...firing.values()].filter((alert) => assetId === undefined || alert.assetId === assetId),
    log: silentLogger,
    ...changes,
  });
  onTestFinished(() => output.stop());
  output.start(`mqtt://127.0.0.1:${port}`);
  return output;
}
