import type { ClassConfig, Config } from '../config.ts';
import { ForewarnError } from '../errors.ts';
import { createLabelMarks } from './label-marks.ts';
import { readRecording } from './recording.ts';
import { createRowImport } from './row-import.ts';
import type { ImportedRows } from './training-input.ts';

export interface CsvOptions {
  /** Id of the one asset that the file is of, or the column that has it. */
  readonly asset?: string;
  readonly assetColumn?: string;
  readonly separator?: string;
  readonly time?: string;
  readonly labels: string;
}

/** The file's rows on the class's grid. Throws OPTION_INVALID or RECORDING_UNREADABLE. */
export function readCsvRows(
  file: string,
  own: ClassConfig,
  config: Config,
  { asset, assetColumn, separator, time, labels }: CsvOptions,
): ImportedRows {
  if ((asset === undefined) === (assetColumn === undefined))
    throw new ForewarnError('OPTION_INVALID', 'whose rows these are is not clear', {
      hint: 'Give either --asset with the id, such as north/line-1/pump-3, or --asset-column with the column that has it.',
    });
  const recording = readRecording(file, {
    channels: own.channels.map(({ name }) => name),
    labels: labels.split(',').map((label) => label.trim()),
    ...(separator === undefined ? {} : { separator }),
    ...(time === undefined ? {} : { time }),
    ...(assetColumn === undefined ? {} : { asset: assetColumn }),
  });
  const rows = createRowImport(own, config.limits);
  const marks = createLabelMarks(own.sampleEveryMs);
  const labelled = Object.values(recording.labels);
  for (let row = 0; row < recording.at.length; row++) {
    const [id, at] = [recording.assets?.[row] ?? asset ?? '', recording.at[row]];
    rows.add(
      id,
      at,
      recording.values.map((values) => values[row]),
    );
    if (labelled.some((label) => label[row] === 1)) marks.add(id, at);
  }
  return { ...rows.finish(), name: file, samples: recording.at.length, marked: marks.list() };
}
