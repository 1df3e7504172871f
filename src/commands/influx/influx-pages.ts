import { ForewarnError } from '../../errors.ts';
import type { TimeSlice } from '../../models/retraining/thinning.ts';
import type { InfluxLayout } from './influx-layout.ts';
import { type InfluxReader, type InfluxSeries, quotedName, quotedText } from './influx-reader.ts';

/** What one asset gave at one time; `values` by channel, NaN where it gave none. */
export interface InfluxSample {
  readonly at: number;
  readonly values: readonly number[];
  /** Whether a label says that this is no normal operation. */
  readonly labelled: boolean;
}

/** An asset that has points in a range of time. */
export interface InfluxAsset {
  readonly assetId: string;
  /** The tags that its id is made of, as a condition; null where none is. */
  readonly condition: string | null;
  /** About so many rows. */
  readonly rows: number;
}

/** Cells of one answer: some MB of JSON, whatever the number of channels. */
const mostCells = 100_000;
/** All channels of a time must fit a page. */
const fewestPoints = 2000;

/** The assets with points in the range, in order of id, and how many points lack a tag that ids are made of. */
export async function findAssets(
  layout: InfluxLayout,
  reader: InfluxReader,
  range: { readonly from: number | null; readonly to: number | null },
): Promise<{ readonly assets: readonly InfluxAsset[]; readonly withoutId: number }> {
  const { assetPieces, channels } = layout;
  const tags = assetPieces.filter((_, i) => i % 2 === 1);
  const counted = channels.kind === 'fields' ? channels.fields : [channels.field];
  const grouped = channels.kind === 'fields' ? tags : [...new Set([...tags, channels.tag])];
  const series = await reader.query(
    `SELECT ${counted.map((field, i) => `count(${quotedName(field)}) AS "n${i}"`).join(', ')}${tail(layout, range)}${
      grouped.length === 0 ? '' : ` GROUP BY ${grouped.map(quotedName).join(', ')}`
    }`,
  );
  const assets = new Map<string, InfluxAsset>();
  let withoutId = 0;
  for (const { tags: own = {}, values } of series) {
    const rows = Math.max(0, ...values.flatMap((row) => row.slice(1).map(Number)));
    if (tags.some((tag) => (own[tag] ?? '') === '')) {
      withoutId += rows;
      continue;
    }
    const assetId = assetPieces.map((piece, i) => (i % 2 === 1 ? own[piece] : piece)).join('');
    const conditions = tags.map((tag) => `${quotedName(tag)} = ${quotedText(own[tag]!)}`);
    assets.set(assetId, {
      assetId,
      condition: conditions.length === 0 ? null : conditions.join(' AND '),
      // One series a channel where a tag names it: they are of the same times.
      rows: Math.max(rows, assets.get(assetId)?.rows ?? 0),
    });
  }
  return { assets: [...assets.values()].sort((a, b) => (a.assetId < b.assetId ? -1 : 1)), withoutId };
}

/** First and last time with a point in the range, epoch ms; null when there is none. */
export async function findSpan(
  layout: InfluxLayout,
  reader: InfluxReader,
  range: { readonly from: number | null; readonly to: number | null },
): Promise<TimeSlice | null> {
  const edge = async (order: 'ASC' | 'DESC') => {
    const series = await reader.query(
      `SELECT ${columnsOf(layout)}${tail(layout, range)} ORDER BY time ${order} LIMIT 1`,
    );
    return series[0]?.values[0]?.[0] ?? null;
  };
  const [from, to] = [await edge('ASC'), await edge('DESC')];
  return from === null || to === null ? null : { from: Number(from), to: Number(to) };
}

/**
 * The samples of one asset in order of time, page by page: a page is all that is held. A page that is full ends before its
 * last time, at which the next one begins, since several points may have that time. `limit` is of points. Rejects with what
 * asking fails with, and with INFLUX_NOTHING_FOUND where a page is too small for one time.
 */
export async function* readSamples(
  layout: InfluxLayout,
  reader: InfluxReader,
  asset: InfluxAsset,
  range: TimeSlice,
  limit = pageSize(layout),
): AsyncGenerator<InfluxSample[]> {
  let { from } = range;
  for (;;) {
    const [page] = await reader.query(
      `SELECT ${columnsOf(layout)}${tail(layout, { from, to: range.to }, asset.condition)} ORDER BY time ASC LIMIT ${limit}`,
    );
    if (page === undefined) return;
    const full = page.values.length >= limit;
    const lastAt = Number(page.values.at(-1)![0]);
    const rows = full ? page.values.filter(([at]) => at !== lastAt) : page.values;
    if (full && rows.length === 0)
      throw new ForewarnError(
        'INFLUX_NOTHING_FOUND',
        `${asset.assetId} has ${limit} points or more at ${new Date(lastAt).toISOString()}`,
        { hint: 'Several assets seem to have one id: name the tags that tell them apart in --asset.' },
      );
    yield samplesOf(layout, rows);
    if (!full) return;
    from = lastAt;
  }
}

/** Points of one time are one sample, as a message has all channels; a channel that comes again begins the next. */
function samplesOf(layout: InfluxLayout, rows: InfluxSeries['values']): InfluxSample[] {
  const { channels } = layout;
  const width = channels.kind === 'fields' ? channels.fields.length : channels.values.length;
  const samples: { at: number; values: number[]; labelled: boolean }[] = [];
  for (const [time, ...cells] of rows) {
    const at = Number(time);
    const values = new Array<number>(width).fill(Number.NaN);
    let labelled = false;
    if (channels.kind === 'tag') {
      const channel = channels.values.indexOf(String(cells[1]));
      if (channel >= 0) values[channel] = numberOf(cells[0]);
    } else {
      for (let c = 0; c < width; c++) values[c] = numberOf(cells[c]);
      labelled = cells.slice(width).some((cell) => Number(cell) > 0);
    }
    const last = samples.at(-1);
    const joins =
      last?.at === at && values.every((value, c) => Number.isNaN(value) || Number.isNaN(last.values[c]));
    if (last === undefined || !joins) {
      samples.push({ at, values, labelled });
      continue;
    }
    for (let c = 0; c < width; c++) if (!Number.isNaN(values[c])) last.values[c] = values[c]!;
    last.labelled ||= labelled;
  }
  return samples;
}

function numberOf(cell: string | number | boolean | null | undefined): number {
  return cell === null || cell === undefined ? Number.NaN : Number(cell);
}

function columnsOf({ channels }: InfluxLayout): string {
  const columns =
    channels.kind === 'fields' ? [...channels.fields, ...channels.labels] : [channels.field, channels.tag];
  return columns.map(quotedName).join(', ');
}

function pageSize({ channels }: InfluxLayout): number {
  const columns = channels.kind === 'fields' ? channels.fields.length + channels.labels.length : 2;
  return Math.max(fewestPoints, Math.floor(mostCells / (columns + 1)));
}

/** From `FROM` on. Stamps may be finer than a millisecond, so the last one is included as a whole. */
function tail(
  { source, conditions, channels }: InfluxLayout,
  { from, to }: { readonly from: number | null; readonly to: number | null },
  more: string | null = null,
): string {
  const wanted =
    channels.kind === 'tag'
      ? [
          `(${channels.values.map((value) => `${quotedName(channels.tag)} = ${quotedText(value)}`).join(' OR ')})`,
        ]
      : [];
  const all = [
    ...conditions,
    ...wanted,
    ...(more === null ? [] : [more]),
    ...(from === null ? [] : [`time >= ${from}ms`]),
    ...(to === null ? [] : [`time < ${to + 1}ms`]),
  ];
  return ` FROM ${source}${all.length === 0 ? '' : ` WHERE ${all.join(' AND ')}`}`;
}
