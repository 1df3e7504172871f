import type { ClassConfig, Config } from '../config.ts';
import { loadConfig } from '../config.ts';
import { ForewarnError } from '../errors.ts';
import { type Exclusion, excludeRows } from '../history/exclusions.ts';
import { excludedRanges, refusal, reportTrainingData } from '../models/training-report.ts';
import type { AssetRows } from '../models/training-set.ts';
import type { CommandContext } from './context.ts';
import { type Recording, readRecording } from './recording.ts';
import { createRowImport } from './row-import.ts';

export interface TrainingFileOptions {
  readonly from?: string;
  readonly config: string;
  /** Id of the one asset that the file is of, or the column that has it. */
  readonly asset?: string;
  readonly assetColumn?: string;
  readonly separator?: string;
  readonly time?: string;
  readonly labels: string;
}

/** Findings shown one by one; of more only the number is told. */
const mostFindings = 20;

/**
 * The rows of a CSV that a class can be trained on, through the same grid as messages, and what was found in them told.
 * Throws OPTION_INVALID, TRAINING_REFUSED, or the errors of configuration and recording.
 */
export function readTrainingFile(
  className: string,
  options: TrainingFileOptions,
  context: CommandContext,
): { readonly config: Config; readonly own: ClassConfig; readonly assets: readonly AssetRows[] } {
  const config = loadConfig(options.config, context.env);
  const own = config.classes.find(({ name }) => name === className);
  if (own === undefined)
    throw new ForewarnError('OPTION_INVALID', `${options.config} has no class ${className}`, {
      hint: `Its classes are: ${config.classes.map(({ name }) => name).join(', ')}.`,
    });
  if (options.from === undefined)
    throw new ForewarnError('OPTION_INVALID', 'nothing to train on', {
      hint: 'Name a CSV file with --from.',
    });
  return { config, own, assets: clean(readRows(options.from, own, config, options, context), own, context) };
}

/** The file's rows on the class's grid, without those that a label column marks. */
function readRows(
  file: string,
  own: ClassConfig,
  config: Config,
  options: TrainingFileOptions,
  context: CommandContext,
): AssetRows[] {
  const { asset, assetColumn, separator, time } = options;
  if ((asset === undefined) === (assetColumn === undefined))
    throw new ForewarnError('OPTION_INVALID', 'whose rows these are is not clear', {
      hint: 'Give either --asset with the id, such as north/line-1/pump-3, or --asset-column with the column that has it.',
    });
  const channels = own.channels.map(({ name }) => name);
  const recording = readRecording(file, {
    channels,
    labels: options.labels.split(',').map((label) => label.trim()),
    ...(separator === undefined ? {} : { separator }),
    ...(time === undefined ? {} : { time }),
    ...(assetColumn === undefined ? {} : { asset: assetColumn }),
  });
  const rows = createRowImport(own, config.limits);
  const idOf = (row: number) => recording.assets?.[row] ?? asset ?? '';
  for (let row = 0; row < recording.at.length; row++)
    rows.add(
      idOf(row),
      recording.at[row],
      recording.values.map((values) => values[row]),
    );
  const { assets, stats } = rows.finish();
  context.out(
    `${file}: ${recording.at.length} samples, ${assets.length} assets, ${stats.rows} rows of which ${stats.gapRows} are gaps; ${stats.late} readings were late and ${stats.repeated} repeated`,
  );
  const marked = labelled(recording, own, idOf);
  const { assets: kept, excluded } = excludeRows(assets, marked, channels.length);
  if (excluded.labelled > 0) context.out(`${excluded.labelled} rows are marked by a label and left out`);
  return [...kept];
}

/** Each marked row with half a step of the grid on either side, since the grid has a phase of its own. */
function labelled(recording: Recording, own: ClassConfig, idOf: (row: number) => string): Exclusion[] {
  const half = own.sampleEveryMs / 2;
  const marks: Exclusion[] = [];
  for (let row = 0; row < recording.at.length; row++) {
    if (!Object.values(recording.labels).some((label) => label[row] === 1)) continue;
    const [from, to] = [recording.at[row] - half, recording.at[row] + half];
    const last = marks.at(-1);
    const assetId = idOf(row);
    if (last !== undefined && last.assetId === assetId && from <= last.to && from >= last.from)
      marks[marks.length - 1] = { ...last, to };
    else marks.push({ assetId, from, to, reason: 'labelled' });
  }
  return marks;
}

/** Tells what is wrong with the rows and gives those that can be trained on. Throws TRAINING_REFUSED. */
function clean(assets: readonly AssetRows[], own: ClassConfig, context: CommandContext): AssetRows[] {
  const channels = own.channels.map(({ name }) => name);
  const report = reportTrainingData(assets, { ...own, channels, holdout: own.train.holdout });
  for (const { severity, assetId, channel, from, to, message } of report.findings.slice(0, mostFindings)) {
    const where = channel === null ? assetId : `${assetId}, ${channel}`;
    context.out(
      `${severity}: ${where}, ${new Date(from).toISOString()} to ${new Date(to).toISOString()}: ${message}`,
    );
  }
  const more = report.findings.length - mostFindings;
  if (more > 0) context.out(`and ${more} more findings`);
  const reason = refusal(report);
  if (reason !== null)
    throw new ForewarnError('TRAINING_REFUSED', reason, { hint: 'Give more rows of normal operation.' });
  const ranges = excludedRanges(report).map((range) => ({ ...range, reason: 'unfit' as const }));
  const { assets: kept, excluded } = excludeRows(assets, ranges, channels.length);
  if (excluded.unfit > 0) context.out(`${excluded.unfit} rows are unfit and left out`);
  return [...kept];
}
