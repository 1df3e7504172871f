// InfluxDB and the webhook are away, one way after the other, in a run of compressed time: nothing may be lost, and the line
// from message to score may not feel it.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createDrillDaemon, drillConfig, trainPumps } from './drills/daemon.mjs';
import { checkInflux, checkWebhook, matchFaults, ofPlant, redeliveries } from './drills/ledger.mjs';
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
import { createStream, publishStream } from './drills/stream.mjs';

export const usage =
  'npm run bench -- drill-outage [--minutes 30] [--speed 20] [--pumps 50] [--presses 20] [--json]; needs mosquitto and influxd (1.x)';

/** More than this beyond the most of the undisturbed time is memory that grows: what may wait is bounded below it. */
const MEMORY_ROOM_MB = 150;
/** The line's 99th percentile beside that of the undisturbed time. */
const SLOWER_AT_MOST = 1.2;

export async function run(args) {
  const options = {
    minutes: { type: 'string', default: '30' },
    speed: { type: 'string', default: '20' },
    pumps: { type: 'string', default: '50' },
    presses: { type: 'string', default: '20' },
    json: { type: 'boolean' },
  };
  const { json, ...values } = parseArgs({ args, options }).values;
  const [minutes, speed, pumps, presses] = ['minutes', 'speed', 'pumps', 'presses'].map((name) =>
    Number(values[name]),
  );
  needPrograms('mosquitto', 'influxd');
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-drill-'));
  try {
    report(await drill(folder, { minutes, speed, pumps, presses }), json);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function drill(folder, { minutes, speed, pumps, presses }) {
  const broker = await startMosquitto(folder);
  const trained = await trainPumps(join(folder, 'training'), broker.url, await freePort());
  cpSync(trained, join(folder, 'state'), { recursive: true });
  const influxd = await startInfluxd(folder);
  const receiver = await startReceiver();
  const config = drillConfig({
    stateDir: join(folder, 'state'),
    broker: broker.url,
    apiPort: await freePort(),
    webhook: receiver.url,
    influx: influxd.url,
    more: { mqtt_output: { enabled: true, scores: true } },
  });
  const daemon = createDrillDaemon(folder, config);
  const calm = minutes / 2;
  const steps = stepsOf({ minutes, calm, influxd, receiver });
  const rows = Math.round(steps.reduce((sum, step) => sum + step.minutes, 0) * 60);
  const pressFaults = Math.max(1, Math.floor(rows / 600));
  const faulty = Math.min(pumps, 20);
  const stream = createStream({
    ...{
      rows,
      presses,
      pressFaults,
      pressRows: 60,
      pumps,
      pumpFaults: 1,
      faultyPumps: faulty,
      pumpRows: 200,
    },
    startAt: Date.now() - 12 * 3_600_000,
  });
  const line = await createLineWatch(broker.url);
  try {
    daemon.start();
    await until('it is subscribed', async () => (await daemon.status()).mqtt.state === 'connected');
    const published = publishStream(stream, broker.url, speed, { onRow: line.onRow });
    const phases = [];
    for (const step of steps) {
      await step.begin();
      phases.push(await watch(step.name, (step.minutes * 60_000) / speed, daemon, line));
      console.error(`drill-outage: ${JSON.stringify(phases.at(-1))}`);
    }
    await published;
    const recoveredAt = performance.now();
    const backlog = await daemon.status();
    await settled(daemon, 600_000);
    await until(
      'InfluxDB has every score',
      async () => (await daemon.status()).influx.waiting === 0,
      300_000,
    );
    const recoverySeconds = Math.round((performance.now() - recoveredAt) / 1000);
    const status = await daemon.status();
    const journal = ofPlant(await daemon.alerts());
    const all = await receiver.requests();
    const requests = all.filter(({ alerts: [alert] }) => ofPlant([alert]).length > 0);
    const points = ofPlant(await influxd.query('SELECT id FROM forewarn_alert GROUP BY rule, state'));
    const [{ count = 0 } = {}] = await influxd.query('SELECT count(score) FROM forewarn_score');
    const memoryMb = residentMb(daemon.pid);
    const log = logCounts(daemon.log);
    await daemon.end();
    const unanswered = matchFaults(journal, stream.faults).matched.filter(
      ({ alerts }) => alerts.length === 0,
    );
    return {
      drill: 'outage',
      assets: pumps + presses,
      messages_per_s: (pumps + presses) * speed,
      scores: status.scoring.scored,
      scores_in_influxdb: count,
      points_dropped: status.influx.dropped,
      alerts: journal.length,
      webhook_requests: all.length,
      told_again_under_the_same_key: redeliveries(requests),
      waiting_when_all_was_back: Object.fromEntries(backlog.sinks.map(({ name, queued }) => [name, queued])),
      recovery_seconds: recoverySeconds,
      memory_mb_at_end: memoryMb,
      log,
      phases,
      breaches: [
        ...checkWebhook(journal, requests),
        ...checkInflux(journal, points),
        ...orderOf(requests),
        ...unanswered.map(({ fault }) => `no alert: ${fault.rule} of ${fault.asset}`),
        ...(count === status.scoring.scored
          ? []
          : [`InfluxDB has ${count} of ${status.scoring.scored} scores`]),
        ...compare(phases),
      ],
    };
  } finally {
    await daemon.end('SIGKILL');
    influxd.resume();
    await Promise.all([line.stop(), broker.stop(), influxd.stop(), receiver.stop()]);
  }
}

/** What goes wrong, in which order, and for how many minutes of the plant's time. */
function stepsOf({ minutes, calm, influxd, receiver }) {
  return [
    { name: 'undisturbed', minutes: calm, begin: () => undefined },
    {
      name: 'influxdb stands still, webhook answers 500',
      minutes,
      begin: () => {
        influxd.pause();
        return receiver.mode({ kind: 'status', code: 500 });
      },
    },
    {
      name: 'all is back',
      minutes: calm,
      begin: () => {
        influxd.resume();
        return receiver.mode({ kind: 'ok' });
      },
    },
    {
      name: 'influxdb is killed, webhook never answers',
      minutes: minutes / 2,
      begin: async () => {
        await influxd.stop();
        await receiver.mode({ kind: 'hang' });
      },
    },
    {
      name: 'influxdb is still dead, webhook takes 1.5 s',
      minutes: minutes / 2,
      begin: () => receiver.mode({ kind: 'slow', ms: 1500 }),
    },
    {
      name: 'all is back again',
      minutes: calm,
      begin: async () => {
        await receiver.mode({ kind: 'ok' });
        void influxd.start();
      },
    },
  ];
}

async function watch(name, ms, daemon, line) {
  line.begin();
  const memory = [];
  const endAt = performance.now() + ms;
  while (performance.now() < endAt) {
    await sleep(Math.min(2500, Math.max(1, endAt - performance.now())));
    memory.push(residentMb(daemon.pid));
  }
  const { sinks, influx, scoring } = await daemon.status();
  return {
    phase: name,
    seconds: Math.round(ms / 1000),
    ...line.figures(),
    memory_mb: memory,
    queued: Object.fromEntries(sinks.map(({ name: sink, queued }) => [sink, queued])),
    points_waiting: influx.waiting,
    spool_mb: Math.round(influx.spoolBytes / 1e5) / 10,
    overloaded: scoring.overloaded,
  };
}

/** Ids rise in the order of raising, and a sink is told in that order. */
function orderOf(requests) {
  const taken = requests.filter(({ accepted }) => accepted);
  const raised = taken.filter(({ status }) => status === 'firing').map(({ alerts: [{ id }] }) => id);
  const first = [...new Set(raised)];
  const sorted = first.toSorted();
  return first.every((id, i) => id === sorted[i]) ? [] : ['the webhook was told out of order'];
}

function compare([calm, ...others]) {
  const breaches = [];
  const most = Math.max(...calm.memory_mb) + MEMORY_ROOM_MB;
  for (const { phase, line_p99_ms, memory_mb, overloaded } of others) {
    if (line_p99_ms > calm.line_p99_ms * SLOWER_AT_MOST)
      breaches.push(`${phase}: the line's p99 is ${line_p99_ms} ms, and ${calm.line_p99_ms} ms undisturbed`);
    if (Math.max(...memory_mb) > most) breaches.push(`${phase}: ${Math.max(...memory_mb)} MB of memory`);
    if (overloaded > 0) breaches.push(`${phase}: ${overloaded} windows were not scored`);
  }
  return breaches;
}

/** How often each warning and error was logged; alerts themselves are warnings too, and are left out. */
function logCounts(log) {
  const counts = {};
  for (const { level, msg, alert } of log)
    if ((level === 'warn' || level === 'error') && alert === undefined) counts[msg] = (counts[msg] ?? 0) + 1;
  return counts;
}
