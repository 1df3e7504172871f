import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { until } from '../support/fixtures.ts';

/** Path of the installed InfluxDB 1.x server, or null. */
export const influxd = findInfluxd();

function findInfluxd(): string | null {
  for (const folder of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']) {
    try {
      accessSync(join(folder, 'influxd'), constants.X_OK);
      return join(folder, 'influxd');
    } catch {
      // Not here: the next folder may have it.
    }
  }
  return null;
}

type Answer = readonly Readonly<Record<string, unknown>>[];

/** A real InfluxDB on ports of its own; it keeps its data from one `start` to the next. */
export interface Influxd {
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Rows of all series of a query's first statement, tags included; times in epoch ms. Throws what it refuses. */
  query(text: string, database?: string): Promise<Answer>;
  /** A write by hand, as another client of the database would do it. */
  write(lines: string, database: string): Promise<number>;
}

/** Stopped and removed when the test ends. */
export async function startInfluxd(
  options: { auth?: { user: string; password: string } } = {},
): Promise<Influxd> {
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-influxd-'));
  const [port, rpcPort] = [await freePort(), await freePort()];
  const file = join(folder, 'influxdb.conf');
  writeFileSync(file, configOf(folder, port, rpcPort, options.auth !== undefined));
  const url = `http://127.0.0.1:${port}`;
  let child: ChildProcess | null = null;
  const { auth } = options;
  const login = auth && `Basic ${Buffer.from(`${auth.user}:${auth.password}`).toString('base64')}`;
  const headers = login === undefined ? {} : { Authorization: login };

  const server: Influxd = {
    url,
    async start() {
      child = spawn(influxd!, ['-config', file], { stdio: 'ignore' });
      let up = false;
      const ping = () => {
        fetch(`${url}/ping`).then(
          () => {
            up = true;
          },
          () => undefined,
        );
        return up;
      };
      await until('influxd answers', ping, 30_000);
    },
    async stop() {
      const running = child;
      child = null;
      if (running === null || running.exitCode !== null) return;
      const gone = once(running, 'exit');
      running.kill('SIGKILL');
      await gone;
    },
    async query(text, database = 'forewarn') {
      const query = new URLSearchParams({ db: database, q: text, epoch: 'ms' });
      const response = await fetch(`${url}/query`, { method: 'POST', body: query, headers });
      const body = (await response.json()) as QueryBody;
      const error = body.error ?? body.results?.[0]?.error;
      if (error !== undefined) throw new Error(error);
      return (body.results?.[0]?.series ?? []).flatMap(({ columns, values, tags }) =>
        values.map((row) => ({ ...tags, ...Object.fromEntries(columns.map((name, i) => [name, row[i]])) })),
      );
    },
    async write(lines, database) {
      const address = `${url}/write?db=${database}&precision=ms`;
      return (await fetch(address, { method: 'POST', body: lines, headers })).status;
    },
  };
  onTestFinished(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  await server.start();
  if (auth !== undefined) {
    await server.query(`CREATE USER ${auth.user} WITH PASSWORD '${auth.password}' WITH ALL PRIVILEGES`);
  }
  return server;
}

interface QueryBody {
  readonly error?: string;
  readonly results?: readonly {
    readonly error?: string;
    readonly series?: readonly {
      readonly columns: readonly string[];
      readonly values: readonly (readonly unknown[])[];
      readonly tags?: Readonly<Record<string, string>>;
    }[];
  }[];
}

function configOf(folder: string, port: number, rpcPort: number, auth: boolean): string {
  return `
reporting-disabled = true
bind-address = "127.0.0.1:${rpcPort}"
[meta]
  dir = "${folder}/meta"
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${port}"
  auth-enabled = ${auth}
  log-enabled = false
`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
