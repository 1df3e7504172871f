import type { ClassConfig, Config } from '../../config.ts';
import { evenly, thinOut } from '../../models/retraining/thinning.ts';
import type { CommandContext } from '../context.ts';
import { createLabelMarks } from '../label-marks.ts';
import { createProgress } from '../progress.ts';
import { createRowImport } from '../row-import.ts';
import type { ImportedRows } from '../training-input.ts';
import { findLayout, missing } from './influx-layout.ts';
import { connectionOf, type InfluxImportOptions, timeRangeOf } from './influx-options.ts';
import { findAssets, findSpan, readSamples } from './influx-pages.ts';
import { createInfluxReader } from './influx-reader.ts';

/** Most values of one training (64 MB), as for a retraining. */
const mostValues = 16_000_000;

/**
 * The rows of a class that an InfluxDB has, through the same grid as messages. Of more than fit a training it takes evenly
 * spread stretches. Throws OPTION_INVALID, INFLUX_NOTHING_FOUND, INFLUX_REFUSED or INFLUX_UNREACHABLE.
 */
export async function readInfluxRows(
  own: ClassConfig,
  config: Config,
  options: InfluxImportOptions & { readonly labels: string },
  context: CommandContext,
): Promise<ImportedRows> {
  const reader = createInfluxReader(connectionOf(config, options, context.env), context.signal);
  const range = timeRangeOf(options, Date.now());
  const layout = await findLayout(own, options, reader);
  const where = `${layout.source} of database ${reader.options.database}`;
  const span = await findSpan(layout, reader, range);
  if (span === null)
    throw await nothingInRange(where, () => findSpan(layout, reader, { from: null, to: null }));
  const { assets, withoutId } = await findAssets(layout, reader, span);
  if (withoutId > 0)
    context.out(`${withoutId} rows lack a tag that the id of their asset is made of and are left out`);
  const most = Math.floor(mostValues / own.channels.length);
  const total = assets.reduce((sum, { rows }) => sum + rows, 0);
  const thinned = thinOut(span, total, most, own.windowLength * own.sampleEveryMs);
  const chosen = evenly(assets, thinned.assets);
  const expected = Math.min(total, most);
  if (total > most)
    context.out(
      `about ${total} rows are there, of which ${most} are taken: evenly spread stretches of ${chosen.length} assets`,
    );

  const rows = createRowImport(own, config.limits);
  const marks = createLabelMarks(own.sampleEveryMs);
  const progress = createProgress(context);
  let samples = 0;
  for (const asset of chosen) {
    for (const slice of thinned.slices) {
      for await (const page of readSamples(layout, reader, asset, slice)) {
        for (const { at, values, labelled } of page) {
          rows.add(asset.assetId, at, values);
          if (labelled) marks.add(asset.assetId, at);
        }
        samples += page.length;
        progress.show('reading', samples / expected, `${samples} of about ${expected} rows`);
      }
    }
  }
  progress.next();
  return { ...rows.finish(), name: where, samples, marked: marks.list() };
}

async function nothingInRange(where: string, spanOf: () => ReturnType<typeof findSpan>) {
  const span = await spanOf();
  const [from, to] = span === null ? [] : [span.from, span.to].map((at) => new Date(at).toISOString());
  return missing(
    `${where} has no rows of the class in that range of time`,
    from === undefined
      ? 'It has none at any time.'
      : `Its rows are of ${from} to ${to}; see --since and --until.`,
  );
}
