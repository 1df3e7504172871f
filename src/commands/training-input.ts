import type { ClassConfig, Config } from '../config.ts';
import { ForewarnError } from '../errors.ts';
import { type Exclusion, excludeRows } from '../history/exclusions.ts';
import type { IngestStats } from '../ingest/ingest.ts';
import { excludedRanges, refusal, reportTrainingData } from '../models/training-report.ts';
import type { AssetRows } from '../models/training-set.ts';
import type { ConfiguredClass } from './configured-class.ts';
import type { CommandContext } from './context.ts';
import { type CsvOptions, readCsvRows } from './csv-rows.ts';
import { type InfluxImportOptions, refuseInfluxOptions } from './influx/influx-options.ts';
import { readInfluxRows } from './influx/influx-rows.ts';

export interface TrainingInputOptions extends CsvOptions, InfluxImportOptions {
  /** A CSV file, or `influx`. */
  readonly from?: string;
  readonly config: string;
}

/** Rows from elsewhere on the class's grid. */
export interface ImportedRows {
  /** Where they are from, for people. */
  readonly name: string;
  readonly samples: number;
  readonly assets: readonly AssetRows[];
  readonly stats: IngestStats;
  /** What labels mark as no normal operation. */
  readonly marked: readonly Exclusion[];
}

/** Findings shown one by one; of more only the number is told. */
const mostFindings = 20;

/**
 * The rows of a CSV or an InfluxDB that the class can be trained on, through the same grid as messages, and what was found
 * in them told. Throws OPTION_INVALID, TRAINING_REFUSED, or the errors of reading.
 */
export async function readTrainingInput(
  { config, own }: ConfiguredClass,
  options: TrainingInputOptions,
  context: CommandContext,
): Promise<readonly AssetRows[]> {
  const { name, samples, assets, stats, marked } = await read(own, config, options, context);
  context.out(
    `${name}: ${samples} samples, ${assets.length} assets, ${stats.rows} rows of which ${stats.gapRows} are gaps; ${stats.late} readings were late and ${stats.repeated} repeated`,
  );
  const refused = Object.entries(stats.refused).filter(([, count]) => count > 0);
  for (const [reason, count] of refused) context.out(`${count} samples were refused: ${reason}`);
  const { assets: kept, excluded } = excludeRows(assets, marked, own.channels.length);
  if (excluded.labelled > 0) context.out(`${excluded.labelled} rows are marked by a label and left out`);
  return clean(kept, own, context);
}

async function read(
  own: ClassConfig,
  config: Config,
  options: TrainingInputOptions,
  context: CommandContext,
): Promise<ImportedRows> {
  const { from } = options;
  if (from === undefined)
    throw new ForewarnError('OPTION_INVALID', 'nothing to train on', {
      hint: 'Name a CSV file with --from, or write --from influx.',
    });
  if (from === 'influx') {
    const wrong = (['assetColumn', 'separator', 'time'] as const).find((name) => options[name] !== undefined);
    if (wrong === undefined) return readInfluxRows(own, config, options, context);
    throw new ForewarnError(
      'OPTION_INVALID',
      `--${wrong === 'assetColumn' ? 'asset-column' : wrong} is for CSV files only`,
      {
        hint: "With --from influx, --asset 'north/{line}/{machine}' says which tags the asset's id is made of.",
      },
    );
  }
  refuseInfluxOptions(options);
  return readCsvRows(from, own, config, options);
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
