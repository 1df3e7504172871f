// A daemon's end of the alerts: raises some alerts of one line, prints the id of each that is safe, and tells them
// together after `waitMs`, until somebody kills it.
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , compiled, file, url, waitMs, faults] = process.argv;
const load = (name) => import(pathToFileURL(join(compiled, 'alerts', name)).href);
const { openJournal } = await load('journal.js');
const { createAlerting } = await load('alerting.js');
const { createDelivery } = await load('delivery.js');
const { createWebhookSink } = await load('sinks/webhook.js');

const clock = Date.now;
const quiet = { error() {}, warn() {}, info() {}, debug() {}, child: () => quiet };
const journal = openJournal({
  file,
  clock,
  grouping: {
    by: ['line'],
    waitMs: Number(waitMs),
    intervalMs: Number(waitMs),
    flood: { alerts: 0, withinMs: 0 },
    sinks: new Set(['ops']),
    called: new Set(),
  },
});
const sink = createWebhookSink({
  name: 'ops',
  url,
  format: { kind: 'alertmanager' },
  timeoutMs: 60_000,
  version: '1.2.3',
  externalUrl: () => 'http://forewarn.example',
  clock,
  bearerToken: null,
  secret: null,
  tls: { ca: null, cert: null, key: null, verify: true },
  allowLinkLocal: false,
});
const delivery = createDelivery({ outbox: journal.outbox, sinks: [sink], clock, log: quiet });
const alerting = createAlerting({
  journal,
  sinks: ['ops'],
  policies: () => ({
    raise: 1,
    clear: 1,
    raiseOn: { windows: 1, of: 1 },
    forMs: 0,
    clearAfter: 1,
    keepFiringForMs: 0,
    consequence: 'medium',
    action: null,
  }),
  knows: { asset: () => true, class: () => true },
  channels: () => [],
  clock,
  log: quiet,
  onChange: ({ id }) => writeSync(1, `${id}\n`),
});
alerting.start();
delivery.start();
for (let index = 0; index < Number(faults); index += 1) {
  const asset = { index, id: `1/pump-${index}`, className: 'pump', labels: { line: '1' } };
  const describe = () => ({ summary: `pump-${index} sends no data`, channels: [] });
  alerting.onCondition('silent', asset, true, clock(), describe);
}
setInterval(() => {
  if (journal.groups.sweep()) delivery.poke();
}, 20);
