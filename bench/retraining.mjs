// A daemon under load that is retrained again and again: its memory, its disk, and whether its line feels the training.
import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pumpChannels } from '../dist/simulator/pump.js';
import { quantile } from './engine/quantiles.mjs';

const subjectFile = fileURLToPath(new URL('./retraining/subject.mjs', import.meta.url));
const loadFile = fileURLToPath(new URL('./retraining/load.mjs', import.meta.url));
const kept = { models: 3, historyBytes: 1_000_000 };

export const usage =
  'npm run bench -- retraining [--rounds 50] [--pumps 4] [--speed 100] [--steps 10] [--rest 2000] [--json]';

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      rounds: { type: 'string', default: '50' },
      pumps: { type: 'string', default: '4' },
      speed: { type: 'string', default: '100' },
      steps: { type: 'string', default: '10' },
      rest: { type: 'string', default: '2000' },
      json: { type: 'boolean' },
    },
  });
  const directory = mkdtempSync(join(tmpdir(), 'forewarn-bench-'));
  const config = join(directory, 'forewarn.yaml');
  writeFileSync(config, configOf(Number(values.steps)));
  const subject = fork(subjectFile, [config, values.rounds, values.rest], {
    execArgv: ['--expose-gc'],
  });
  const ended = once(subject, 'exit');
  const rounds = [];
  let load = null;
  let delays = null;
  let peak = 0;
  subject.on('message', (message) => {
    if (message.kind === 'serving')
      load = spawn(process.execPath, [loadFile, message.brokerUrl, values.pumps, values.speed], {
        stdio: ['ignore', 'ignore', 'inherit'],
      });
    if (message.kind === 'delays') delays = message.delays;
    if (message.kind !== 'round') return;
    const disk = { models: sizeOf(join(directory, 'state/models')), all: sizeOf(join(directory, 'state')) };
    peak = Math.max(peak, disk.all);
    rounds.push({ ...message, disk });
    console.error(
      `round ${message.round}: ${message.result} after ${message.ms} ms, ${message.rss} MB, ${message.versions} versions, ${Math.round(disk.all / 1024)} kB: ${message.sentence}`,
    );
  });
  try {
    const [code] = await ended;
    if (code !== 0 || delays === null) throw new Error(`the daemon ended with ${code}`);
    const result = summary(rounds, delays, peak);
    if (values.json) console.log(JSON.stringify([result]));
    else console.log(JSON.stringify(result, null, 2));
  } finally {
    load?.kill('SIGTERM');
    rmSync(directory, { recursive: true, force: true });
  }
}

function summary(rounds, delays, peak) {
  const trained = rounds.slice(1);
  // What the first ones load and compile stays, and is no leak.
  const steady = trained.slice(Math.min(10, Math.floor(trained.length / 2)));
  const count = (kind) => trained.filter(({ result }) => result === kind).length;
  const line = (kind) => ({
    windows: delays[kind].length,
    ...Object.fromEntries([0.5, 0.99].map((q) => [`p${q * 100}_ms`, rounded(quantile(delays[kind], q))])),
  });
  const [idle, training] = [line('idle'), line('training')];
  const last = rounds.at(-1);
  return {
    retrainings: trained.length,
    results: {
      promoted: count('promoted'),
      refused: count('refused'),
      skipped: count('skipped'),
      failed: count('failed'),
    },
    median_retraining_ms: Math.round(
      quantile(
        trained.map(({ ms }) => ms),
        0.5,
      ),
    ),
    rss_mb: {
      before: rounds[0].rss,
      first: trained[0].rss,
      last: last.rss,
      most: Math.max(...rounds.map(({ rss }) => rss)),
      slope_kb_a_retraining: Math.round(1024 * slopeOf(steady.map(({ rss }) => rss))),
    },
    threads: { before: rounds[0].threads, last: last.threads },
    line_idle: idle,
    line_while_training: training,
    p99_ratio: rounded(training.p99_ms / idle.p99_ms),
    disk: {
      versions_kept: last.versions,
      versions_allowed: kept.models + 1,
      models_kb: Math.round(last.disk.models / 1024),
      history_kb: Math.round(last.history.bytes / 1024),
      history_allowed_kb: Math.round(kept.historyBytes / 1024),
      most_history_kb: Math.round(Math.max(...rounds.map(({ history }) => history.bytes)) / 1024),
      all_kb: Math.round(last.disk.all / 1024),
      most_kb: Math.round(peak / 1024),
    },
  };
}

/** Least squares, a step. */
function slopeOf(values) {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const up = values.reduce((sum, value, i) => sum + (i - middle) * (value - mean), 0);
  return up / values.reduce((sum, _, i) => sum + (i - middle) ** 2, 0);
}

function sizeOf(path) {
  try {
    const entry = statSync(path);
    if (!entry.isDirectory()) return entry.size;
    return readdirSync(path).reduce((sum, name) => sum + sizeOf(join(path, name)), 0);
  } catch {
    // Gone since it was listed.
    return 0;
  }
}

function configOf(steps) {
  return JSON.stringify({
    state_dir: 'state',
    mqtt: { embedded: { port: 0 } },
    api: { port: 0 },
    retention: { models: kept.models, history: { bytes: kept.historyBytes } },
    classes: {
      pump: {
        topic: 'plant/{site}/{line}/{asset}/telemetry',
        channels: Object.fromEntries(pumpChannels.map(({ name, unit }) => [name, { unit }])),
        train: { after: 2000, steps, batch: 64, hidden: 8, latent: 4 },
        retrain: { schedule: null, rows: 2000, judge: 0.3, shadow_for: '0s', look_back: '20d' },
      },
    },
  });
}

function rounded(value) {
  return Number(value.toPrecision(3));
}
