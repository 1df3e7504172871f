import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { createBroker } from '../../../src/ingest/broker.ts';
import { silentLogger } from '../../../src/log.ts';
import { findProgram, freePort } from '../../ingest/subscriber-support.ts';
import { temporaryFolder } from './config-file.ts';
import { until } from './until.ts';

/** A broker for one test, which can be stopped and started again on its port; a new one knows nothing of the old one's sessions. */
export interface TestBroker {
  readonly url: string;
  readonly protocol: '3.1.1' | '5';
  start(): Promise<void>;
  stop(): Promise<void>;
}

const mosquitto = findProgram('mosquitto');

/** The brokers to test with; says loudly when the real one is missing. */
export function availableBrokers(tested: string): { name: string; start: () => Promise<TestBroker> }[] {
  if (mosquitto === null) console.warn(`SKIPPED: ${tested} with mosquitto, because it is not installed.`);
  return [
    { name: 'the embedded broker', start: startAedes },
    ...(mosquitto === null ? [] : [{ name: 'mosquitto', start: startMosquitto }]),
  ];
}

export async function startAedes(): Promise<TestBroker> {
  const port = await freePort();
  const broker = createBroker({ host: '127.0.0.1', port, log: silentLogger });
  await broker.start();
  onTestFinished(() => broker.stop());
  return {
    url: `mqtt://127.0.0.1:${port}`,
    protocol: '3.1.1',
    start: async () => void (await broker.start()),
    stop: () => broker.stop(),
  };
}

async function startMosquitto(): Promise<TestBroker> {
  const port = await freePort();
  const file = join(temporaryFolder(), 'mosquitto.conf');
  // By default mosquitto drops what goes beyond 1000 messages that wait for one client.
  writeFileSync(
    file,
    `listener ${port} 127.0.0.1\nallow_anonymous true\npersistence false\nmax_queued_messages 0\n`,
  );
  let stop = async (): Promise<void> => undefined;
  const start = async (): Promise<void> => {
    const child = spawn(mosquitto!, ['-c', file], { stdio: 'ignore' });
    const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    stop = () => {
      child.kill('SIGTERM');
      return gone;
    };
    await until('mosquitto listens', () => answers(port));
  };
  await start();
  onTestFinished(() => stop());
  return {
    url: `mqtt://127.0.0.1:${port}`,
    protocol: '5',
    start,
    async stop() {
      await stop();
    },
  };
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
