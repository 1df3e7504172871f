// The child process of subject-process.mjs: holds one engine, and sessions of one network, and measures them.
import { availableParallelism } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { peakMemoryMb } from '../memory.mjs';
import { modelOf, networks, windowsOf } from './network.mjs';
import { createEngine } from './subject-engine.mjs';

const [name, network] = process.argv.slice(2);
const mostWindows = 512;
const model = modelOf(networks[network]);
const windows = windowsOf(model.spec, mostWindows);
// As the trainer has it.
const optimiser = { clipNorm: 1, weightDecay: 1e-4 };
const learningRate = 1e-3;
let engine;
const sessions = {};

const open = (task, { spec, weights, scaling }) =>
  task === 'predict'
    ? engine.createScoring({ spec, weights, scaling })
    : engine.createTraining({ spec, weights, ...optimiser });

async function timed(work) {
  const startedAt = performance.now();
  const result = await work();
  return { ms: performance.now() - startedAt, result };
}

/** Calls one after the other until the time is over, at least one; the duration of each in ms. */
async function repeat(work, forMs) {
  const durations = [];
  const endAt = performance.now() + forMs;
  do durations.push((await timed(work)).ms);
  while (performance.now() < endAt);
  return durations;
}

/** Calls `width` at a time until the time is over; what each adds to the time of all, in ms. */
async function repeatTogether(work, forMs, width) {
  const durations = [];
  const endAt = performance.now() + forMs;
  let lastAt = performance.now();
  const oneAfterTheOther = async () => {
    do {
      await work();
      const now = performance.now();
      durations.push(now - lastAt);
      lastAt = now;
    } while (lastAt < endAt);
  };
  await Promise.all(Array.from({ length: width }, oneAfterTheOther));
  return durations;
}

/** `method` of the session for predicting is `score`, or another that has its parameters. */
const once = (task, batch, method = 'score') =>
  task === 'predict'
    ? () => sessions.predict[method](windows, batch)
    : () => sessions.train.step(windows, windows, batch, learningRate);

const calls = {
  async start() {
    engine = await createEngine(name, availableParallelism());
  },
  /** Makes a session, or makes it again; how long that took in ms. */
  async open({ task }) {
    await sessions[task]?.dispose();
    const { ms, result } = await timed(() => open(task, model));
    sessions[task] = result;
    return ms;
  },
  /** How long a session for windows of another length takes to make. */
  async openLength({ task, window }) {
    const other = modelOf({ ...model.spec, window });
    const { ms, result } = await timed(() => open(task, other));
    await result.dispose();
    return ms;
  },
  /** Not before it has run for `warmForMs`: a process that others took turns with for seconds is slow at first. */
  async measure({ task, batch, method, together = 1, warmForMs = 0, forMs }) {
    const work = once(task, batch, method);
    if (warmForMs > 0) await repeat(work, warmForMs);
    return together > 1 ? repeatTogether(work, forMs, together) : repeat(work, forMs);
  },
  reconstruct: async ({ batch }) => [...(await sessions.predict.reconstruct(windows, batch))],
  /** Scores single windows and trains on batches of 64 at once. */
  async measureBoth({ forMs }) {
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const [durations] = await Promise.all([
      repeat(once('predict', 1), forMs),
      repeat(once('train', 64), forMs),
    ]);
    delay.disable();
    return { durations, delayP99Ms: delay.percentile(99) / 1e6 };
  },
  peakMemoryMb: async () => peakMemoryMb(process.pid),
};

process.on('message', ({ id, call, options }) => {
  calls[call](options).then(
    (result) => process.send({ id, result }),
    (error) => process.send({ id, error: error.message }),
  );
});
// The parent's death must not leave this behind.
process.on('disconnect', () => process.exit(0));
