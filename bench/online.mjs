import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { inactive, step } from '../dist/alerts/state.js';
import { readRecording } from '../dist/commands/recording.js';
import { createOnlineModel } from '../dist/models/online/online-model.js';
import { faultKinds } from '../dist/simulator/faults.js';
import { Plant } from '../dist/simulator/plant.js';
import { createRandom } from '../dist/simulator/random.js';

export const usage = `npm run bench -- online [--data ../shared/data] [--seeds 5] [--pumps 20] [--rows 4000]
What the online model, which scores before the first training, raises: false alerts on simulated pumps without faults, on
machines that warm up, on SKAB's anomaly-free file and on NAB; found faults on simulated pumps, SKAB valve1 and NAB.`;

const policy = {
  ...{ raise: 1, clear: 0.7, raiseOn: { windows: 3, of: 5 }, forMs: 0, clearAfter: 10 },
  keepFiringForMs: 0,
};
const noLabels = ['anomaly', 'changepoint'];

export async function run(args) {
  const { values: options } = parseArgs({
    args,
    options: {
      data: { type: 'string', default: '../shared/data' },
      seeds: { type: 'string', default: '5' },
      pumps: { type: 'string', default: '20' },
      rows: { type: 'string', default: '4000' },
    },
  });
  const [seeds, pumps, rows] = [options.seeds, options.pumps, options.rows].map(Number);
  const firstRows = rows;
  const result = {
    plant: normalPlant(seeds, pumps, rows),
    plantFaults: plantFaults(seeds, pumps),
    warmUps: warmUps(seeds),
    skabNormal: recorded(join(options.data, 'skab/anomaly-free/anomaly-free.csv'), firstRows * 3),
    skabValve: skabValve(join(options.data, 'skab/valve1')),
    nab: nab(join(options.data, 'nab'), firstRows),
  };
  console.log(JSON.stringify(result, null, 1));
}

/** Watches one asset; gives the alerts as `{ from, to, top }`, times of the rows. */
export function watcher(channels, everyMs, windowLength = 32) {
  const model = createOnlineModel({
    channels,
    forgetAfterMs: windowLength * everyMs,
    minCoverage: 0.7,
    raise: 1,
  });
  const asset = { index: 0, id: 'a', className: 'c', labels: {} };
  const alerts = [];
  let state = inactive;
  let highest = 0;
  return {
    alerts,
    highest: () => highest,
    row(at, values, measured) {
      model.onRow({ asset, at, values, measured });
      const verdict = model.judge({ asset, at, values, measured, coverage: 1 });
      if (verdict.kind === 'unknown') return;
      highest = Math.max(highest, verdict.score.value);
      const next = step(state, { kind: 'score', value: verdict.score.value }, at, policy);
      state = next.state;
      if (next.transition === 'raised') {
        const { attribution } = verdict.score;
        alerts.push({ from: at, to: null, top: attribution.indexOf(Math.max(...attribution)) });
      }
      if (next.transition === 'resolved') alerts.at(-1).to = at;
    },
  };
}

function normalPlant(seeds, pumps, rows) {
  let alerts = 0;
  let assets = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const plant = new Plant({ pumps, seed, startAt: 0 });
    const watchers = plant.pumps.map(() => watcher(8, 1000));
    const measured = new Uint8Array(8).fill(1);
    for (let row = 0; row < rows; row++) {
      const at = plant.advance();
      for (const [i, { values }] of plant.pumps.entries())
        watchers[i].row(at, Float32Array.from(values), measured);
    }
    assets += pumps;
    for (const one of watchers) alerts += one.alerts.length;
  }
  return { assets, rowsEach: rows, assetHours: round((assets * rows) / 3600), falseAlerts: alerts };
}

/** Each kind at sizes 1 and 3, and a sensor that dies, on one pump each, begun at row 900 and lasting 600 rows. */
function plantFaults(seeds, pumps) {
  const found = {};
  const kinds = [
    ...faultKinds.flatMap((kind) => [1, 3].map((size) => ({ kind, size }))),
    { kind: 'dead_sensor', size: 1 },
  ];
  for (let seed = 1; seed <= seeds; seed++) {
    for (const { kind, size } of kinds) {
      const plant = new Plant({ pumps: Math.min(pumps, 10), seed: seed + 100, startAt: 0 });
      const watchers = plant.pumps.map(() => watcher(8, 1000));
      if (kind !== 'dead_sensor')
        for (const { index } of plant.pumps)
          plant.inject(index, { kind, size, startAt: 900_000, endAt: 1_500_000 });
      const measured = new Uint8Array(8).fill(1);
      for (let row = 0; row < 1500; row++) {
        const at = plant.advance();
        for (const [i, { values }] of plant.pumps.entries()) {
          const shown = Float32Array.from(values);
          if (kind === 'dead_sensor' && row >= 900) shown[(i + seed) % 8] = 0;
          watchers[i].row(at, shown, measured);
        }
      }
      const name = kind === 'dead_sensor' ? kind : `${kind} x${size}`;
      found[name] ??= { faults: 0, found: 0, stillFiring10min: 0, before: 0 };
      for (const { alerts } of watchers) {
        found[name].faults++;
        found[name].before += alerts.filter(({ from }) => from < 900_000).length;
        const hit = alerts.find(({ from }) => from >= 900_000);
        if (hit === undefined) continue;
        found[name].found++;
        if (hit.to === null) found[name].stillFiring10min++;
      }
    }
  }
  return found;
}

/** Three channels with noise: exponential warm-ups of several speeds, and set-points that ramp slowly. */
function warmUps(seeds) {
  const shapes = {
    'warm-up, 600 row constant, 400 spreads': (row) => 400 * (1 - Math.exp(-row / 600)),
    'warm-up after 300 rows of standing': (row) => (row < 300 ? 0 : 400 * (1 - Math.exp(-(row - 300) / 600))),
    'warm-up after 300 rows, 200 row constant': (row) =>
      row < 300 ? 0 : 200 * (1 - Math.exp(-(row - 300) / 200)),
    'ramp of 100 spreads in 300 rows': (row) => 100 * Math.min(1, Math.max(0, (row - 600) / 300)),
    'ramp of 100 spreads in 100 rows': (row) => 100 * Math.min(1, Math.max(0, (row - 600) / 100)),
    'daily wave of 100 spreads, 288 rows': (row) => 50 * Math.sin((2 * Math.PI * row) / 288),
  };
  const counted = {};
  for (const [name, shape] of Object.entries(shapes)) {
    counted[name] = { runs: 0, alerts: 0 };
    for (let seed = 1; seed <= seeds * 4; seed++) {
      const random = createRandom(seed, 0);
      const one = watcher(3, 1000);
      const measured = new Uint8Array(3).fill(1);
      for (let row = 0; row < 3600; row++)
        one.row(
          row * 1000,
          Float32Array.of(shape(row) + random.normal(), random.normal(), random.normal()),
          measured,
        );
      counted[name].runs++;
      counted[name].alerts += one.alerts.length;
    }
  }
  return counted;
}

function watchFile(file, rows) {
  const recording = readRecording(file, { labels: noLabels });
  const { at, values, channels, sampleEveryMs } = recording;
  const one = watcher(channels.length, sampleEveryMs);
  const measured = new Uint8Array(channels.length);
  for (let row = 0; row < Math.min(rows, at.length); row++) {
    const now = Float32Array.from(values, (column) => column[row] ?? Number.NaN);
    for (const [i, value] of now.entries()) measured[i] = Number.isFinite(value) ? 1 : 0;
    one.row(at[row], now, measured);
  }
  return { recording, one, rows: Math.min(rows, at.length) };
}

function recorded(file, rows) {
  const { one, rows: seen, recording } = watchFile(file, rows);
  return {
    rows: seen,
    falseAlerts: one.alerts.length,
    highest: round(one.highest()),
    alerts: one.alerts.map(({ from, top }) => `${new Date(from).toISOString()} ${recording.channels[top]}`),
  };
}

function skabValve(folder) {
  const total = { files: 0, falseAlerts: 0, found: 0 };
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.csv'))) {
    const lines = readFileSync(join(folder, name), 'utf8').trim().split(/\r?\n/);
    const labels = lines.slice(1).map((line) => Number(line.split(';').at(-2)));
    const { one, recording } = watchFile(join(folder, name), Number.POSITIVE_INFINITY);
    const label = new Map(Array.from(recording.at, (at, i) => [at, labels[i]]));
    total.files++;
    const hits = one.alerts.filter(({ from }) => label.get(from) === 1);
    if (hits.length > 0) total.found++;
    total.falseAlerts += one.alerts.length - hits.length;
  }
  return total;
}

function nab(folder, rows) {
  const windows = JSON.parse(readFileSync(join(folder, 'labels/combined_windows.json'), 'utf8'));
  const files = {};
  for (const group of readdirSync(join(folder, 'data'))) {
    for (const name of readdirSync(join(folder, 'data', group))) {
      const { one, rows: seen, recording } = watchFile(join(folder, 'data', group, name), rows);
      const spans = (windows[`${group}/${name.replace('.gz', '')}`] ?? [])
        .map((span) => span.map((text) => Date.parse(`${text.replace(' ', 'T').slice(0, 19)}Z`)))
        .filter(([from]) => from <= recording.at[seen - 1]);
      const inside = (at) => spans.some(([from, to]) => at >= from && at <= to);
      files[`${group}/${name}`] = {
        rows: seen,
        falseAlerts: one.alerts.filter(({ from }) => !inside(from)).length,
        labelled: spans.length,
        found: spans.filter(([from, to]) =>
          one.alerts.some((alert) => alert.from >= from && alert.from <= to),
        ).length,
      };
    }
  }
  const sum = (of) => Object.values(files).reduce((total, one) => total + of(one), 0);
  return {
    files: Object.keys(files).length,
    rows: sum((one) => one.rows),
    falseAlerts: sum((one) => one.falseAlerts),
    labelled: sum((one) => one.labelled),
    found: sum((one) => one.found),
    each: files,
  };
}

const round = (value) => Math.round(value * 100) / 100;
