import { escape as escaped } from 'influx';

/** A string becomes a string field, a number a float (never an integer), `null` and what is not finite no field. */
export type FieldValue = string | number | boolean | null;

/** Scores and readings are 32-bit floats, which have no more decimal digits than this. */
const FLOAT_DIGITS = 7;
/** No summary of ours is as long; one that is must not make a line that InfluxDB refuses. */
const LONGEST_STRING = 4096;
// Line protocol ends a point at a line feed, and none of the control characters is of use to a reader.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through.
const controls = /[\u0000-\u001f\u007f]+/g;

/**
 * `,key=value,...` in the order of the keys, as InfluxDB likes it best. Tags without a value are left out, since
 * line protocol has none; a backslash becomes a slash, since before a comma or a space it would hide that.
 */
export function tagSet(tags: Readonly<Record<string, string>>): string {
  return Object.keys(tags)
    .sort()
    .map((key) => [key, plain(tags[key])] as const)
    .filter(([, value]) => value !== '')
    .map(([key, value]) => `,${keyOf(key)}=${escaped.tag(value)}`)
    .join('');
}

/** A tag or field key. */
export function keyOf(name: string): string {
  return escaped.tag(plain(name));
}

/** `key=value`, or null where there is no value. `key` is escaped already. */
export function fieldOf(key: string, value: FieldValue): string | null {
  if (value === null) return null;
  if (typeof value === 'boolean') return `${key}=${value}`;
  if (typeof value === 'string') return `${key}=${stringOf(value)}`;
  return Number.isFinite(value) ? `${key}=${floatOf(value)}` : null;
}

/** The string in quotes. InfluxDB reads only these two escapes in it. */
export function stringOf(text: string): string {
  return `"${text.slice(0, LONGEST_STRING).replace(controls, ' ').replace(/["\\]/g, '\\$&')}"`;
}

/** As short as a 32-bit float allows. The value must be finite. */
export function floatOf(value: number): string {
  return String(Number(value.toPrecision(FLOAT_DIGITS)));
}

/** One point at `at` (epoch ms), without a line end; null without any field, which is no point. */
export function lineOf(
  measurement: string,
  tags: string,
  fields: Iterable<readonly [key: string, value: FieldValue]>,
  at: number,
): string | null {
  const written: string[] = [];
  for (const [key, value] of fields) {
    const field = fieldOf(key, value);
    if (field !== null) written.push(field);
  }
  return written.length === 0 ? null : `${measurement}${tags} ${written.join(',')} ${Math.round(at)}`;
}

function plain(text: string): string {
  return text.replace(controls, '_').replaceAll('\\', '/');
}
