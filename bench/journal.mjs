// How many alerts a second the journal takes, through the same queue and transactions as in the daemon.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createAlerting } from '../dist/alerts/alerting.js';
import { openJournal } from '../dist/alerts/journal.js';

const rounds = 5;
/** A storm: so many assets fail, and come back, at once. */
const assets = 5000;

export const usage = 'npm run bench -- journal [--directory DIR] [--json]';

const quiet = { error() {}, warn() {}, info() {}, debug() {}, child: () => quiet };
const channels = Array.from({ length: 8 }, (_, i) => ({ name: `channel-${i}`, unit: 'bar' }));

export async function run(args) {
  const options = { json: { type: 'boolean' }, directory: { type: 'string', default: tmpdir() } };
  const { json, directory } = parseArgs({ args, options }).values;
  const folder = mkdtempSync(join(directory, 'forewarn-bench-'));
  try {
    const journal = openJournal({ file: join(folder, 'alerts.db'), clock: Date.now });
    const alerting = createAlerting({
      journal,
      sinks: ['ops'],
      policies: () => policy,
      channels: () => channels,
      knows: { asset: () => true, class: () => true },
      clock: Date.now,
      log: quiet,
    });
    alerting.start();
    const measured = [];
    for (let round = 0; round < rounds; round++) {
      const raised = storm(alerting, round * 1000, 2);
      const resolved = storm(alerting, round * 1000 + 500, 0);
      measured.push({
        raised_a_second: raised.aSecond,
        raised_cpu_us: raised.cpuUs,
        resolved_a_second: resolved.aSecond,
        resolved_cpu_us: resolved.cpuUs,
      });
    }
    const { firing, resolved } = journal.counts();
    if (firing !== 0 || resolved !== rounds * assets)
      throw new Error('the journal does not have every alert');
    alerting.stop();
    journal.close();
    const medians = Object.keys(measured[0]).map((name) => [name, median(measured, name)]);
    if (json) console.log(JSON.stringify([{ assets, rounds, ...Object.fromEntries(medians) }]));
    else console.table(measured);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One verdict for every asset; gives alerts a second that are on disk, and what one costs of a core's time. */
function storm(alerting, at, value) {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  for (let index = 0; index < assets; index++) alerting.onVerdict(verdictOf(index, at, value));
  if (!alerting.flush()) throw new Error(alerting.status().journalError);
  const wallMs = performance.now() - startedAt;
  const { user, system } = process.cpuUsage(before);
  return { aSecond: Math.round((assets * 1000) / wallMs), cpuUs: Math.round((user + system) / assets) };
}

const policy = {
  raise: 1,
  clear: 0.9,
  raiseOn: { windows: 1, of: 1 },
  forMs: 0,
  clearAfter: 1,
  keepFiringForMs: 0,
  consequence: 'medium',
  action: null,
};
const numbers = Float32Array.from(channels, (_, i) => (i + 1) / 36);

function verdictOf(index, at, value) {
  const labels = { site: 'north', line: '1', asset: `pump-${index}` };
  const asset = { index, id: `north/1/pump-${index}`, className: 'pump', labels };
  const score = {
    asset,
    at,
    value,
    attribution: numbers,
    expected: numbers,
    actual: numbers,
    model: 'pump-1',
  };
  return { kind: value >= 1 ? 'anomalous' : 'normal', asset, at, score };
}

function median(rows, name) {
  const values = rows.map((row) => row[name]).sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)];
}
