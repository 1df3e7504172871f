// Whether a challenger that starts from the champion's weights gets further, or sooner: held-out error by step, on the
// simulator, over generations of models that each start from the one before.
import { parseArgs } from 'node:util';
import { createOnnxEngine } from '../dist/models/engine/onnx/onnx-engine.js';
import { fitNetwork } from '../dist/models/fit.js';
import { fitScaling } from '../dist/models/scaling.js';
import { initialWeights } from '../dist/models/spec.js';
import { windowStarts } from '../dist/models/training-set.js';
import { Plant } from '../dist/simulator/plant.js';
import { pumpChannels } from '../dist/simulator/pump.js';
import { recordPlant } from './parity/plant-rows.mjs';

const pumps = 8;
const holdout = 0.25;
const channels = pumpChannels.length;
const batch = 128;
/** Rows of a pump: what a first model learns from, and what each challenger does, later. */
const rows = { champion: 600, challenger: 1500 };

export const usage =
  'npm run bench -- warm-start [--seeds 3] [--generations 3] [--hidden 64] [--steps 800] [--json]';

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      seeds: { type: 'string', default: '3' },
      generations: { type: 'string', default: '3' },
      hidden: { type: 'string', default: '64' },
      steps: { type: 'string', default: '800' },
      json: { type: 'boolean' },
    },
  });
  const steps = Number(values.steps);
  const size = { window: 32, channels, hidden: Number(values.hidden), latent: 16 };
  const spec = { kind: 'lstm_autoencoder', ...size, reverse: true };
  const engine = createOnnxEngine();
  const trainOn = (data, start, seed) =>
    fitNetwork({ ...data, spec, start, seed, steps, batch }, { engine, onProgress: () => undefined });
  const results = [];
  for (let seed = 1; seed <= Number(values.seeds); seed++) {
    const plant = new Plant({ pumps, seed, startAt: Date.UTC(2026, 0, 5) });
    const first = prepare(recordPlant(plant, rows.champion), spec);
    let { weights } = await trainOn(first, initialWeights(spec, seed), seed);
    for (let generation = 1; generation <= Number(values.generations); generation++) {
      const data = prepare(recordPlant(plant, rows.challenger), spec);
      const cold = await trainOn(data, initialWeights(spec, seed + generation), seed + generation);
      const warm = await trainOn(data, weights, seed + generation);
      weights = warm.weights;
      results.push(compare({ seed, generation, steps }, cold, warm));
      if (!values.json) console.table(results.slice(-1));
    }
  }
  if (values.json) console.log(JSON.stringify(results));
}

function prepare(assets, spec) {
  const options = { channels, length: spec.window, sampleEveryMs: 1000, minCoverage: 0.7 };
  const end = (count) => Math.floor(count * (1 - holdout));
  const fitted = assets.map(({ at, values }) => values.subarray(0, end(at.length) * channels));
  const joined = new Float32Array(fitted.reduce((sum, { length }) => sum + length, 0));
  let offset = 0;
  for (const values of fitted) {
    joined.set(values, offset);
    offset += values.length;
  }
  return {
    assets,
    scaling: fitScaling(joined, channels),
    fit: windowStarts(assets, options, (count) => [0, end(count)]),
    heldOut: windowStarts(assets, options, (count) => [end(count), count]),
  };
}

function compare({ seed, generation, steps }, cold, warm) {
  const [low, lower] = [cold, warm].map(({ heldOutLoss }) => Math.min(...heldOutLoss));
  const reached = warm.heldOutLoss.findIndex((loss) => loss <= low);
  return {
    seed,
    generation,
    cold_held_out_loss: round(low),
    warm_held_out_loss: round(lower),
    ratio: round(lower / low),
    cold_best_step: cold.bestStep,
    /** When the warm start was as good; null: it never was. */
    warm_steps_to_best_of_cold: reached < 0 ? null : (reached + 1) * Math.round(steps / 20),
  };
}

function round(value) {
  return Number(value.toPrecision(4));
}
