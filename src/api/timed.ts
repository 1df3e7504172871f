/**
 * The same value with its times as epoch milliseconds, as the daemon has them; in the API they are ISO 8601. A
 * time is what is named `at` or `...At`.
 */
export type Timed<T> = T extends readonly (infer Item)[]
  ? readonly Timed<Item>[]
  : T extends object
    ? { readonly [K in keyof T]: K extends 'at' | `${string}At` ? number | Extract<T[K], null> : Timed<T[K]> }
    : T;

/** ISO 8601 in UTC. */
export function iso(at: number): string {
  return new Date(at).toISOString();
}

/** ISO 8601 in UTC, or null where there is no time. */
export function isoOrNull(at: number | null): string | null {
  return at === null ? null : iso(at);
}

/** NaN, which JSON lacks, becomes null. */
export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/**
 * Turns every time in a plain value into ISO 8601, and every number that JSON lacks into null. `T` is what the
 * schema of the answer says; a test holds the two together.
 */
export function toWire<T>(value: Timed<T>): T {
  return convert(value) as T;
}

function convert(value: unknown): unknown {
  if (typeof value === 'number') return finiteOrNull(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(convert);
  const isTime = (name: string) => name === 'at' || name.endsWith('At');
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [
      name,
      typeof part === 'number' && isTime(name) ? timeOrNull(part) : convert(part),
    ]),
  );
}

/** Beyond this many milliseconds from 1970 there is no `Date` (ECMA-262, Time Values). */
const LATEST_DATE = 8.64e15;

function timeOrNull(at: number): string | null {
  return Math.abs(at) <= LATEST_DATE ? iso(at) : null;
}
