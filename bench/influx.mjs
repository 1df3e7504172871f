// Scores into a real InfluxDB 1.x: what the point writer makes of the machine, beside a bare client with the same lines.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createInfluxOutput } from '../dist/alerts/influx/influx-output.js';
import { needPrograms, startInfluxd } from './drills/processes.mjs';
import { assets, bodyOf, channels, createBareClient, verdictAt } from './influx/bare-client.mjs';

const points = 200_000;
const rounds = 3;
const batch = 5000;
/** What it is to carry without being felt. */
const pace = 20_000;
const paceMs = 10_000;

export const usage = 'npm run bench -- influx [--json]; needs influxd (1.x)';

export async function run(args) {
  const { json } = parseArgs({ args, options: { json: { type: 'boolean' } } }).values;
  needPrograms('influxd');
  const directory = mkdtempSync(join(tmpdir(), 'forewarn-bench-influx-'));
  const server = await startInfluxd(directory);
  try {
    const bare = [];
    const ours = [];
    for (let round = 0; round < rounds; round++) {
      bare.push(await measureBare(server.url, round));
      ours.push(await measureOurs(server.url, directory, round));
    }
    const idle = await measurePaced(null);
    const beside = await measureBeside(server.url);
    const paced = await measurePaced(outputFor(server.url, directory, 'paced'));
    const median = (values) => Math.round(values.toSorted((a, b) => a - b)[Math.floor(rounds / 2)]);
    const result = {
      assets,
      points,
      bare_points_per_s: median(bare),
      points_per_s: median(ours),
      ratio_to_bare: Number((median(ours) / median(bare)).toFixed(2)),
      paced: { asked_per_s: pace, idle, bare_client_in_another_process: beside, ours: paced },
    };
    if (json) console.log(JSON.stringify([result]));
    else console.log(JSON.stringify(result, null, 2));
  } finally {
    await server.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Lines that are made beforehand. */
async function measureBare(url, round) {
  const bodies = [];
  for (let at = round * points; at < (round + 1) * points; at += batch) bodies.push(bodyOf(at, at + batch));
  const client = createBareClient(url, 'bare');
  await client.create();
  const startedAt = performance.now();
  for (const body of bodies) await client.write(body);
  const seconds = (performance.now() - startedAt) / 1000;
  client.close();
  return points / seconds;
}

/** From verdicts, as fast as InfluxDB takes them: no more wait in memory than two batches. */
async function measureOurs(url, directory, round) {
  const output = outputFor(url, directory, 'fast');
  output.start();
  const startedAt = performance.now();
  for (let i = 0; i < points; ) {
    for (const end = i + 500; i < end; i++) output.onVerdict(verdictAt(round * points + i));
    await new Promise((resolve) => setImmediate(resolve));
    while (output.status().waiting > 2 * batch) await sleep(1);
  }
  while (output.status().waiting > 0) await sleep(1);
  const seconds = (performance.now() - startedAt) / 1000;
  await output.stop();
  return points / seconds;
}

/** The event loop of a process that writes nothing, while another one gives InfluxDB the same work. */
async function measureBeside(url) {
  const program = fileURLToPath(new URL('influx/bare-client.mjs', import.meta.url));
  const stdio = ['ignore', 'ignore', 'inherit'];
  const child = spawn(process.execPath, [program, url, String(pace)], { stdio });
  try {
    return await measurePaced(null);
  } finally {
    child.kill('SIGKILL');
  }
}

/** Twenty verdicts a millisecond, with an output to write them or with none. */
async function measurePaced(output) {
  output?.start();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const startedAt = performance.now();
  const cpu = process.cpuUsage();
  let sent = 0;
  while (performance.now() - startedAt < paceMs) {
    const due = ((performance.now() - startedAt) / 1000) * pace;
    for (; sent < due; sent++) {
      const verdict = verdictAt(sent);
      output?.onVerdict(verdict);
    }
    await sleep(1);
  }
  const { user, system } = process.cpuUsage(cpu);
  delay.disable();
  const seconds = (performance.now() - startedAt) / 1000;
  const { written = 0, waiting = 0, spoolBytes = 0 } = output?.status() ?? {};
  await output?.stop();
  return {
    ...(output === null
      ? {}
      : {
          points_per_s: Math.round(written / seconds),
          waiting_at_end: waiting,
          spool_bytes_at_end: spoolBytes,
        }),
    cpu_share_of_one_core: Number(((user + system) / 1e6 / seconds).toFixed(2)),
    event_loop_delay_p99_ms: Number((delay.percentile(99) / 1e6).toFixed(2)),
  };
}

function outputFor(url, directory, database) {
  const log = { error: console.error, warn: console.error, info() {}, debug() {}, child: () => log };
  return createInfluxOutput({
    url,
    database,
    username: null,
    password: null,
    token: null,
    retentionPolicy: null,
    timeoutMs: 10_000,
    scores: true,
    rows: false,
    channelErrors: false,
    spoolBytes: 268_435_456,
    stateDir: join(directory, database),
    channels: () => channels,
    clock: Date.now,
    log,
  });
}
