import { productFlops } from './matrix-product.mjs';
import { median } from './quantiles.mjs';
import { startSubject } from './subject-process.mjs';

/** A row that takes longer than this in all gets fewer rounds: stock layers take seconds for one large batch. */
const mostMsARow = 6000;
/** A first call that takes longer is not repeated for the sake of warmth, which is lost in it. */
const slowCallMs = 1000;
const bothForMs = 1500;
/** Every row of every engine, before it is measured in a round. */
const warmForMs = 100;
const otherLengths = [128, 256];
/** Batches that the scorer gives the engine at a time, `batchesTogether` in src/models/scorer.ts. */
const scorersBatches = 8;
/** Products measured beside each row. */
const productForMs = 150;

/**
 * One network and task: all engines, each in a process of its own, measured in turns, round after round, so that what
 * else the machine does falls on all of them alike. Engines that this machine lacks are left out, and `say` says why.
 */
export async function measurePhase({ network, task, engines, rounds, forMs, batches, say }) {
  const subjects = await startAll(engines, network, say);
  const matmul = await startSubject('matmul', network);
  try {
    await matmul.call('open', { task: 'predict' });
    const all = [];
    for (const subject of subjects) {
      const creationMs = [];
      for (let round = 0; round < rounds; round++) creationMs.push(await subject.call('open', { task }));
      all.push({
        engine: subject.engine,
        subject,
        creationMs,
        rows: rowsOf(subject.engine, task, batches[task]),
      });
    }
    if (task === 'predict') await checkEqual(subjects, say);
    await warmUp(all, task);
    const productRounds = [];
    for (let round = 0; round < rounds; round++) {
      const products = await measureRound({ all, matmul, task, batches: batches[task], round, forMs });
      productRounds.push(products);
      // Far apart from round to round, these say that the machine was busy with something else.
      const speed = Math.round(productFlops / median(products) / 1e6);
      say(`${network} ${task}: round ${round + 1} of ${rounds}, matrix product ${speed} GFLOP/s`);
    }
    for (const one of all) one.peakMemoryMb = await one.subject.call('peakMemoryMb');
    if (task === 'train') await measureBoth(all, rounds, say);
    return { network, task, productRounds, subjects: all };
  } finally {
    await Promise.all([...subjects, matmul].map((subject) => subject.stop()));
  }
}

async function warmUp(all, task) {
  for (const { subject, rows } of all) {
    for (const row of rows) {
      const durations = await subject.call('measure', { task, ...row.what, forMs: 0 });
      if (durations[0] > slowCallMs) take(row, durations);
    }
  }
}

/** Every row once, as far as its time allows; gives the durations of the matrix products in between. */
async function measureRound({ all, matmul, task, batches, round, forMs }) {
  const products = [];
  for (const batch of batches) {
    for (const { subject, rows } of all) {
      for (const row of rows.filter(({ what }) => what.batch === batch)) {
        const next = row.spentMs / Math.max(1, row.rounds.length);
        if (row.rounds.length > round || row.spentMs + next > mostMsARow) continue;
        // What takes seconds a call is not warmed by one more.
        const slow = row.rounds.some(([first]) => first > slowCallMs);
        const options = { task, ...row.what, warmForMs: slow ? 0 : warmForMs, forMs };
        take(row, await subject.call('measure', options));
      }
    }
    products.push(...(await matmul.call('measure', { task: 'predict', batch: 1, forMs: productForMs })));
  }
  return products;
}

/** Single windows scored while it trains. Only our engines promise anything about that. */
async function measureBoth(all, rounds, say) {
  const ours = all.filter(({ engine }) => isOurs(engine));
  for (const one of ours) {
    one.both = [];
    await one.subject.call('open', { task: 'predict' });
  }
  for (let round = 0; round < rounds; round++) {
    say(`scoring while training: round ${round + 1} of ${rounds}`);
    for (const { subject, both } of ours) both.push(await subject.call('measureBoth', { forMs: bothForMs }));
  }
}

/** How long sessions for long windows take to make, in processes of their own as it would raise the peak memory. */
export async function measureCreation({ engines, rounds, say }) {
  const subjects = await startAll(engines.filter(isOurs), 'reference', () => {});
  const creations = [];
  try {
    for (const subject of subjects) {
      for (const task of ['predict', 'train']) {
        // The first session of a process also starts threads.
        await subject.call('open', { task });
        for (const window of otherLengths) {
          const durations = [];
          for (let round = 0; round < rounds; round++)
            durations.push(await subject.call('openLength', { task, window }));
          creations.push({ engine: subject.engine, task, window, durations });
        }
      }
    }
    say('session creation for long windows: done');
    return creations;
  } finally {
    await Promise.all(subjects.map((subject) => subject.stop()));
  }
}

/**
 * What is measured of an engine. Ours also with as many calls under way as the daemon has; stock layers, whose calls compute
 * one after the other whatever is done, also in the way that takes 32 windows at a time, where that differs.
 */
function rowsOf(engine, task, batches) {
  const ways = [{ method: 'score', together: 1 }];
  if (task === 'predict' && isOurs(engine)) ways.push({ method: 'score', together: scorersBatches });
  if (task === 'predict' && !isOurs(engine)) ways.push({ method: 'scoreByDefault', together: 1 });
  return ways
    .flatMap((way) => batches.map((batch) => ({ batch, ...way })))
    .filter(({ batch, method }) => method === 'score' || batch > 32)
    .map((what) => ({ what, rounds: [], spentMs: 0 }));
}

function isOurs(engine) {
  return engine === 'onnx' || engine === 'tensorflow';
}

async function startAll(engines, network, say) {
  const subjects = [];
  for (const engine of engines) {
    try {
      subjects.push(await startSubject(engine, network));
    } catch (error) {
      say(`${engine} is left out: ${error.message}`);
    }
  }
  return subjects;
}

function take(row, durations) {
  row.rounds.push(durations);
  row.spentMs += durations.reduce((sum, ms) => sum + ms, 0);
}

/** Comparing the speed of networks that are not the same would say nothing. */
async function checkEqual(subjects, say) {
  const outputs = [];
  for (const subject of subjects) outputs.push(await subject.call('reconstruct', { batch: 2 }));
  for (const [k, output] of outputs.entries()) {
    const furthest = Math.max(...output.map((value, i) => Math.abs(value - outputs[0][i])));
    if (!(furthest < 1e-4))
      throw new Error(`${subjects[k].engine} and ${subjects[0].engine} differ by ${furthest}`);
  }
  say(`same outputs from ${subjects.map(({ engine }) => engine).join(', ')}`);
}
