import { ForewarnError } from '../errors.ts';
import type { EvaluationGroup, LabelledStream, Protocol } from '../evaluation/protocol.ts';
import { readRecording } from './recording.ts';

export interface CsvOptions {
  readonly data: string;
  readonly trainRows: number;
  /** Comma-separated; the first that the file has is the truth, and none of them is shown to the model. */
  readonly labels: string;
  readonly separator?: string;
  readonly time?: string;
  readonly channels?: string;
}

/** Any labelled recording: its first rows train, the rest is scored. `data` is a file, or a folder of files alike. */
export function csvProtocol(options: CsvOptions): Protocol {
  return {
    name: 'csv',
    folders: [],
    vusWindow: 100,
    average: 'pooled',
    about: `each file: first ${options.trainRows} rows train, the rest is scored`,
    groups(data) {
      // A file that was named as such may be called what it likes.
      const all = data.find(/./);
      const files = all.length === 1 ? all : data.find(/\.csv$/);
      if (files.length === 0) {
        throw new ForewarnError('EVALUATION_DATA_MISSING', `${data.path} has no CSV file`);
      }
      return files.map((file) => ({
        name: file.replace(/\.csv$/, ''),
        load: () => readGroup(data.pathOf(file), file.replace(/\.csv$/, ''), options),
      }));
    },
  };
}

function readGroup(file: string, name: string, options: CsvOptions): EvaluationGroup {
  const { trainRows, separator, time, channels } = options;
  const recording = readRecording(file, {
    labels: listOf(String(options.labels)),
    ...(separator === undefined ? {} : { separator }),
    ...(time === undefined ? {} : { time }),
    ...(channels === undefined ? {} : { channels: listOf(channels) }),
  });
  const rows = recording.at.length;
  if (!(Number.isInteger(trainRows) && trainRows > 0 && trainRows < rows)) {
    throw new ForewarnError(
      'OPTION_INVALID',
      `--train-rows ${trainRows} does not fit ${file} with ${rows} rows`,
      {
        hint: `Give a number from 1 to ${rows - 1}.`,
      },
    );
  }
  const [labels] = Object.values(recording.labels);
  if (labels === undefined) {
    throw new ForewarnError('OPTION_INVALID', `${file} has none of the label columns ${options.labels}`, {
      hint: 'Name the column that says which rows are faulty with --labels.',
    });
  }
  const stream: LabelledStream = {
    name,
    at: recording.at,
    values: recording.values,
    trainRows,
    role: 'test',
    labels,
    changepoints: null,
  };
  return {
    name,
    channels: recording.channels,
    sampleEveryMs: recording.sampleEveryMs,
    streams: [stream],
  };
}

function listOf(text: string): string[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);
}
