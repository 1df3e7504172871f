import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { resolveConfig } from '../dist/config.js';
import { trainInChild } from '../dist/models/training-process.js';
import { trainingOrderOf } from '../dist/pipeline.js';
import { networks, windowsOf } from './engine/network.mjs';
import { childrenOf, memoryMb, peakMemoryMb } from './memory.mjs';

export const usage = `Usage: npm run bench -- training [options]

Trains the reference network as the daemon does, in a child process: 20,000 windows, 30 times each.

  --json       print one line of JSON last
  --quick      1,000 windows, twice each
  --engine E   onnx, tensorflow or auto (default onnx)
  --help`;

const batch = 128;
const holdout = 0.1;

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      engine: { type: 'string', default: 'onnx' },
    },
  });
  const [windows, epochs] = values.quick ? [1000, 2] : [20_000, 30];
  const report = await measure(values.engine, windows, epochs);
  console.log(values.json ? JSON.stringify(report) : describe(report));
}

async function measure(engine, windows, epochs) {
  const order = orderOf(windows, epochs);
  const before = memoryNow();
  let peak = null;
  const training = trainInChild(
    order,
    engine,
    ({ step, steps, heldOutLoss }) =>
      console.error(`step ${step} of ${steps}, held-out loss ${heldOutLoss.toFixed(4)}`),
    new AbortController().signal,
  );
  const startedAt = performance.now();
  const done = training.then(() => true);
  while (!(await Promise.race([done, sleep(200, false)]))) {
    // The peak only ever rises, so the last look before the child ends is all but exact.
    for (const pid of childrenOf(process.pid)) peak = Math.max(peak ?? 0, peakMemoryMb(pid) ?? 0);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const { training: trained, data } = (await training).model.card;
  return {
    network: 'reference',
    engine: trained.engine,
    windows: data.fitWindows,
    held_out_windows: data.heldOutWindows,
    steps: trained.steps,
    epochs: round((trained.steps * batch) / data.fitWindows),
    seconds: round(seconds),
    windows_per_s: Math.round((trained.steps * batch) / seconds),
    held_out_loss: trained.heldOutLoss.at(-1),
    child_peak_memory_mb: peak,
    parent_memory_before_mb: before,
    parent_memory_after_mb: memoryNow(),
  };
}

/** The order of a class with defaults otherwise; its rows give as many windows to fit. */
function orderOf(windows, epochs) {
  const { kind, window, channels, hidden, latent } = networks.reference;
  const steps = Math.round((windows * epochs) / batch);
  const rows = Math.ceil((windows + window - 1) / (1 - holdout));
  const values = windowsOf({ window: 1, channels }, rows);
  const bench = {
    topic: 'bench/{asset}',
    sample_every: '1s',
    window: { length: window },
    channels: Object.fromEntries(
      Array.from({ length: channels }, (_, channel) => [`channel_${channel}`, {}]),
    ),
    train: { network: kind, hidden, holdout, steps, batch, seed: 1 },
  };
  const { config, problems } = resolveConfig({ classes: { bench } }, { env: {}, baseDir: '.' });
  if (config === null) throw new Error(JSON.stringify(problems));
  return {
    ...trainingOrderOf(config.classes[0]),
    // The last state itself, as stock layers have it.
    latent,
    number: 1,
    assets: [
      {
        assetId: 'bench',
        at: Float64Array.from({ length: rows }, (_, row) => row * 1000),
        values,
        measured: new Uint8Array(values.length).fill(1),
      },
    ],
  };
}

/** What stays of this process's memory once garbage is gone, which Node does not collect when asked unless told so. */
function memoryNow() {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return memoryMb(process.pid);
}

function describe(report) {
  return [
    `${report.windows} windows, ${report.epochs} epochs (${report.steps} steps of ${batch}) on ${report.engine}: ${report.seconds} s, ${report.windows_per_s} windows/s`,
    `peak memory of the child process ${report.child_peak_memory_mb} MB; this process ${report.parent_memory_before_mb} MB before and ${report.parent_memory_after_mb} MB after`,
  ].join('\n');
}

function round(value) {
  return Number(value.toFixed(1));
}
