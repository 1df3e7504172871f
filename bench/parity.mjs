import { parseArgs } from 'node:util';
import { createDecider } from '../dist/models/decision/decider.js';
import { createOnnxEngine } from '../dist/models/engine/onnx/onnx-engine.js';
import { predictorsOf } from '../dist/models/model.js';
import { normalResiduals } from '../dist/models/normal-residuals.js';
import { createRandom } from '../dist/models/random.js';
import { createEpisodeCounter } from '../dist/models/retraining/episode-counter.js';
import { train } from '../dist/models/trainer.js';
import { Plant } from '../dist/simulator/plant.js';
import { pumpChannels } from '../dist/simulator/pump.js';
import { evenness } from './parity/evenness.mjs';
import { injectFaults, recordPlant } from './parity/plant-rows.mjs';

export const usage = `Usage: npm run bench -- parity [options]

One model for pumps that differ in hydraulics and in noise: whether each has as many false alarms as the others. Trains
on the first time of 40 pumps, then watches all 50, first without a fault, then with faults; with and without what the
model holds of single assets. Alarms of normal time are counted at the level at which the trained pumps have six an hour each.

  --json       print one line of JSON last
  --quick      20 pumps and less time
  --spread X   relative deviation of the pumps' parameters (default 0.05)
  --seed N     of plant and training (default 1)
  --help`;

/** Of pumps, and rows at one a second. */
const full = { trained: 40, unseen: 10, training: 1800, watch: 7200, faults: 3600, steps: 600 };
const quick = { trained: 15, unseen: 5, training: 1200, watch: 3600, faults: 2160, steps: 200 };
/** Alarms of a trained pump in the time without a fault, an hour. */
const alarms = 6;
const blocks = 12;
/** Half the size of the simulator's usual faults, so that not all are found whatever the threshold. */
const faultSize = 0.5;
const rule = { raiseOn: { windows: 3, of: 5 }, clearAfter: 10 };

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      spread: { type: 'string', default: '0.05' },
      seed: { type: 'string', default: '1' },
    },
  });
  const report = await measure(values.quick ? quick : full, Number(values.spread), Number(values.seed));
  console.log(values.json ? JSON.stringify(report) : describe(report));
}

async function measure(size, spread, seed) {
  const plant = new Plant({ pumps: size.trained + size.unseen, seed, startAt: 1_700_000_000_000, spread });
  const order = orderOf(recordPlant(plant, size.training).slice(0, size.trained), size, seed);
  const watched = recordPlant(plant, size.watch);
  const faults = injectFaults(plant, size.faults, faultSize);
  const faulty = recordPlant(plant, size.faults);
  console.error('training');
  const engine = createOnnxEngine();
  const model = await train(order, { engine, clock: Date.now, onProgress() {} });
  console.error('scoring');
  const residualsOf = (assets) => normalResiduals({ ...order, assets }, engine, predictorsOf(model));
  const healthy = await residualsOf(watched);
  const ill = await residualsOf(faulty);
  const { detectors } = model.calibration;
  const compare = (calibration) => judge(calibration, healthy, ill, faults, size);
  return { spread, seed, ...size, of_class: compare({ detectors }), of_assets: compare(model.calibration) };
}

function orderOf(assets, { steps }, seed) {
  return {
    className: 'pump',
    number: 1,
    channels: pumpChannels.map(({ name }) => name),
    sampleEveryMs: 1000,
    windowLength: 32,
    stride: 1,
    minCoverage: 0.7,
    network: 'lstm_autoencoder',
    hidden: 32,
    latent: 16,
    student: 0,
    holdout: 0.25,
    steps,
    batch: 128,
    seed,
    sources: ['network', 'vector_autoregression'],
    smoothing: 0.5,
    quantile: 0.99,
    margin: 1.5,
    alertBudget: null,
    codeVersion: 'bench',
    assets,
  };
}

function judge(calibration, healthy, ill, faults, size) {
  const scores = scoresOf(calibration, healthy);
  const ofTrained = scores.slice(0, size.trained);
  const level = levelFor(ofTrained, (alarms * size.watch) / 3600);
  const counts = scores.map((one) => alarmsIn(one, level));
  const random = createRandom(1);
  const found = scoresOf(calibration, ill);
  return {
    level,
    false_alarms: total(scores.map((one) => alarmsIn(one, 1))),
    trained: evenness(counts.slice(0, size.trained), random),
    unseen: evenness(counts.slice(size.trained), random),
    faults: faults.flat().length,
    faults_found: faultsFound(found, ill, faults, 1),
    faults_found_at_level: faultsFound(found, ill, faults, level),
  };
}

/** By pump; each has its rows in one run. */
function scoresOf(calibration, runs) {
  const decider = createDecider(calibration, (index) => runs[index].assetId);
  const channels = pumpChannels.length;
  const shares = new Float32Array(channels);
  return runs.map(({ residuals, at }, asset) =>
    Float32Array.from(at, (_, window) => {
      const of = [...residuals].map(([kind, all]) => [
        kind,
        all.subarray(window * channels, (window + 1) * channels),
      ]);
      return decider.decide(asset, Object.fromEntries(of), shares).value;
    }),
  );
}

/** Alarms of one pump by block of time. */
function alarmsIn(scores, level) {
  const counter = createEpisodeCounter({ ...rule, raise: level, clear: level });
  const counts = new Array(blocks).fill(0);
  let before = 0;
  for (const [window, score] of scores.entries()) {
    counter.see(0, score);
    const { episodes } = counter.counts();
    if (episodes > before) counts[Math.floor((window / scores.length) * blocks)]++;
    before = episodes;
  }
  return counts;
}

/** The highest level at which a pump has as many alarms as this on average; below it they grow together again. */
function levelFor(scores, wanted) {
  const count = (level) => total(scores.map((one) => alarmsIn(one, level))) / scores.length;
  let high = Math.max(...scores.map((one) => one.reduce((most, score) => Math.max(most, score), 0)));
  const lowest = high / 100;
  while (high > lowest && count(high) < wanted) high *= 0.97;
  return high;
}

function faultsFound(scores, runs, faults, level) {
  const found = faults.flatMap((ofPump, pump) =>
    ofPump.map(({ startAt, endAt }) => {
      const during = scores[pump].filter((_, i) => runs[pump].at[i] >= startAt && runs[pump].at[i] < endAt);
      return alarmsIn(during, level).some((count) => count > 0);
    }),
  );
  return found.filter(Boolean).length;
}

function total(counts) {
  return counts.flat().reduce((sum, count) => sum + count, 0);
}

function describe({ spread, trained, unseen, ...report }) {
  const rows = [
    ['the class as one', report.of_class],
    ['each asset by itself', report.of_assets],
  ].flatMap(([name, one]) => [
    name,
    `  trained pumps: ${lineOf(one.trained)}`,
    `  unseen pumps:  ${lineOf(one.unseen)}`,
    `  at the threshold: ${one.false_alarms} false alarms, ${one.faults_found} of ${one.faults} small faults found; at that level ${one.faults_found_at_level}`,
  ]);
  return [`${trained} pumps trained on, ${unseen} unseen, spread ${spread}`, ...rows].join('\n');
}

function lineOf({ least, median, most, most_over_median: ratio, dispersion, p_equal: p }) {
  return `alarms ${least} to ${most}, median ${median}, most over median ${ratio.toFixed(2)}, dispersion ${dispersion.toFixed(2)}, p of equal rates ${p.toFixed(4)}`;
}
