import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { createSubscriber } from '../../src/ingest/subscriber.ts';
import type { SubscriberOptions } from '../../src/ingest/subscriber-options.ts';
import type { Logger } from '../../src/log.ts';

interface LogLine {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

function recordingLog() {
  const lines: LogLine[] = [];
  const at = (level: LogLine['level']) => (fields: object, message: string) => {
    lines.push({ level, fields: { ...fields }, message });
  };
  const log: Logger = {
    error: at('error'),
    warn: at('warn'),
    info: at('info'),
    debug: at('debug'),
    child: () => log,
  };
  return { log, lines };
}

let names = 0;

/** A subscriber that keeps what it gets and logs, with waits short enough for tests. */
export function testSubscriber(options: Partial<SubscriberOptions> & { readonly url: string }) {
  const messages: { topic: string; payload: string; retain: boolean }[] = [];
  const { log, lines } = recordingLog();
  const subscriber = createSubscriber({
    clientId: `forewarn-test-${process.pid}-${names++}`,
    username: null,
    password: null,
    protocolVersion: 4,
    clean: false,
    sessionExpirySeconds: 3600,
    tls: { ca: null, cert: null, key: null, rejectUnauthorized: true, servername: null },
    filters: [{ topic: 'plant/+/telemetry', qos: 1 }],
    reconnectMs: 20,
    maxReconnectMs: 100,
    clock: Date.now,
    log,
    onMessage: (topic, payload, { retain }) => {
      messages.push({ topic, payload: payload.toString(), retain });
    },
    ...options,
  });
  return { subscriber, messages, lines };
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('No port');
  return address.port;
}

/** Path of an installed program, or null. Debian keeps daemons out of the PATH of users, so sbin is searched too. */
export function findProgram(name: string): string | null {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not here: the next folder may have it.
    }
  }
  return null;
}
