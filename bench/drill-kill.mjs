// kill -9 at random moments of a run, with a webhook and InfluxDB as receivers, against an undisturbed run of the same rows.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createRandom } from '../dist/simulator/random.js';
import { createDrillDaemon, drillConfig, trainPumps } from './drills/daemon.mjs';
import { checkInflux, checkWebhook, matchFaults, ofPlant, redeliveries } from './drills/ledger.mjs';
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
import { createStream, publishStream } from './drills/stream.mjs';

export const usage =
  'npm run bench -- drill-kill [--kills 100] [--alerts 200] [--seed 1] [--keep] [--json]; needs mosquitto and influxd (1.x)';

/** Rows of each asset a second of the disturbed run, and from one kill to the next. */
const pace = 40;
const rowsAKill = 60;
/** One life in five is counted from the start of the process, so that some end before it serves; the others from then on. */
const longestLifeMs = 3000;

export async function run(args) {
  const { kills, alerts, seed, json, keep } = optionsOf(args);
  needPrograms('mosquitto', 'influxd');
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-drill-'));
  try {
    const broker = await startMosquitto(folder);
    const trained = await trainPumps(join(folder, 'training'), broker.url, await freePort());
    await broker.stop();
    const rows = Math.max(800, kills * rowsAKill);
    const options = { ...plantFor(alerts, rows), startAt: Date.now() - 12 * 3_600_000 };
    console.error(`drill-kill: undisturbed, ${rows} rows an asset`);
    const calm = await oneRun(join(folder, 'calm'), trained, options, Number.POSITIVE_INFINITY, null);
    console.error('drill-kill: disturbed');
    const random = createRandom(seed, 2).uniform;
    const killed = await oneRun(join(folder, 'killed'), trained, options, pace, (daemon, progress) =>
      killAgainAndAgain(daemon, kills, random, progress),
    );
    report(summaryOf(options, calm, killed), json);
  } finally {
    if (keep) console.error(`drill-kill: kept ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}

function optionsOf(args) {
  const options = {
    kills: { type: 'string', default: '100' },
    alerts: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'boolean', default: false },
    json: { type: 'boolean' },
  };
  const { values } = parseArgs({ args, options });
  const [kills, alerts, seed] = [Number(values.kills), Number(values.alerts), Number(values.seed)];
  if (!(kills >= 1) || !(alerts >= 10)) throw new RangeError('--kills is at least 1, --alerts at least 10');
  return { ...values, kills, alerts, seed };
}

/** Four fifths of the alerts are of limits, which event time alone decides, the others of the model. */
function plantFor(alerts, rows) {
  const each = Math.max(1, Math.min(4, Math.floor(rows / 300)));
  const pumpFaults = rows >= 2400 ? 2 : 1;
  return {
    rows,
    presses: Math.ceil((alerts * 0.8) / each),
    pressFaults: each,
    pressRows: 60,
    pumps: Math.ceil((alerts * 0.2) / pumpFaults),
    pumpFaults,
    pumpRows: Math.min(600, Math.floor(rows / 4)),
  };
}

/** Feeds the whole stream to a daemon while `disturb` does what it does, and gives what everybody has at the end. */
async function oneRun(folder, trained, options, rowsPerSecond, disturb) {
  cpSync(trained, join(folder, 'state'), { recursive: true });
  const broker = await startMosquitto(folder);
  const influxd = await startInfluxd(folder);
  const receiver = await startReceiver();
  const config = drillConfig({
    stateDir: join(folder, 'state'),
    broker: broker.url,
    apiPort: await freePort(),
    webhook: receiver.url,
    influx: influxd.url,
  });
  const daemon = createDrillDaemon(folder, config);
  const stream = createStream(options);
  try {
    daemon.start();
    // The session must be there before the first message, or the broker has nobody to keep it for.
    await until('it is subscribed', async () => (await daemon.status()).mqtt.state === 'connected');
    await sleep(500);
    const progress = { kills: 0, streaming: true };
    const mayPublish = (row) => disturb === null || row < (progress.kills + 1) * rowsAKill;
    const published = publishStream(stream, broker.url, rowsPerSecond, { mayPublish }).finally(() => {
      progress.streaming = false;
    });
    const lives = (await disturb?.(daemon, progress)) ?? [];
    await published;
    await settled(daemon);
    const journal = ofPlant(await daemon.alerts());
    const requests = (await receiver.requests()).filter(({ alerts: [alert] }) => ofPlant([alert]).length > 0);
    const points = ofPlant(await influxd.query('SELECT id FROM forewarn_alert GROUP BY rule, state'));
    await daemon.end();
    return { journal, requests, points, lives, faults: stream.faults };
  } finally {
    await daemon.end('SIGKILL');
    await Promise.all([broker.stop(), influxd.stop(), receiver.stop()]);
  }
}

async function killAgainAndAgain(daemon, kills, random, progress) {
  const lives = [];
  while (progress.kills < kills) {
    const early = random() < 0.2;
    if (!early) await daemon.ready();
    await sleep(random() * longestLifeMs);
    if (!daemon.running()) throw new Error('the daemon ended by itself; see stderr.txt with --keep');
    const serving = await daemon.status().then(
      () => true,
      () => false,
    );
    await daemon.end('SIGKILL');
    lives.push({ serving, streaming: progress.streaming });
    progress.kills += 1;
    daemon.start();
    if (progress.kills % 10 === 0) console.error(`drill-kill: ${progress.kills} of ${kills}`);
  }
  return lives;
}

function summaryOf(options, calm, killed) {
  const breaches = [];
  for (const [name, one] of Object.entries({ calm, killed })) {
    for (const breach of checkWebhook(one.journal, one.requests)) breaches.push(`${name}: ${breach}`);
    for (const breach of checkInflux(one.journal, one.points)) breaches.push(`${name}: ${breach}`);
    for (const { asset, rule, state } of one.journal)
      if (state !== 'resolved') breaches.push(`${name}: ${rule} of ${asset} still fires at the end`);
  }
  // A model's alert may begin a little after a short fault has ended; that of a limit may not.
  const inCalm = matchFaults(calm.journal, calm.faults, 0);
  const inKilled = matchFaults(killed.journal, killed.faults, 0);
  let sameStart = 0;
  const laterSeconds = { limits: [], model: [] };
  for (const [i, { fault, alerts }] of inKilled.matched.entries()) {
    const expected = inCalm.matched[i].alerts;
    const name = `${fault.rule} of ${fault.asset} at ${new Date(fault.startAt).toISOString()}`;
    if (expected.length > 0 && alerts.length === 0) breaches.push(`lost: ${name}`);
    if (alerts.length > Math.max(1, expected.length))
      breaches.push(`${alerts.length} alerts instead of ${expected.length}: ${name}`);
    if (expected.length === 0 || alerts.length === 0) continue;
    const difference = Date.parse(alerts[0].startedAt) - Date.parse(expected[0].startedAt);
    if (difference === 0) sameStart += 1;
    else laterSeconds[fault.rule === 'anomaly' ? 'model' : 'limits'].push(difference / 1000);
  }
  const told = (one) => ({
    alerts: one.journal.length,
    of_faults: one.journal.length - matchFaults(one.journal, one.faults).unexplained.length,
    others: matchFaults(one.journal, one.faults).unexplained.length,
    requests: one.requests.length,
    told_again_under_the_same_key: redeliveries(one.requests),
  });
  const { lives } = killed;
  return {
    drill: 'kill',
    faults: options.presses * options.pressFaults + options.pumps * options.pumpFaults,
    kills: lives.length,
    kills_before_it_served: lives.filter(({ serving }) => !serving).length,
    kills_while_rows_came: lives.filter(({ streaming }) => streaming).length,
    undisturbed: told(calm),
    killed: told(killed),
    same_first_start: sameStart,
    later_first_start_seconds: laterSeconds,
    breaches,
  };
}
