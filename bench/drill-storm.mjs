// Every machine of a plant faults in the same second: what the operator is told, and what the record holds.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { connectAsync } from 'mqtt';
import { createDrillDaemon, drillConfig } from './drills/daemon.mjs';
import { checkInflux, ofPlant } from './drills/ledger.mjs';
import {
  freePort,
  needPrograms,
  startInfluxd,
  startMosquitto,
  startReceiver,
  until,
} from './drills/processes.mjs';
import { report } from './drills/report.mjs';
import { settled } from './drills/settled.mjs';

export const usage =
  'npm run bench -- drill-storm [--assets 1000] [--lines 10] [--seconds 20] [--json]; needs mosquitto and influxd (1.x)';

/** Notifications a line that somebody can still read: that it is a flood, what came since, and the end. */
const MOST_NOTIFICATIONS_A_LINE = 4;

export async function run(args) {
  const options = {
    assets: { type: 'string', default: '1000' },
    lines: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '20' },
    json: { type: 'boolean' },
  };
  const { json, ...values } = parseArgs({ args, options }).values;
  const [assets, lines, seconds] = ['assets', 'lines', 'seconds'].map((name) => Number(values[name]));
  needPrograms('mosquitto', 'influxd');
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-drill-'));
  try {
    report(await drill(folder, { assets, lines, seconds }), json);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function drill(folder, { assets, lines, seconds }) {
  const broker = await startMosquitto(folder);
  const influxd = await startInfluxd(folder);
  const receiver = await startReceiver();
  const grouping = { by: ['site', 'line'], wait: '2s', interval: '5s', flood: { alerts: 10, within: '10s' } };
  const config = drillConfig({
    stateDir: join(folder, 'state'),
    broker: broker.url,
    apiPort: await freePort(),
    webhook: receiver.url,
    influx: influxd.url,
    more: { grouping },
  });
  const daemon = createDrillDaemon(folder, config);
  const client = await connectAsync(broker.url);
  let at = Date.now() - 3_600_000;
  const publish = async (pressure) => {
    at += 1000;
    const payload = JSON.stringify({ ts: at, values: { pressure, force: 5 } });
    const topics = Array.from(
      { length: assets },
      (_, i) => `presses/north/line-${(i % lines) + 1}/press-${i + 1}`,
    );
    await Promise.all(topics.map((topic) => client.publishAsync(topic, payload, { qos: 1 })));
  };
  try {
    daemon.start();
    await until('it is subscribed', async () => (await daemon.status()).mqtt.state === 'connected');
    for (let row = 0; row < 3; row++) await publish(80);
    const startedAt = performance.now();
    for (let row = 0; row < 3; row++) await publish(120);
    const firing = () =>
      daemon.status().then((status) => status.alerts.firing === assets && status.alerts.uncommitted === 0);
    await until('all fire', firing);
    const raisedMs = Math.round(performance.now() - startedAt);
    await sleep(seconds * 1000);
    for (let row = 0; row < 3; row++) await publish(80);
    await until('all are over', async () => (await daemon.status()).alerts.firing === 0);
    await sleep(15_000);
    await settled(daemon);
    const journal = ofPlant(await daemon.alerts());
    const requests = await receiver.requests();
    const points = ofPlant(await influxd.query('SELECT id FROM forewarn_alert GROUP BY rule, state'));
    await daemon.end();
    return {
      drill: 'storm',
      raised_within_ms: raisedMs,
      ...judge({ assets, lines, journal, requests, points }),
    };
  } finally {
    await daemon.end('SIGKILL');
    await client.endAsync(true);
    await Promise.all([broker.stop(), influxd.stop(), receiver.stop()]);
  }
}

function judge({ assets, lines, journal, requests, points }) {
  const incidents = new Set(journal.map(({ incident }) => incident?.id));
  const keys = new Set(requests.map(({ key }) => key));
  const breaches = checkInflux(journal, points);
  if (journal.length !== assets) breaches.push(`the record holds ${journal.length} of ${assets} alerts`);
  if (incidents.size !== lines || incidents.has(undefined))
    breaches.push(`${incidents.size} incidents, and ${lines} lines`);
  if (requests.length > lines * MOST_NOTIFICATIONS_A_LINE)
    breaches.push(`the operator got ${requests.length} notifications`);
  if (requests.filter(({ status }) => status === 'resolved').length < lines)
    breaches.push('not every line was told to be over');
  return {
    assets,
    lines,
    alerts: journal.length,
    incidents: incidents.size,
    notifications: requests.length,
    distinct_keys: keys.size,
    headlines: requests.map(({ headline }) => headline),
    breaches,
  };
}
