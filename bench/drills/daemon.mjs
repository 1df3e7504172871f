// The real daemon in a drill, its configuration, and a state directory whose pumps have a model.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { silentLogger } from '../../dist/log.js';
import { Plant } from '../../dist/simulator/plant.js';
import { PlantPublisher } from '../../dist/simulator/publisher.js';
import { pumpChannels } from '../../dist/simulator/pump.js';
import { end, until } from './processes.mjs';

const cli = fileURLToPath(new URL('../../dist/cli.js', import.meta.url));

/** Pumps with a small model; presses with a hard limit and no model. `more` overwrites sections. */
export function drillConfig({ stateDir, broker, apiPort, webhook = null, influx = null, more = {} }) {
  const channels = Object.fromEntries(pumpChannels.map(({ name, unit }) => [name, { unit }]));
  return {
    state_dir: stateDir,
    log: { format: 'json' },
    mqtt: { url: broker, client_id: 'forewarn-drill', session_expiry: '1h' },
    api: { port: apiPort },
    engine: 'onnx',
    classes: {
      pump: {
        topic: 'plant/{site}/{line}/{asset}/telemetry',
        channels,
        train: { after: 1600, steps: 150, batch: 64, hidden: 16, latent: 6 },
        retrain: { schedule: null },
      },
      press: {
        topic: 'presses/{site}/{line}/{asset}',
        channels: { pressure: { unit: 'bar', limits: { h: 100, deadband: 5 } }, force: { unit: 'kN' } },
        train: { after: 10_000_000 },
        // Limits alone judge a press: an online model would add scores and alerts of its own.
        online: false,
        retrain: { schedule: null },
      },
    },
    // Each press faults again and again by design, and every time is to be told.
    flapping: { every: '0s' },
    webhooks: webhook === null ? [] : [{ name: 'ops', url: webhook, timeout: '2s' }],
    ...(influx === null ? {} : { influx: { url: influx, timeout: '2s' } }),
    ...more,
  };
}

/** A daemon on this configuration, which can be killed and started again; its log is kept over all its lives. */
export function createDrillDaemon(folder, config) {
  const file = join(folder, 'forewarn.yaml');
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, JSON.stringify(config, null, 2));
  const api = `http://127.0.0.1:${config.api.port}`;
  const log = [];
  const errors = createWriteStream(join(folder, 'stderr.txt'), { flags: 'a' });
  let child = null;
  const daemon = {
    log,
    get pid() {
      return child.pid;
    },
    running: () => child !== null && child.exitCode === null && child.signalCode === null,
    /** Resolves at once; `ready` waits until it serves. */
    start() {
      child = spawn(process.execPath, [cli, 'run', '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] });
      let rest = '';
      child.stdout.on('data', (part) => {
        const lines = (rest + part.toString()).split('\n');
        rest = lines.pop();
        for (const line of lines) log.push(JSON.parse(line));
      });
      child.stderr.pipe(errors, { end: false });
    },
    ready: () => until('the daemon serves', async () => (await fetch(`${api}/healthz`)).ok),
    end: (signal = 'SIGTERM') => end(child, signal),
    gone: () => once(child, 'exit'),
    async get(path) {
      const response = await fetch(`${api}${path}`);
      if (!response.ok) throw new Error(`${path}: HTTP ${response.status}`);
      return response.json();
    },
    status: () => daemon.get('/api/v1/status'),
    /** All alerts of the journal, oldest first. */
    async alerts() {
      const all = [];
      for (let cursor = null; ; ) {
        const page = await daemon.get(
          `/api/v1/alerts?limit=1000${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`,
        );
        all.push(...page.alerts);
        cursor = page.next;
        if (cursor === null) return all.reverse();
      }
    },
  };
  return daemon;
}

/** Trains the pumps of the simulator in a state directory under `folder`; gives that directory. */
export async function trainPumps(folder, broker, apiPort) {
  const stateDir = join(folder, 'trained');
  const config = drillConfig({ stateDir, broker, apiPort });
  const daemon = createDrillDaemon(folder, config);
  daemon.start();
  await daemon.ready();
  const plant = new Plant({ pumps: 20, seed: 11, startAt: Date.now() - 40 * 86_400_000 });
  const publisher = new PlantPublisher({ plant, url: broker, speed: 50, logger: silentLogger });
  const running = publisher.run();
  await until(
    'the model is in use',
    async () => (await daemon.status()).classes[0].state === 'ready',
    180_000,
  );
  await publisher.stop();
  await running;
  await daemon.end();
  return stateDir;
}
