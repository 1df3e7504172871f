import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { networks } from './engine/network.mjs';
import { exportReference } from './engine/reference-export.mjs';
import { formatTable, recordsOf } from './engine/report.mjs';
import { measureCreation, measurePhase } from './engine/schedule.mjs';

export const usage = `Usage: npm run bench -- engine [options]

Measures predicting and training with each engine beside stock TensorFlow.js layers, taking turns (docs/benchmarks.md).

  --json            print one JSON array last on standard output instead of a table
  --quick           one short round instead of medians of five
  --engines A,B     some of onnx, tensorflow, tfjs-wasm, tfjs-node
  --networks A,B    some of reference, large
  --export DIR      measure nothing: write the reference network's weights and one batch as .onnx and .npy
  --help`;

const engineNames = ['onnx', 'tensorflow', 'tfjs-wasm', 'tfjs-node'];
const thorough = { rounds: 5, forMs: 300, batches: { predict: [1, 16, 64, 256, 512], train: [64, 256] } };
const quick = { rounds: 1, forMs: 100, batches: { predict: [1, 256], train: [64] } };

/** Throws a RangeError for what is not known. */
export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      engines: { type: 'string', default: engineNames.join() },
      networks: { type: 'string', default: Object.keys(networks).join() },
      export: { type: 'string' },
    },
  });
  if (values.export !== undefined) return exportReference(values.export, console.error);
  const engines = someOf(values.engines, engineNames);
  const plan = { ...(values.quick ? quick : thorough), say: console.error };
  plan.say(`load of the machine before: ${shownLoad()}; other work on it makes every number smaller`);

  const phases = [];
  for (const network of someOf(values.networks, Object.keys(networks))) {
    for (const task of ['predict', 'train'])
      phases.push(await measurePhase({ ...plan, network, task, engines }));
  }
  const records = recordsOf(phases, await measureCreation({ ...plan, engines }));
  plan.say(`load of the machine after: ${shownLoad()}`);
  console.log(values.json ? JSON.stringify(records) : formatTable(records));
}

function someOf(list, known) {
  const wanted = list.split(',');
  const stranger = wanted.find((name) => !known.includes(name));
  if (stranger !== undefined) throw new RangeError(`${stranger} is none of ${known.join(', ')}`);
  return known.filter((name) => wanted.includes(name));
}

function shownLoad() {
  return loadavg()
    .map((load) => load.toFixed(2))
    .join(' ');
}
