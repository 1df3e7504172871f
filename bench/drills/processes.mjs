// The programs beside the daemon in a drill: a real broker, a real InfluxDB 1.x, a receiver of alerts.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** Waits until `ask` gives something that counts as yes, and gives it; what `ask` throws counts as "not yet". */
export async function until(what, ask, withinMs = 60_000) {
  const deadline = Date.now() + withinMs;
  for (;;) {
    const answer = await Promise.resolve()
      .then(ask)
      .catch(() => false);
    if (answer) return answer;
    if (Date.now() > deadline)
      throw new Error(`waited ${Math.round(withinMs / 1000)} s in vain until ${what}`);
    await sleep(50);
  }
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

/** Ends a process of ours and waits for it; at once with SIGKILL. */
export async function end(child, signal = 'SIGTERM') {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill(signal);
  await gone;
}

/** Says which of the programs are not installed, and stops the drill when any is. */
export function needPrograms(...names) {
  const missing = names.filter((name) => spawnSync(name, ['-h'], { stdio: 'ignore' }).error !== undefined);
  if (missing.length > 0) throw new RangeError(`this needs ${missing.join(' and ')}, not installed here`);
}

/** mosquitto, which keeps all messages of QoS 1 for a session that is away. */
export async function startMosquitto(folder) {
  const port = await freePort();
  const file = join(folder, 'mosquitto.conf');
  writeFileSync(file, `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n`);
  const child = spawn('mosquitto', ['-c', file], { stdio: 'ignore' });
  const probe = async () => {
    const { connectAsync } = await import('mqtt');
    const client = await connectAsync(`mqtt://127.0.0.1:${port}`, {
      reconnectPeriod: 0,
      connectTimeout: 1000,
    });
    await client.endAsync(true);
    return true;
  };
  await until('mosquitto listens', probe);
  return { url: `mqtt://127.0.0.1:${port}`, stop: () => end(child) };
}

/** InfluxDB 1.x, which keeps its data over `stop` and `start`. */
export async function startInfluxd(folder) {
  const [port, rpcPort] = [await freePort(), await freePort()];
  const data = join(folder, 'influxdb');
  mkdirSync(data);
  const file = join(folder, 'influxdb.conf');
  writeFileSync(
    file,
    `reporting-disabled = true
bind-address = "127.0.0.1:${rpcPort}"
[meta]
  dir = "${data}/meta"
[data]
  dir = "${data}/data"
  wal-dir = "${data}/wal"
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${port}"
  log-enabled = false
`,
  );
  const url = `http://127.0.0.1:${port}`;
  let child = null;
  const server = {
    url,
    async start() {
      child = spawn('influxd', ['-config', file], { stdio: 'ignore' });
      await until('influxd answers', async () => (await fetch(`${url}/ping`)).ok);
    },
    stop: () => end(child, 'SIGKILL'),
    /** The process stands still: connections are taken by the kernel and nobody answers. */
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    /** Rows of all series of a query's first statement, tags included. */
    async query(text) {
      const body = new URLSearchParams({ db: 'forewarn', q: text, epoch: 'ms' });
      const answer = await (await fetch(`${url}/query`, { method: 'POST', body })).json();
      const failed = answer.error ?? answer.results?.[0]?.error;
      if (failed !== undefined) throw new Error(failed);
      return (answer.results[0].series ?? []).flatMap(({ columns, values, tags }) =>
        values.map((row) => ({ ...tags, ...Object.fromEntries(columns.map((name, i) => [name, row[i]])) })),
      );
    },
  };
  await server.start();
  return server;
}

/** The receiver of alerts, in a process of its own; see bench/drill-receiver.mjs for its modes. */
export async function startReceiver() {
  const port = await freePort();
  const program = fileURLToPath(new URL('../drill-receiver.mjs', import.meta.url));
  const child = spawn(process.execPath, [program, String(port)], { stdio: ['ignore', 'ignore', 'inherit'] });
  const url = `http://127.0.0.1:${port}`;
  const requests = async () => (await fetch(`${url}/requests`)).json();
  await until('the receiver listens', async () => Array.isArray(await requests()));
  return {
    url: `${url}/hook`,
    requests,
    mode: (mode) => fetch(`${url}/mode`, { method: 'POST', body: JSON.stringify(mode) }),
    stop: () => end(child),
  };
}

/** The memory that the process has now, in MB. */
export function residentMb(pid) {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024);
}
