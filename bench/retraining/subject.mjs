// A daemon that is retrained again and again, and tells of itself: node --expose-gc subject.mjs CONFIG ROUNDS REST_MS.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../dist/config.js';
import { createDaemon } from '../../dist/daemon.js';
import { createLogger } from '../../dist/log.js';
import { memoryMb } from '../memory.mjs';

const [file, rounds, restMs] = process.argv.slice(2);
const daemon = createDaemon({
  config: loadConfig(file, process.env),
  log: createLogger({ level: 'error', format: 'json' }),
  clock: Date.now,
});
const { pipeline, fleet, cares, registry, history, brokerUrl } = await daemon.start();
const now = () => performance.timeOrigin + performance.now();
const { learner } = pipeline.lines.get('pump');
const { retrainer } = cares.of('pump');

/** Time from the publisher's hand to the verdict, in ms, by what went on at the time. */
let delays = { idle: [], training: [], other: [] };
/** By asset: when its last message was sent. A message is a whole row, so its window follows within it. */
const sentAt = new Map();
const accept = pipeline.ingest.accept;
pipeline.ingest.accept = (topic, payload, flags) => {
  sentAt.set(topic.split('/').slice(1, 4).join('/'), Number(/"sent":([\d.]+)/.exec(payload.toString())[1]));
  accept(topic, payload, flags);
};
const onVerdict = fleet.onVerdict;
fleet.onVerdict = (verdict) => {
  onVerdict(verdict);
  if (verdict.kind === 'unknown') return;
  const { phase } = retrainer.status();
  const kind = phase === 'idle' ? (resting ? 'idle' : 'other') : phase === 'training' ? phase : 'other';
  delays[kind].push(now() - sentAt.get(verdict.asset.id));
};
let resting = false;

process.send({ kind: 'serving', brokerUrl });
while (learner.status().phase !== 'ready') await sleep(50);
await rest(5000);
delays = { idle: [], training: [], other: [] };
await report(0);
for (let round = 1; round <= Number(rounds); round++) {
  await rest(Number(restMs));
  const before = now();
  if (!retrainer.retrain(false))
    throw new Error(`no retraining began: ${JSON.stringify(retrainer.status())}`);
  await retrainer.settled();
  await report(round, Math.round(now() - before));
}
await rest(2000);
process.send({ kind: 'delays', delays }, () => void daemon.stop().then(() => process.exit(0)));

async function rest(ms) {
  resting = true;
  await sleep(ms);
  resting = false;
}

/** What stays: garbage is gone first. */
async function report(round, ms = 0) {
  globalThis.gc();
  const { last } = retrainer.status();
  const { bytes, rows } = history.stats();
  process.send({
    kind: 'round',
    round,
    ms,
    rss: memoryMb(process.pid),
    threads: Number(/Threads:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1]),
    result: last?.kind ?? null,
    sentence: last?.sentence ?? null,
    versions: registry.list('pump').length,
    history: { bytes, rows },
  });
}
