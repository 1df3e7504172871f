import { scoreBatadal } from '../batadal-score.ts';
import { type DataFolder, theFile } from '../data-folder.ts';
import type { Metrics } from '../evaluation-report.ts';
import { meanMetrics } from '../metric-spread.ts';
import type { EvaluationGroup, JudgedStream, LabelledStream, Protocol } from '../protocol.ts';
import { readTable, type Table } from '../table.ts';

const sampleEveryMs = 3_600_000;
const timeColumn = 'DATETIME';
const labelColumn = 'ATT_FLAG';
const trainFile = /dataset0?3[^/]*\.csv$/i;
const testFiles = /(?:dataset0?4|test_dataset)[^/]*\.csv$/i;

/** Attacks on a water network (BATADAL): a model of the year without attacks watches the attacked months. */
export const batadal: Protocol = {
  name: 'batadal',
  folders: ['batadal'],
  vusWindow: 100,
  average: 'pooled',
  about:
    'dataset03 trains; dataset04, and test_dataset where present, are scored; s is the mean over those files',
  groups: (data, timeOf) => [{ name: 'dataset03', load: () => networkGroup(data, timeOf) }],
  ownFile: attackMetrics,
  ownTotal: (streams) => meanMetrics(streams.map(attackMetrics)),
};

function networkGroup(data: DataFolder, timeOf: (text: string) => number): EvaluationGroup {
  const trained = theFile(data, trainFile, 'dataset03.csv');
  theFile(data, testFiles, 'dataset04.csv or test_dataset.csv');
  const streams = [trained, ...data.find(testFiles)].map((file): LabelledStream & { channels: string[] } => {
    const table = readTable(file, data.text(file), ',');
    const channels = channelsOf(table);
    const train = file === trained;
    return {
      name: file.replace(/^.*\//, '').replace(/\.csv$/, ''),
      at: Float64Array.from(table.texts(timeColumn), (text) => timeOf(isoOf(text))),
      channels,
      values: channels.map((name) => table.numbers(name)),
      trainRows: train ? table.rows : 0,
      role: train ? 'train' : 'test',
      labels: train ? new Uint8Array(table.rows) : table.flags(labelColumn),
      changepoints: null,
    };
  });
  return { name: 'dataset03', channels: streams[0].channels, sampleEveryMs, streams };
}

function channelsOf(table: Table): string[] {
  return table.header.filter((name) => name !== timeColumn && name !== labelColumn);
}

/** `dd/mm/yy HH` as ISO 8601. */
function isoOf(text: string): string {
  const [day = '', month = '', year = '', hour = ''] = text.split(/[/ ]/);
  return `20${year}-${month}-${day}T${hour.padStart(2, '0')}:00:00Z`;
}

function attackMetrics({ labels, flags }: JudgedStream): Metrics {
  if (!labels.includes(1) || !labels.includes(0)) return {};
  const { score, timeToDetection, classification, truePositiveRate, trueNegativeRate } = scoreBatadal(
    labels,
    flags,
  );
  return {
    s: score,
    s_ttd: timeToDetection,
    s_cm: classification,
    tpr: truePositiveRate,
    tnr: trueNegativeRate,
  };
}
