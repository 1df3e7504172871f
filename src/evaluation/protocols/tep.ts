import { ForewarnError } from '../../errors.ts';
import { type DataFolder, theFile } from '../data-folder.ts';
import { scoreDetection } from '../detection-rate.ts';
import type { Metrics } from '../evaluation-report.ts';
import { medianOf } from '../median.ts';
import { type EvaluationGroup, type LabelledStream, type Protocol, regularTimes } from '../protocol.ts';
import { readNumbers } from '../table.ts';

const sampleEveryMs = 180_000;
const channels = [
  ...Array.from({ length: 41 }, (_, i) => `XMEAS_${i + 1}`),
  ...Array.from({ length: 11 }, (_, i) => `XMV_${i + 1}`),
];
/** Row, from 0, of a test run at which its fault begins. */
const faultRow = 160;
/** Steps, random variations, a drift and a sticking valve: detectable, and not all of them easy. */
const scoredFaults = new Set(
  [1, 2, 4, 5, 8, 10, 13, 14, 16, 20].map((fault) => `d${String(fault).padStart(2, '0')}_te`),
);
const normalRun = 'd00_te';

/** Tennessee Eastman (Braatz's files): one model of the normal run d00 watches every test run. */
export const tep: Protocol = {
  name: 'tep',
  folders: ['tep', 'tennessee-eastman-profbraatz'],
  vusWindow: 100,
  average: 'pooled',
  about:
    'd00 trains, every dNN_te is scored (fault from row 160), fdr is the mean over faults 1 2 4 5 8 10 13 14 16 20; normal_far: d00_te',
  groups: (data) => [{ name: 'd00', load: () => plantGroup(data) }],
  ownFile: ({ name, flags }) => (name === normalRun ? {} : detectionMetrics(flags)),
  ownTotal(streams) {
    const scored = streams.filter(({ name }) => scoredFaults.has(name));
    const each = scored.map(({ flags }) => scoreDetection(flags, faultRow));
    const rates = each.flatMap(({ detectionRate }) => detectionRate ?? []);
    const delay = medianOf(each.flatMap(({ delayRows }) => delayRows ?? []));
    return {
      ...(rates.length === 0
        ? {}
        : { fdr: (100 * rates.reduce((sum, rate) => sum + rate, 0)) / rates.length }),
      ...delayMetrics(delay),
    };
  },
};

function plantGroup(data: DataFolder): EvaluationGroup {
  const trainFile = theFile(data, /(?:^|\/)d00\.dat$/, 'd00.dat');
  const tests = data.find(/(?:^|\/)d\d\d_te\.dat$/);
  if (tests.length === 0) {
    throw new ForewarnError('EVALUATION_DATA_MISSING', `${data.path} has no test run of TEP`, {
      hint: 'Its files are d01_te.dat and on, each of 960 rows and 52 columns.',
    });
  }
  return {
    name: 'd00',
    channels,
    sampleEveryMs,
    streams: [trainStream(data, trainFile), ...tests.map((file) => testStream(data, file))],
  };
}

function trainStream(data: DataFolder, file: string): LabelledStream {
  const columns = readNumbers(file, data.text(file), /\s+/);
  // d00.dat alone is written with a line a variable.
  const values = columns.length === channels.length ? columns : transposed(columns);
  return { ...streamOf(file, values), trainRows: values[0].length, role: 'train' };
}

function testStream(data: DataFolder, file: string): LabelledStream {
  const stream = streamOf(file, readNumbers(file, data.text(file), /\s+/));
  if (stream.name === normalRun) return { ...stream, trainRows: 0, role: 'normal' };
  return { ...stream, trainRows: 0, role: 'test', labels: stream.labels.fill(1, faultRow) };
}

function streamOf(file: string, values: readonly Float64Array[]) {
  if (values.length !== channels.length) {
    const message = `${file} has ${values.length} columns, TEP has ${channels.length}`;
    throw new ForewarnError('EVALUATION_DATA_UNREADABLE', message);
  }
  const rows = values[0].length;
  return {
    name: file.replace(/^.*\//, '').replace(/\.dat$/, ''),
    at: regularTimes(rows, sampleEveryMs),
    values,
    labels: new Uint8Array(rows),
    changepoints: null,
  };
}

function transposed(columns: readonly Float64Array[]): Float64Array[] {
  const rows = columns[0]?.length ?? 0;
  return Array.from({ length: rows }, (_, row) => Float64Array.from(columns, (column) => column[row]));
}

function detectionMetrics(flags: Uint8Array): Metrics {
  const { detectionRate, delayRows } = scoreDetection(flags, faultRow);
  return { ...(detectionRate === null ? {} : { fdr: 100 * detectionRate }), ...delayMetrics(delayRows) };
}

/** As the process-control literature counts it; without such a run there is no delay, whatever a single row says. */
function delayMetrics(rows: number | null): Metrics {
  const missing = Number.NaN;
  return {
    delay_median: rows ?? missing,
    delay_median_s: rows === null ? missing : (rows * sampleEveryMs) / 1000,
  };
}
