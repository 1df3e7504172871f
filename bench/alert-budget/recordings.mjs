import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { createRandom } from '../../dist/models/random.js';
import { Plant } from '../../dist/simulator/plant.js';

const folder = fileURLToPath(new URL('../../../shared/data/', import.meta.url));
const week = 10_080;
const rowEveryMs = 60_000;

/*
 * A recording is one machine's rows `[n x C]`, NaN where a row is labelled abnormal or stands close to one, with the
 * lengths, in rows, of the slice that the statistics are fitted on, of the calibration and of the time without alerts
 * that ends an episode. Where rows are not a minute apart they are taken as if a calibration took a week, so that a
 * budget means the same number of expected episodes in the calibration everywhere.
 */

const sources = { smd, batadal, nitrogen, nab, skab, simulator };

/** The recordings of the data sets `names` whose files are there; a line on stderr for each file that is not. */
export function readRecordings(names = Object.keys(sources)) {
  const unknown = names.find((name) => !Object.hasOwn(sources, name));
  if (unknown !== undefined) {
    throw new RangeError(`--sets: no data set ${unknown}; there are ${Object.keys(sources).join(', ')}`);
  }
  return names.flatMap((name) => [...sources[name]()]);
}

function* smd() {
  for (const machine of ['machine-1-6', 'machine-2-1']) {
    const train = read(`smd/train/${machine}.csv.gz`);
    if (train === null) continue;
    const labels = read(`smd/test_label/${machine}.txt`).split('\n');
    const rows = [
      ...table(train, ',').map(numbers),
      ...table(read(`smd/test/${machine}.csv.gz`), ',').map(numbers),
    ];
    const before = table(train, ',').length;
    const abnormal = rows.map((_, row) => row >= before && labels[row - before] === '1');
    yield recording('smd', machine, rows, abnormal, {
      fit: 5 * 1440,
      calibration: week,
      hold: 30,
      guard: 120,
    });
  }
}

function* batadal() {
  const file = read('batadal/dataset03.csv.gz');
  if (file === null) return;
  const rows = table(file, ',')
    .slice(1)
    .map((cells) => numbers(cells.slice(1, -1)));
  yield recording('batadal', 'dataset03', rows, [], { fit: 1500, calibration: 1008, hold: 3, guard: 0 });
}

/** The labels say "a fault within five hours"; the hours after a fault are left out as well. */
function* nitrogen() {
  const parts = ['train', 'val'].map((part) => read(`nitrogen-generator/${part}.csv.gz`));
  if (parts.includes(null)) return;
  const cells = parts.flatMap((part) => table(part, ',').slice(1));
  const abnormal = cells.map((row) => row.at(-1) === '1');
  yield recording(
    'nitrogen',
    'generator',
    cells.map((row) => numbers(row.slice(1, 4))),
    abnormal,
    {
      fit: 5 * 1440,
      calibration: week,
      hold: 30,
      guard: 120,
    },
  );
}

function* nab() {
  const windows = read('nab/labels/combined_windows.json');
  if (windows === null) return;
  const labels = JSON.parse(windows);
  const files = [
    'realKnownCause/machine_temperature_system_failure',
    'realKnownCause/cpu_utilization_asg_misconfiguration',
    'realKnownCause/nyc_taxi',
    'realKnownCause/ambient_temperature_system_failure',
  ];
  for (const name of files) {
    const cells = table(read(`nab/data/${name}.csv`), ',').slice(1);
    const abnormal = cells.map(([at]) =>
      labels[`${name}.csv`].some(([from, to]) => at >= from.slice(0, 19) && at <= to.slice(0, 19)),
    );
    // A week of rows five minutes apart; the same number of rows in the half-hourly and hourly files.
    yield recording(
      'nab',
      name.split('/')[1],
      cells.map((row) => numbers(row.slice(1))),
      abnormal,
      {
        fit: 1000,
        calibration: 2016,
        hold: 6,
        guard: 24,
      },
    );
  }
}

function* skab() {
  const file = read('skab/anomaly-free/anomaly-free.csv');
  if (file === null) return;
  const rows = table(file, ';')
    .slice(1)
    .map((cells) => numbers(cells.slice(1)));
  yield recording('skab', 'anomaly-free', rows, [], { fit: 2000, calibration: 3360, hold: 10, guard: 0 });
}

/** Healthy pumps that differ in their parameters; half of them drift slowly, as a sensor ages. */
function* simulator() {
  const pumps = 6;
  const length = 5 * week;
  const plant = new Plant({ pumps, seed: 20, startAt: 0, sampleEveryMs: rowEveryMs, spread: 0.05 });
  const rows = plant.pumps.map(() => []);
  const random = createRandom(21);
  const drift = plant.pumps.map((pump) => Float64Array.from(pump.values, () => 0));
  for (let row = 0; row < length; row++) {
    plant.advance();
    for (const [i, { values }] of plant.pumps.entries()) {
      for (let channel = 0; channel < values.length; channel++) {
        // A random walk of 0.3 % of the reading a week.
        if (i % 2 === 1) drift[i][channel] += (0.003 * random.gaussian()) / Math.sqrt(week);
      }
      rows[i].push(Array.from(values, (value, channel) => value * (1 + drift[i][channel])));
    }
  }
  for (const [i, of] of rows.entries()) {
    const name = i % 2 === 1 ? 'simulator-drifting' : 'simulator';
    yield recording(name, `pump-${i}`, of, [], { fit: 5 * 1440, calibration: week, hold: 30, guard: 0 });
  }
}

function recording(dataSet, asset, rows, abnormal, { fit, calibration, hold, guard }) {
  const channels = rows[0].length;
  const values = new Float64Array(rows.length * channels);
  for (const [row, cells] of rows.entries()) values.set(cells, row * channels);
  const excluded = new Uint8Array(rows.length);
  for (const [row, is] of abnormal.entries()) {
    if (is) excluded.fill(1, Math.max(0, row - guard), row + guard + 1);
  }
  return { dataSet, asset, channels, values, excluded, fit, calibration, hold };
}

function read(path) {
  const file = folder + path;
  if (!existsSync(file)) {
    console.error(`left out, absent: ../shared/data/${path}`);
    return null;
  }
  const bytes = readFileSync(file);
  return (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}

function table(text, separator) {
  return text
    .trim()
    .split(/\r?\n/)
    .map((line) => line.split(separator));
}

function numbers(cells) {
  return cells.map(Number);
}
