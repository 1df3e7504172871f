import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { resolveConfig } from '../dist/config.js';
import { createDaemon } from '../dist/daemon.js';
import { createHistory } from '../dist/history/history.js';
import { silentLogger } from '../dist/log.js';
import { chooseEngine } from '../dist/models/engine-choice.js';
import { createRegistry } from '../dist/models/registry.js';
import { train as trainModel } from '../dist/models/trainer.js';
import { trainingOrderOf } from '../dist/pipeline.js';
import { Plant } from '../dist/simulator/plant.js';
import { pumpChannels } from '../dist/simulator/pump.js';

export const usage = `npm run bench -- restart [--assets 1000] [--rows 200] [--runs 3]
How long a daemon takes from its start until it watches, with so many assets that were there before: with their rows in the
history, from which it goes on, and with an empty history, in turns.`;

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      assets: { type: 'string', default: '1000' },
      rows: { type: 'string', default: '200' },
      runs: { type: 'string', default: '3' },
    },
  });
  const [assets, rows, runs] = [values.assets, values.rows, values.runs].map(Number);
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-bench-'));
  try {
    const configs = { goesOn: configOf(join(folder, 'full')), anew: configOf(join(folder, 'empty')) };
    for (const config of Object.values(configs)) await train(config);
    await fill(configs.goesOn, assets, rows);
    const seconds = { goesOn: [], anew: [] };
    for (let i = 0; i < runs; i++)
      for (const [name, config] of Object.entries(configs)) seconds[name].push(await startOnce(config));
    console.log(JSON.stringify({ assets, rows, seconds }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function configOf(stateDir) {
  const channels = Object.fromEntries(pumpChannels.map(({ name, unit }) => [name, { unit }]));
  const { config, problems } = resolveConfig(
    {
      state_dir: stateDir,
      mqtt: { embedded: { port: 0 } },
      api: { port: 0 },
      classes: {
        pump: { topic: 'plant/{site}/{line}/{asset}/telemetry', channels, train: { steps: 20 } },
      },
    },
    { env: {}, baseDir: '.' },
  );
  if (config === null) throw new Error(JSON.stringify(problems));
  return config;
}

/** How well the model knows the pumps does not matter here. */
async function train(config) {
  const [pump] = config.classes;
  const plant = new Plant({ pumps: 4, seed: 1, startAt: 0 });
  const recorded = plant.pumps.map(({ asset }) => ({
    assetId: asset,
    at: new Float64Array(400),
    values: new Float32Array(400 * 8),
    measured: new Uint8Array(400 * 8).fill(1),
  }));
  for (let row = 0; row < 400; row++) {
    const at = plant.advance();
    for (const [i, { values }] of plant.pumps.entries()) {
      recorded[i].at[row] = at;
      recorded[i].values.set(values, row * 8);
    }
  }
  const chosen = await chooseEngine('onnx', { onFallback: () => undefined });
  const order = { ...trainingOrderOf(pump), number: 1, assets: recorded };
  const model = await trainModel(order, {
    engine: chosen.engine,
    clock: Date.now,
    onProgress: () => undefined,
  });
  const registry = createRegistry(join(config.stateDir, 'models'));
  registry.save(model);
  registry.promote('pump', model.card.id);
  await chosen.stop();
}

async function fill(config, assets, rows) {
  const history = createHistory({
    directory: join(config.stateDir, 'history'),
    channelsOf: () => pumpChannels.map(({ name }) => name),
    retention: config.retention.history,
    clock: Date.now,
    log: silentLogger,
  });
  await history.start();
  const plant = new Plant({ pumps: assets, seed: 1, startAt: Date.now() - rows * 1000 });
  const measured = new Uint8Array(8).fill(1);
  for (let row = 0; row < rows; row++) {
    const at = plant.advance();
    for (const { site, line, asset, index, values } of plant.pumps) {
      const id = `${site}/${line}/${asset}`;
      const labels = { site, line, asset };
      history.append({
        asset: { index, id, className: 'pump', labels },
        at,
        values: Float32Array.from(values),
        measured,
      });
    }
    if (row % 20 === 0) await history.flush();
  }
  await history.stop();
}

async function startOnce(config) {
  const daemon = createDaemon({ config, log: silentLogger, clock: Date.now });
  const startedAt = performance.now();
  await daemon.start();
  const seconds = (performance.now() - startedAt) / 1000;
  await daemon.stop();
  return Math.round(seconds * 100) / 100;
}
