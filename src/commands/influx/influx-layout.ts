import type { ClassConfig } from '../../config.ts';
import { ForewarnError } from '../../errors.ts';
import { type InfluxImportOptions, invalid, namesOf } from './influx-options.ts';
import { type InfluxReader, quotedName, quotedText } from './influx-reader.ts';

/** Where the rows of a class stand in a database; all of it was seen to be there. */
export interface InfluxLayout {
  /** Measurement, with its retention policy where one was asked for, as a statement names it. */
  readonly source: string;
  /** What the points of the class have in common; all must hold. */
  readonly conditions: readonly string[];
  /** Pieces of an asset's id, by turns text and tag: `['north/', 'line', '/', 'machine', '']`. */
  readonly assetPieces: readonly string[];
  /** Field of each channel, or one field of points that a tag says the channel of. */
  readonly channels:
    | { readonly kind: 'fields'; readonly fields: readonly string[]; readonly labels: readonly string[] }
    | {
        readonly kind: 'tag';
        readonly tag: string;
        readonly field: string;
        readonly values: readonly string[];
      };
}

/** What Forewarn itself writes with `influx.rows`. */
const ownMeasurement = 'forewarn_row';
/** Names in an error; a database may have thousands. */
const mostNamed = 40;

/**
 * Finds in the database what the options name. Throws INFLUX_NOTHING_FOUND, saying what is there instead, OPTION_INVALID,
 * or what asking fails with.
 */
export async function findLayout(
  own: ClassConfig,
  options: InfluxImportOptions & { readonly labels: string },
  reader: InfluxReader,
): Promise<InfluxLayout> {
  const { measurement = ownMeasurement, retentionPolicy } = options;
  const found = await measurementsOf(reader);
  const { database } = reader.options;
  if (!found.includes(measurement))
    throw missing(
      `Database ${database} has no measurement ${measurement}`,
      measurement === ownMeasurement && options.measurement === undefined
        ? `Forewarn writes it with \`influx.rows: true\`; name another with --measurement. ${has('It', found)}`
        : has('It', found),
    );
  const policy = retentionPolicy === undefined ? '' : `${quotedName(retentionPolicy)}.`;
  const source = `${policy}${quotedName(measurement)}`;
  const tags = column(await reader.query(`SHOW TAG KEYS FROM ${source}`), 'tagKey');
  const isOwn = measurement === ownMeasurement && tags.includes('class');
  const { where, asset = isOwn ? '{asset}' : undefined } = options;
  const assetPieces = assetPiecesOf(asset, measurement, tags);
  const conditions = [
    ...(isOwn ? [`"class" = ${quotedText(own.name)}`] : []),
    // Elsewhere an id without a tag means that all points are of that asset; here it chooses one.
    ...(isOwn && assetPieces.length === 1 ? [`"asset" = ${quotedText(assetPieces[0]!)}`] : []),
    ...(where === undefined ? [] : [`(${where})`]),
  ];
  return {
    source,
    conditions,
    assetPieces,
    channels:
      options.channelTag === undefined
        ? await fieldsOf(own, options, { reader, source, measurement, isOwn })
        : await taggedOf(own, options, { reader, source, measurement, tags, tag: options.channelTag }),
  };
}

async function measurementsOf(reader: InfluxReader): Promise<string[]> {
  const { database, url } = reader.options;
  const found = column(await reader.query('SHOW MEASUREMENTS'), 'name');
  // Of a database that is not there InfluxDB says that it has none.
  const databases = found.length > 0 ? [database] : column(await reader.query('SHOW DATABASES'), 'name');
  if (databases.includes(database)) return found;
  throw missing(
    `InfluxDB at ${url} has no database ${database}`,
    `${has('It', databases)} Name one with --influx-database or \`influx.database\`.`,
  );
}

function assetPiecesOf(template: string | undefined, measurement: string, tags: readonly string[]): string[] {
  if (template === undefined)
    throw invalid(
      'whose rows these are is not clear',
      `Give --asset with the id, tags in braces: 'north/line-1/{machine}'. ${has(`Tags of ${measurement}`, tags)}`,
    );
  const pieces = String(template).split(/\{([^{}]+)\}/);
  const absent = pieces.find((piece, i) => i % 2 === 1 && !tags.includes(piece));
  if (absent !== undefined)
    throw missing(`Measurement ${measurement} has no tag ${absent}`, has('Its tags', tags));
  return pieces;
}

/** A field a channel. */
async function fieldsOf(
  own: ClassConfig,
  options: InfluxImportOptions & { readonly labels: string },
  at: {
    readonly reader: InfluxReader;
    readonly source: string;
    readonly measurement: string;
    readonly isOwn: boolean;
  },
): Promise<InfluxLayout['channels']> {
  const { reader, source, measurement, isOwn } = at;
  if (options.valueField !== undefined)
    throw invalid('--value-field needs --channel-tag', 'Name the tag that says which channel a point is of.');
  const types = fieldTypes(await reader.query(`SHOW FIELD KEYS FROM ${source}`));
  const channels = own.channels.map(({ name }) => name);
  const given = namesOf(options, channels);
  const fields = channels.map((channel) => {
    const name = given.get(channel) ?? channel;
    // A channel with the name of a tag is written under another.
    return isOwn && !types.has(name) && types.has(`channel_${name}`) ? `channel_${name}` : name;
  });
  const absent = fields.filter((field) => !types.has(field));
  if (absent.length > 0)
    throw missing(
      `Measurement ${measurement} has no field ${listed(absent)}`,
      `${has('Its fields', [...types.keys()])} Where they have other names: --fields CHANNEL=FIELD,...; where a tag names the channel: --channel-tag.`,
    );
  const text = fields.find((field) => !isNumber(types.get(field)));
  if (text !== undefined)
    throw missing(
      `Field ${text} of ${measurement} is ${types.get(text)}, no number`,
      'Channels are numbers; name another field with --fields.',
    );
  const labels = options.labels
    .split(',')
    .map((label) => label.trim())
    .filter((label) => types.has(label) && !fields.includes(label));
  return { kind: 'fields', fields, labels };
}

/** Points of one value each, with a tag that names the channel. */
async function taggedOf(
  own: ClassConfig,
  options: InfluxImportOptions,
  at: {
    readonly reader: InfluxReader;
    readonly source: string;
    readonly measurement: string;
    readonly tags: readonly string[];
    readonly tag: string;
  },
): Promise<InfluxLayout['channels']> {
  const { reader, source, measurement, tags, tag } = at;
  if (!tags.includes(tag))
    throw missing(`Measurement ${measurement} has no tag ${tag}`, has('Its tags', tags));
  const field = options.valueField ?? 'value';
  const types = fieldTypes(await reader.query(`SHOW FIELD KEYS FROM ${source}`));
  if (!isNumber(types.get(field)))
    throw missing(
      `Measurement ${measurement} has no field ${field} with numbers`,
      `${has('Its fields', [...types.keys()])} Name one with --value-field.`,
    );
  const there = column(
    await reader.query(`SHOW TAG VALUES FROM ${source} WITH KEY = ${quotedName(tag)}`),
    'value',
  );
  const channels = own.channels.map(({ name }) => name);
  const given = namesOf(options, channels);
  const values = channels.map((channel) => given.get(channel) ?? channel);
  const absent = values.filter((value) => !there.includes(value));
  if (absent.length > 0)
    throw missing(
      `Tag ${tag} of ${measurement} is never ${listed(absent)}`,
      `${has('It', there)} Where they have other names: --fields CHANNEL=VALUE,...`,
    );
  return { kind: 'tag', tag, field, values };
}

type Answer = Awaited<ReturnType<InfluxReader['query']>>;

function column(series: Answer, name: string): string[] {
  return series.flatMap(({ columns, values }) => values.map((row) => String(row[columns.indexOf(name)])));
}

/** Field types by name; a field that shards have with several types is a number when one of them is. */
function fieldTypes(series: Answer): Map<string, string> {
  const types = new Map<string, string>();
  for (const { columns, values } of series)
    for (const row of values) {
      const [name, type] = ['fieldKey', 'fieldType'].map((wanted) => String(row[columns.indexOf(wanted)]));
      if (!isNumber(types.get(name!))) types.set(name!, type!);
    }
  return types;
}

function isNumber(type: string | undefined): boolean {
  return type === 'float' || type === 'integer' || type === 'unsigned' || type === 'boolean';
}

export function missing(message: string, hint: string): ForewarnError {
  return new ForewarnError('INFLUX_NOTHING_FOUND', message, { hint });
}

function has(what: string, found: readonly string[]): string {
  const verb = what === 'It' ? ' has' : '';
  return found.length === 0 ? `${what}${verb}: nothing.` : `${what}${verb}: ${listed(found)}.`;
}

function listed(names: readonly string[]): string {
  const more = names.length - mostNamed;
  return `${names.slice(0, mostNamed).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
