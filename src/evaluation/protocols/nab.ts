import { ForewarnError, messageOf } from '../../errors.ts';
import { type DataFolder, theFile } from '../data-folder.ts';
import type { Metrics } from '../evaluation-report.ts';
import {
  NAB_PROFILES,
  type NabFile,
  type NabProfile,
  nabCorpusScore,
  nabOracleCorpusScore,
  nabProbationRows,
} from '../nab-score.ts';
import {
  type EvaluationGroup,
  type JudgedStream,
  medianStep,
  type Protocol,
  regularTimes,
} from '../protocol.ts';
import { segmentsOf } from '../segments.ts';
import { readTable } from '../table.ts';

const windowsFile = /(?:^|\/)combined_windows\.json$/;
/** Where a score of 1.0, the detector's own threshold, comes to lie on NAB's scale from 0 to 1. */
const shippedThreshold = 0.5;
const profiles = {
  standard: NAB_PROFILES.standard,
  low_fp: NAB_PROFILES.reward_low_FP_rate,
  low_fn: NAB_PROFILES.reward_low_FN_rate,
} as const;

/**
 * Numenta's benchmark: a model a file, trained on its probation rows. Its stamps repeat and step back, so rows run on a
 * regular clock. The threshold is the detector's own, fixed before any label is seen; the oracle's is named so.
 */
export const nab: Protocol = {
  name: 'nab',
  folders: ['nab'],
  vusWindow: 100,
  average: 'pooled',
  about:
    'each file: the probation rows (15 %, at most 750) train, the rest is scored; nab_*: 1 on the row on which an alert is raised, threshold as shipped; nab_row_*: the score of each row at the shipped threshold; nab_oracle_*: the same at the threshold that suits the labels best',
  groups(data, timeOf) {
    const windows = readWindows(data);
    const files = data.find(/\.csv$/).flatMap((file) => {
      const name = Object.keys(windows).find((known) => file === known || file.endsWith(`/${known}`));
      return name === undefined ? [] : [{ file, name }];
    });
    if (files.length === 0) {
      throw new ForewarnError('EVALUATION_DATA_MISSING', `${data.path} has no file of NAB's corpus`, {
        hint: 'Its files are data/realKnownCause/nyc_taxi.csv and so on.',
      });
    }
    return files.map(({ file, name }) => ({
      name: name.replace(/\.csv$/, ''),
      load: () => fileGroup(data, file, name, windows[name], timeOf),
    }));
  },
  ownFile: (stream) => nabMetrics([stream]),
  ownTotal: nabMetrics,
};

/** First and last stamp of each window, by the file's name in NAB's corpus. */
function readWindows(data: DataFolder): Record<string, readonly (readonly [string, string])[]> {
  const file = theFile(data, windowsFile, 'labels/combined_windows.json');
  try {
    return JSON.parse(data.text(file));
  } catch (cause) {
    throw new ForewarnError('EVALUATION_DATA_UNREADABLE', `${file}: ${messageOf(cause)}`, { cause });
  }
}

function fileGroup(
  data: DataFolder,
  file: string,
  known: string,
  windows: readonly (readonly [string, string])[],
  timeOf: (text: string) => number,
): EvaluationGroup {
  const table = readTable(file, data.text(file), ',');
  const times = Float64Array.from(table.texts('timestamp'), timeOf);
  const sampleEveryMs = medianStep(times);
  const name = known.replace(/\.csv$/, '');
  const labels = new Uint8Array(table.rows);
  for (const [from, to] of windows) {
    const [first, last] = [timeOf(from), timeOf(to)];
    for (let row = 0; row < table.rows; row++) if (times[row] >= first && times[row] <= last) labels[row] = 1;
  }
  return {
    name,
    channels: ['value'],
    sampleEveryMs,
    streams: [
      {
        name,
        at: regularTimes(table.rows, sampleEveryMs),
        values: [table.numbers('value')],
        trainRows: nabProbationRows(table.rows),
        role: 'test',
        labels,
        changepoints: null,
      },
    ],
  };
}

function nabMetrics(streams: readonly JudgedStream[]): Metrics {
  const raised = streams.map((stream) => nabFileOf(stream, raisedRows(stream.flags)));
  const scored = streams.map((stream) => nabFileOf(stream, stream.scores.map(toNabScale)));
  const metrics: Record<string, number> = {};
  for (const [name, profile] of Object.entries(profiles) as [string, NabProfile][]) {
    metrics[`nab_${name}`] = nabCorpusScore(raised, profile, shippedThreshold).normalised ?? Number.NaN;
    metrics[`nab_row_${name}`] = nabCorpusScore(scored, profile, shippedThreshold).normalised ?? Number.NaN;
    metrics[`nab_oracle_${name}`] = nabOracleCorpusScore(scored, profile).normalised ?? Number.NaN;
  }
  return metrics;
}

/** The whole file, as NAB counts it: probation rows first, with a score of 0. */
function nabFileOf({ trainLabels, labels }: JudgedStream, scores: Float64Array): NabFile {
  const all = new Uint8Array(trainLabels.length + labels.length);
  all.set(trainLabels);
  all.set(labels, trainLabels.length);
  const padded = new Float64Array(all.length);
  padded.set(scores, trainLabels.length);
  return {
    scores: padded,
    windows: segmentsOf(all).map(({ start, end }) => ({ first: start, last: end - 1 })),
  };
}

/** NAB counts every detected row outside a window, so an alert counts on the row on which it is raised. */
function raisedRows(flags: Uint8Array): Float64Array {
  return Float64Array.from(flags, (flag, row) => (flag === 1 && (row === 0 || flags[row - 1] === 0) ? 1 : 0));
}

/** Rising, from 0 to 1, with 1.0 at {@link shippedThreshold}. */
function toNabScale(score: number): number {
  return score / (1 + score);
}
