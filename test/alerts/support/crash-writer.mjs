// A program that raises and resolves alerts as fast as it can until somebody kills it. It prints an alert's id
// only when the alerts stage has said that the alert is safe.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , compiled, file] = process.argv;
const { openJournal } = await import(pathToFileURL(join(compiled, 'alerts/journal.js')).href);
const { createAlerting } = await import(pathToFileURL(join(compiled, 'alerts/alerting.js')).href);

const quiet = { error() {}, warn() {}, info() {}, debug() {}, child: () => quiet };
const journal = openJournal({ file, clock: Date.now });
const alerting = createAlerting({
  journal,
  sinks: ['ops'],
  policies: () => ({
    raise: 1,
    clear: 1,
    raiseOn: { windows: 1, of: 1 },
    forMs: 10,
    clearAfter: 1,
    keepFiringForMs: 0,
    consequence: 'medium',
    action: null,
  }),
  knows: { asset: () => true, class: () => true },
  channels: () => [{ name: 'vibration', unit: 'mm/s' }],
  clock: Date.now,
  log: quiet,
  onChange: (alert) => writeSync(1, `${alert.state} ${alert.id} ${alert.startedAt}\n`),
});
alerting.start();

let at = 0;
function verdict(asset, value) {
  const one = Float32Array.of(1);
  const score = { asset, at, value, attribution: one, expected: one, actual: one, model: 'm' };
  return { kind: value >= 1 ? 'anomalous' : 'normal', asset, at, score };
}
// Each asset is anomalous three times out of four, each at its own time.
function turn() {
  at += 10;
  for (let i = 0; i < 20; i += 1) {
    const asset = { index: i, id: `asset-${i}`, className: 'pump', labels: {} };
    alerting.onVerdict(verdict(asset, (at / 10 + i) % 4 === 0 ? 0 : 2));
  }
  setImmediate(turn);
}
turn();
