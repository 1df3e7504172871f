// Whether a challenger that starts from the champion's weights gets further, or sooner: held-out error by step, on the simulator.
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
const fitting = { batch: 128 };
/** Rows of a pump: what a first model learns from, and what its challenger does, later. */
const rows = { champion: 600, challenger: 1500 };
const usualPeak = 3e-3;

export const usage =
  'npm run bench -- warm-start [--seeds 3] [--peaks 0.003,0.001] [--hidden 64] [--steps 800] [--json]';

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      seeds: { type: 'string', default: '3' },
      peaks: { type: 'string', default: '0.003,0.001' },
      hidden: { type: 'string', default: '64' },
      steps: { type: 'string', default: '800' },
      json: { type: 'boolean' },
    },
  });
  const engine = createOnnxEngine();
  const spec = {
    ...{ kind: 'lstm_autoencoder', window: 32, channels, hidden: Number(values.hidden), latent: 16 },
    reverse: true,
  };
  const fitted = (data, start, seed, peakLearningRate) =>
    fitNetwork(
      { ...fitting, ...data, steps: Number(values.steps), spec, start, seed, peakLearningRate },
      { engine, onProgress: () => undefined },
    );
  const results = [];
  for (let seed = 1; seed <= Number(values.seeds); seed++) {
    const plant = new Plant({ pumps, seed, startAt: Date.UTC(2026, 0, 5) });
    const first = prepare(recordPlant(plant, rows.champion), spec);
    const later = prepare(recordPlant(plant, rows.challenger), spec);
    const champion = await fitted(first, initialWeights(spec, seed), seed, usualPeak);
    const cold = await fitted(later, initialWeights(spec, seed + 1), seed + 1, usualPeak);
    const total = Number(values.steps);
    results.push(describe({ seed, start: 'cold', peak: usualPeak, total }, cold, cold));
    for (const peak of values.peaks.split(',').map(Number))
      results.push(
        describe(
          { seed, start: 'warm', peak, total },
          await fitted(later, champion.weights, seed + 1, peak),
          cold,
        ),
      );
    if (!values.json) console.table(results.filter((one) => one.seed === seed));
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

function describe({ seed, start, peak, total }, { heldOutLoss, steps, bestStep }, cold) {
  const lookEvery = Math.round(total / 20);
  const best = Math.min(...heldOutLoss);
  const goal = Math.min(...cold.heldOutLoss);
  const reached = heldOutLoss.findIndex((loss) => loss <= goal);
  return {
    seed,
    start,
    peak,
    steps,
    best_step: bestStep,
    held_out_loss: round(best),
    ratio_to_cold: round(best / goal),
    /** Null: it never came as low as the cold start did. */
    steps_to_best_of_cold: reached < 0 ? null : (reached + 1) * lookEvery,
    losses: heldOutLoss.map(round).join(' '),
  };
}

function round(value) {
  return Number(value.toPrecision(4));
}
