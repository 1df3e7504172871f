// The disk of the state directory runs full under a daemon that works: what it says, what it holds, and what is there afterwards.
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createDrillDaemon, drillConfig, trainPumps } from './drills/daemon.mjs';
import { fillDisk, freeDisk, mountSmallDisk } from './drills/disk.mjs';
import { checkInflux, checkWebhook, matchFaults, ofPlant } from './drills/ledger.mjs';
import { createLineWatch } from './drills/line-watch.mjs';
import {
  freePort,
  needPrograms,
  residentMb,
  startInfluxd,
  startMosquitto,
  startReceiver,
  until,
} from './drills/processes.mjs';
import { report } from './drills/report.mjs';
import { settled } from './drills/settled.mjs';
import { inspectState } from './drills/state-inspection.mjs';
import { createStream, publishStream } from './drills/stream.mjs';

export const usage =
  'npm run bench -- drill-disk [--seconds 60] [--megabytes 64] [--json]; needs root (mount), mosquitto and influxd (1.x)';

/** Rows of each asset a second. */
const pace = 20;
const presses = 20;
const pumps = 40;
/** A line of the log says something once each time that it begins or ends. */
const MOST_LINES_A_MESSAGE = 2;
const SLOWER_AT_MOST = 1.2;

export async function run(args) {
  const options = {
    seconds: { type: 'string', default: '60' },
    megabytes: { type: 'string', default: '64' },
    json: { type: 'boolean' },
  };
  const { json, ...values } = parseArgs({ args, options }).values;
  needPrograms('mosquitto', 'influxd');
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-drill-'));
  const disk = join(folder, 'disk');
  mkdirSync(disk);
  mountSmallDisk(disk, Number(values.megabytes));
  try {
    report(await drill(folder, disk, Number(values.seconds)), json);
  } finally {
    // The library of the journal's inspection lets go of its file when it is collected.
    execFileSync('umount', ['--lazy', disk]);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function drill(folder, disk, seconds) {
  const broker = await startMosquitto(folder);
  const trained = await trainPumps(join(folder, 'training'), broker.url, await freePort());
  const stateDir = join(disk, 'state');
  cpSync(trained, stateDir, { recursive: true });
  const influxd = await startInfluxd(folder);
  const receiver = await startReceiver();
  const config = drillConfig({
    stateDir,
    broker: broker.url,
    apiPort: await freePort(),
    webhook: receiver.url,
    influx: influxd.url,
    more: {
      mqtt_output: { enabled: true, scores: true },
      watchdog: { disk_free: 0.2 },
      grouping: { by: ['asset'], wait: '1s', interval: '1s', flood: { alerts: 0 } },
      retention: { history: { bytes: 8_000_000 } },
    },
  });
  const daemon = createDrillDaemon(folder, config);
  const rows = seconds * pace * 4 + 600;
  const pressFaults = Math.floor(rows / 400);
  const stream = createStream({
    ...{ rows, presses, pressFaults, pressRows: 60, pumps, pumpFaults: 2, faultyPumps: 10, pumpRows: 200 },
    startAt: Date.now() - 24 * 3_600_000,
  });
  const line = await createLineWatch(broker.url);
  const breaches = [];
  const phases = [];
  const watch = async (name, ms) => {
    line.begin();
    const before = daemon.log.length;
    await sleep(ms);
    const { alerts, scoring, history, influx, sinks } = await daemon.status();
    const ready = await fetch(`http://127.0.0.1:${config.api.port}/readyz`).then((response) =>
      response.json(),
    );
    const phase = {
      phase: name,
      ...line.figures(),
      memory_mb: residentMb(daemon.pid),
      uncommitted: alerts.uncommitted,
      journal_error: alerts.journalError,
      ready,
      overloaded: scoring.overloaded,
      history_dropped: history.dropped,
      history_error: history.lastError,
      points: { waiting: influx.waiting, dropped: influx.dropped },
      queued: Object.fromEntries(sinks.map(({ name: sink, queued }) => [sink, queued])),
      log: countLines(daemon.log.slice(before)),
    };
    phases.push(phase);
    console.error(`drill-disk: ${JSON.stringify(phase)}`);
    return phase;
  };
  try {
    daemon.start();
    await until('it is subscribed', async () => (await daemon.status()).mqtt.state === 'connected');
    const published = publishStream(stream, broker.url, pace, { onRow: line.onRow });
    const calm = await watch('undisturbed', seconds * 1000);

    fillDisk(disk, 0.1);
    const warned = async () =>
      (await receiver.requests()).some(
        ({ alerts: [{ rule, state }] }) => rule === 'watchdog:disk_full' && state === 'firing',
      );
    await until('the watchdog tells of the disk', warned, 45_000).catch(() =>
      breaches.push('the watchdog did not tell of the disk while it was nearly full'),
    );

    influxd.pause();
    fillDisk(disk, 0);
    const full = await watch('full, and InfluxDB stands still', seconds * 1000);
    if (full.journal_error === null || full.ready.ready)
      breaches.push('neither status nor readiness tells of the disk');
    if (full.line_p99_ms > calm.line_p99_ms * SLOWER_AT_MOST)
      breaches.push(`the line's p99 is ${full.line_p99_ms} ms, and ${calm.line_p99_ms} ms undisturbed`);
    if (full.overloaded > 0) breaches.push(`${full.overloaded} windows were not scored`);
    for (const [message, count] of Object.entries(full.log))
      if (count > MOST_LINES_A_MESSAGE) breaches.push(`logged ${count} times: ${message}`);

    freeDisk(disk);
    influxd.resume();
    const recovered = async () => {
      const { alerts, history, influx } = await daemon.status();
      return (
        alerts.journalError === null &&
        alerts.uncommitted === 0 &&
        history.lastError === null &&
        influx.waiting < 50_000
      );
    };
    await until('it recovers', recovered, 60_000).catch(() => breaches.push('no recovery within a minute'));
    await watch('space is back', seconds * 1000);
    await published;
    await settled(daemon);
    await until('InfluxDB has every score', async () => (await daemon.status()).influx.waiting === 0);

    const status = await daemon.status();
    const journal = ofPlant(await daemon.alerts());
    const requests = (await receiver.requests()).filter(({ alerts: [alert] }) => ofPlant([alert]).length > 0);
    const points = ofPlant(await influxd.query('SELECT id FROM forewarn_alert GROUP BY rule, state'));
    const [{ count = 0 } = {}] = await influxd.query('SELECT count(score) FROM forewarn_score');
    const { matched, unexplained } = matchFaults(journal, stream.faults);
    breaches.push(...checkWebhook(journal, requests, { grouped: true }), ...checkInflux(journal, points));
    for (const { fault, alerts } of matched)
      if (alerts.length !== 1) breaches.push(`${alerts.length} alerts: ${fault.rule} of ${fault.asset}`);
    if (status.alerts.ignored > 0) breaches.push(`${status.alerts.ignored} verdicts were ignored`);

    const crash = await killOnFullDisk(daemon, disk, breaches);
    await daemon.end();
    const state = await inspectState(stateDir, config);
    breaches.push(...state.breaches);
    return {
      drill: 'disk',
      disk: execFileSync('findmnt', ['-no', 'FSTYPE,SIZE', disk]).toString().trim(),
      assets: presses + pumps,
      messages_per_s: (presses + pumps) * pace,
      alerts: journal.length,
      faults: stream.faults.length,
      other_alerts: unexplained.length,
      scores: status.scoring.scored,
      scores_in_influxdb: count,
      points_dropped: status.influx.dropped,
      history_rows_dropped: status.history.dropped,
      phases,
      killed_while_full: crash,
      state: state.figures,
      breaches,
    };
  } finally {
    await daemon.end('SIGKILL');
    influxd.resume();
    await Promise.all([line.stop(), broker.stop(), influxd.stop(), receiver.stop()]);
  }
}

/** kill -9 and a start while the disk is full: it serves, or says in one sentence why not, and comes back with the space. */
async function killOnFullDisk(daemon, disk, breaches) {
  fillDisk(disk, 0);
  await sleep(2000);
  await daemon.end('SIGKILL');
  const before = daemon.log.length;
  daemon.start();
  const served = await Promise.race([daemon.ready().then(() => true), daemon.gone().then(() => false)]);
  await sleep(5000);
  const log = countLines(daemon.log.slice(before));
  freeDisk(disk);
  if (!daemon.running()) daemon.start();
  await daemon.ready();
  await until(
    'the journal works',
    async () => (await daemon.status()).alerts.journalError === null,
    20_000,
  ).catch(() => breaches.push('no recovery after a kill on a full disk'));
  return { served_while_full: served, log };
}

/** How often each warning and error was logged; alerts themselves are warnings too, and are left out. */
function countLines(lines) {
  const counts = {};
  for (const { level, msg, alert, sink } of lines) {
    if (alert !== undefined || (level !== 'warn' && level !== 'error')) continue;
    const message = sink === undefined ? msg : `${msg} (${sink})`;
    counts[message] = (counts[message] ?? 0) + 1;
  }
  return counts;
}
