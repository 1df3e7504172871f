import { ForewarnError } from '../../errors.ts';
import type { DataFolder } from '../data-folder.ts';
import type { Metrics } from '../evaluation-report.ts';
import type { EvaluationGroup, GroupSource, JudgedStream, LabelledStream, Protocol } from '../protocol.ts';
import { skabChangepointScore } from '../skab-score.ts';
import { readTable, type Table } from '../table.ts';

const trainRows = 400;
/** The rig's nominal step; its stamps jitter and skip, so the median would say the same. */
const sampleEveryMs = 1000;
/** Rows of one block of the anomaly-free file: as many as a labelled file has, all told. */
const blockRows = 1176;

/**
 * Skoltech's anomaly benchmark (waico/SKAB): a model for every labelled file, trained on its first 400 rows; and one
 * for every block of the anomaly-free file, which says how often a healthy rig is flagged.
 */
export const skab: Protocol = {
  name: 'skab',
  folders: ['skab'],
  vusWindow: 60,
  average: 'pooled',
  about: `each file: first ${trainRows} rows train, the rest is scored; normal_far: blocks of ${blockRows} rows of the anomaly-free file`,
  groups(data, timeOf) {
    const labelled = data.find(/\.csv$/).filter((name) => /;anomaly;changepoint\s/.test(data.text(name)));
    if (labelled.length === 0) {
      throw new ForewarnError('EVALUATION_DATA_MISSING', `${data.path} has no labelled file of SKAB`, {
        hint: 'Its files are valve1/0.csv to valve1/15.csv, valve2/*.csv and other/*.csv.',
      });
    }
    return [
      ...labelled.map((name) => ({
        name: name.replace(/\.csv$/, ''),
        load: () => fileGroup(data, name, timeOf),
      })),
      ...data.find(/anomaly-free\.csv$/).flatMap((name) => blocks(data, name, timeOf)),
    ];
  },
  ownFile: (stream) => changepointMetrics([stream]),
  ownTotal: changepointMetrics,
};

function fileGroup(data: DataFolder, file: string, timeOf: (text: string) => number): EvaluationGroup {
  const table = readTable(file, data.text(file), ';');
  const name = file.replace(/\.csv$/, '');
  const stream: LabelledStream = {
    ...rowsOf(table, timeOf),
    name,
    trainRows: Math.min(trainRows, table.rows),
    role: 'test',
    labels: table.flags('anomaly'),
    changepoints: table.flags('changepoint'),
  };
  return { name, channels: channelsOf(table), sampleEveryMs, streams: [stream] };
}

function blocks(data: DataFolder, file: string, timeOf: (text: string) => number): GroupSource[] {
  const table = readTable(file, data.text(file), ';');
  const { at, values } = rowsOf(table, timeOf);
  const channels = channelsOf(table);
  const groups: GroupSource[] = [];
  for (let from = 0; from + 2 * trainRows <= table.rows; from += blockRows) {
    const to = Math.min(from + blockRows, table.rows);
    const name = `anomaly-free/${groups.length + 1}`;
    const stream: LabelledStream = {
      name,
      at: at.slice(from, to),
      values: values.map((column) => column.slice(from, to)),
      trainRows,
      role: 'normal',
      labels: new Uint8Array(to - from),
      changepoints: null,
    };
    groups.push({ name, load: () => ({ name, channels, sampleEveryMs, streams: [stream] }) });
  }
  return groups;
}

function channelsOf(table: Table): string[] {
  return table.header.filter((name) => !['datetime', 'anomaly', 'changepoint'].includes(name));
}

function rowsOf(table: Table, timeOf: (text: string) => number) {
  return {
    at: Float64Array.from(table.texts('datetime'), timeOf),
    values: channelsOf(table).map((name) => table.numbers(name)),
  };
}

function changepointMetrics(streams: readonly JudgedStream[]): Metrics {
  const files = streams.flatMap(({ at, flags, changepoints }) =>
    changepoints === null ? [] : [{ times: at, predictions: flags, changepoints }],
  );
  const score = skabChangepointScore(files);
  return {
    nab_standard: score.standard,
    nab_low_fp: score.lowFalsePositives,
    nab_low_fn: score.lowFalseNegatives,
    changepoints_missed: score.missed,
    changepoints_false: score.falsePositives,
  };
}
