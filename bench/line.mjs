// The whole line, from message to verdict, with the default network: start-up, idle memory, messages a second.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pumpChannels } from '../dist/simulator/pump.js';

const pumps = 200;
const rounds = 5;
/** Messages a second that are asked for, one row of one pump each. */
const asked = [10_000, 20_000, 30_000, 40_000];
const measureMs = 8000;
const file = (path) => fileURLToPath(new URL(path, import.meta.url));

export const usage = 'npm run bench -- line [--json]';

export async function run(args) {
  const { json } = parseArgs({ args, options: { json: { type: 'boolean' } } }).values;
  const directory = mkdtempSync(join(tmpdir(), 'forewarn-bench-'));
  const external = spawnSync('mosquitto', ['-h']).error === undefined;
  const ports = { mqtt: await freePort(), api: await freePort() };
  const broker = external ? await startMosquitto(directory, ports.mqtt) : null;
  writeFileSync(join(directory, 'forewarn.yaml'), configOf(ports, external));
  const url = `mqtt://127.0.0.1:${ports.mqtt}`;
  const api = `http://127.0.0.1:${ports.api}`;
  try {
    let daemon = await startDaemon(directory, api);
    await publishing(url, 20, () => until(async () => (await status(api)).classes[0].state === 'ready'));
    await end(daemon.process);
    const starts = [];
    for (let round = 0; round < rounds; round++) {
      daemon = await startDaemon(directory, api);
      starts.push(daemon.ms);
      if (round < rounds - 1) await end(daemon.process);
    }
    await sleep(3000);
    const idleMb = memoryMb(daemon.process.pid);
    const rates = [];
    for (const wanted of asked) {
      rates.push(await publishing(url, wanted / pumps, () => measure(api, wanted)));
      await until(async () => (await status(api)).scoring.waiting === 0);
    }
    const busyMb = memoryMb(daemon.process.pid);
    await end(daemon.process);
    const result = {
      broker: broker === null ? 'embedded' : 'mosquitto',
      assets: pumps,
      start_to_ready_ms: starts.sort((a, b) => a - b)[Math.floor(rounds / 2)],
      idle_memory_mb: idleMb,
      memory_after_load_mb: busyMb,
      rates,
    };
    if (json) console.log(JSON.stringify([result]));
    else {
      console.log(
        `${result.broker}, ${pumps} assets: ready after ${result.start_to_ready_ms} ms, ${idleMb} MB idle, ${busyMb} MB after the load`,
      );
      console.table(rates);
    }
  } finally {
    if (broker !== null) await end(broker);
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure(api, wanted) {
  await sleep(2000);
  const before = await status(api);
  const startedAt = performance.now();
  await sleep(measureMs);
  const after = await status(api);
  const seconds = (performance.now() - startedAt) / 1000;
  const rate = (pick) => Math.round((pick(after) - pick(before)) / seconds);
  return {
    asked_per_s: wanted,
    messages_per_s: rate(({ ingest }) => ingest.messages),
    scored_per_s: rate(({ scoring }) => scoring.scored),
    overloaded_per_s: rate(({ scoring }) => scoring.overloaded),
    waiting_at_end: after.scoring.waiting,
  };
}

async function publishing(url, speed, during) {
  const publisher = spawn(process.execPath, [file('line-publisher.mjs'), url, String(pumps), String(speed)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    return await during();
  } finally {
    await end(publisher);
  }
}

async function startDaemon(directory, api) {
  const startedAt = performance.now();
  const child = spawn(
    process.execPath,
    [file('../dist/cli.js'), 'run', '--config', join(directory, 'forewarn.yaml')],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  await until(async () => (await fetch(`${api}/readyz`)).ok, 5);
  return { process: child, ms: Math.round(performance.now() - startedAt) };
}

async function startMosquitto(directory, port) {
  writeFileSync(
    join(directory, 'mosquitto.conf'),
    `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n`,
  );
  const child = spawn('mosquitto', ['-c', join(directory, 'mosquitto.conf')], { stdio: 'ignore' });
  await sleep(500);
  return child;
}

function configOf(ports, external) {
  const channels = Object.fromEntries(pumpChannels.map(({ name, unit }) => [name, { unit }]));
  return JSON.stringify({
    state_dir: 'state',
    log: { level: 'error' },
    mqtt: external ? { url: `mqtt://127.0.0.1:${ports.mqtt}` } : { embedded: { port: ports.mqtt } },
    api: { port: ports.api },
    classes: {
      pump: {
        topic: 'plant/{site}/{line}/{asset}/telemetry',
        channels,
        train: { after: 40_000, steps: 200 },
      },
    },
  });
}

const status = async (api) => (await fetch(`${api}/api/v1/status`)).json();

async function until(reached, everyMs = 100) {
  const deadline = Date.now() + 180_000;
  while (!(await reached().catch(() => false))) {
    if (Date.now() > deadline) throw new Error('waited three minutes in vain');
    await sleep(everyMs);
  }
}

async function end(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  await gone;
}

function memoryMb(pid) {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]) / 1024);
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  return port;
}
