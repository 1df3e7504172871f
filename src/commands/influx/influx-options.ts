import { durationMs, durationPattern } from '../../config/duration.ts';
import type { Config } from '../../config.ts';
import { ForewarnError } from '../../errors.ts';
import { parseIso8601 } from '../../ingest/iso8601.ts';
import type { InfluxReaderOptions } from './influx-reader.ts';

/** What `--from influx` goes by, as it was typed. */
export interface InfluxImportOptions {
  readonly measurement?: string;
  /** Id of the asset, with tags in braces: `{asset}`, `north/{line}/{machine}`. */
  readonly asset?: string;
  /** `channel=field,...` where a field, or a value of the channel tag, has another name than the channel. */
  readonly fields?: string;
  readonly channelTag?: string;
  readonly valueField?: string;
  /** A condition in InfluxQL that chooses points, such as `"type" = 'pump'`. */
  readonly where?: string;
  readonly since?: string;
  readonly until?: string;
  readonly influxUrl?: string;
  readonly influxDatabase?: string;
  readonly retentionPolicy?: string;
}

const names = [
  ...['measurement', 'fields', 'channelTag', 'valueField', 'where', 'since', 'until'],
  ...['influxUrl', 'influxDatabase', 'retentionPolicy'],
] as const;

/** Throws OPTION_INVALID for an option of `--from influx` that is given for a file. */
export function refuseInfluxOptions(options: InfluxImportOptions): void {
  const given = names.find((name) => (options as Record<string, unknown>)[name] !== undefined);
  if (given !== undefined)
    throw invalid(`${flagOf(given)} is for --from influx only`, 'Leave it out, or write --from influx.');
}

/**
 * Where to read: the section `influx`, or the address given, which then gets its user name and password, or its token, from
 * the environment: those of the section are for another server. Throws OPTION_INVALID.
 */
export function connectionOf(
  { influx }: Config,
  { influxUrl, influxDatabase }: InfluxImportOptions,
  env: Readonly<Record<string, string | undefined>>,
): InfluxReaderOptions {
  if (influxUrl !== undefined) {
    if (!URL.canParse(influxUrl) || !/^https?:\/\/[^@]+$/.test(influxUrl))
      throw invalid(
        '--influx-url is not a usable address',
        'Write it like http://influx.plant.example:8086; user name and password come from INFLUX_USERNAME and INFLUX_PASSWORD, a token from INFLUX_TOKEN.',
      );
    return {
      url: influxUrl,
      database: influxDatabase ?? influx?.database ?? 'forewarn',
      username: env.INFLUX_USERNAME ?? null,
      password: env.INFLUX_PASSWORD ?? null,
      token: env.INFLUX_TOKEN ?? null,
    };
  }
  if (influx === null)
    throw invalid(
      'there is no InfluxDB to read from',
      'Add the section `influx` to the configuration, or give --influx-url.',
    );
  const { url, database, username, password, token } = influx;
  return { url, database: influxDatabase ?? database, username, password, token };
}

/** First and last time asked for, epoch ms, both included; null is no bound. Throws OPTION_INVALID. */
export function timeRangeOf(
  { since, until }: InfluxImportOptions,
  now: number,
): { readonly from: number | null; readonly to: number | null } {
  const from = since === undefined ? null : timeOf('since', String(since), now);
  const to = until === undefined ? null : timeOf('until', String(until), now);
  if (from !== null && to !== null && from >= to)
    throw invalid('--since is not before --until', 'Give a range that has time in it.');
  return { from, to };
}

function timeOf(name: string, text: string, now: number): number {
  if (new RegExp(durationPattern).test(text)) return now - durationMs(text);
  const at = parseIso8601(/^\d{4}-\d{2}-\d{2}$/.test(text) ? `${text}T00:00` : text);
  if (!Number.isNaN(at)) return at;
  throw invalid(
    `--${name} cannot be ${text}`,
    'Write an ISO 8601 time such as 2026-01-31T06:00:00Z, or how long ago, such as 30d.',
  );
}

/** Names in InfluxDB by channel. Throws OPTION_INVALID. */
export function namesOf({ fields }: InfluxImportOptions, channels: readonly string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (const pair of fields === undefined ? [] : String(fields).split(',')) {
    const [channel = '', ...rest] = pair.split('=');
    const name = rest.join('=').trim();
    if (!channels.includes(channel.trim()) || name === '')
      throw invalid(
        `--fields cannot have ${pair}`,
        `Write CHANNEL=FIELD,...; the channels are: ${channels.join(', ')}.`,
      );
    map.set(channel.trim(), name);
  }
  return map;
}

export function invalid(message: string, hint: string): ForewarnError {
  return new ForewarnError('OPTION_INVALID', message, { hint });
}

function flagOf(name: string): string {
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
