import { parseIso8601 } from './iso8601.ts';

export type TimeUnit = 'auto' | 'ms' | 's' | 'iso';

/** Year 5138. Below it every sum and product that the grid makes of stamps is exact in a double. */
const LATEST_STAMP = 1e14;
/** From here on a number is taken for milliseconds (March 1973), below for seconds (year 5138). */
const FIRST_MS_STAMP = 1e11;

/**
 * The value of a channel as it came out of JSON: a finite number, a decimal numeric string, or a boolean as 1
 * or 0. NaN for everything else, also for numbers that a float32 cannot hold.
 */
export function readingOf(raw: unknown): number {
  const value = typeof raw === 'number' ? raw : loosely(raw);
  return Number.isFinite(Math.fround(value)) ? value : Number.NaN;
}

function loosely(raw: unknown): number {
  if (typeof raw === 'string') return decimalOf(raw);
  if (typeof raw === 'boolean') return raw ? 1 : 0;
  return Number.NaN;
}

/**
 * The number that a text states in decimal, with optional sign, point and exponent and blanks around it; NaN for
 * an empty text and for what `Number` would also take: hexadecimal, binary, `Infinity`.
 */
export function decimalOf(text: string): number {
  let digits = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 48 && code <= 57) digits++;
    // + - . E e and the blanks of JSON; their order is left to `Number`.
    else if (
      !(code === 43 || code === 45 || code === 46 || code === 69 || code === 101) &&
      !(code === 32 || code === 9 || code === 10 || code === 13)
    ) {
      return Number.NaN;
    }
  }
  return digits === 0 ? Number.NaN : Number(text);
}

/** Epoch milliseconds, whole, that a raw time stamp means in the unit; NaN when it is none. */
export function stampOf(raw: unknown, unit: TimeUnit): number {
  const at = Math.round(unrounded(raw, unit));
  return at >= 0 && at < LATEST_STAMP ? at : Number.NaN;
}

function unrounded(raw: unknown, unit: TimeUnit): number {
  if (typeof raw === 'string') {
    if (unit === 'iso') return parseIso8601(raw);
    const number = decimalOf(raw);
    return Number.isNaN(number) && unit === 'auto' ? parseIso8601(raw) : inUnit(number, unit);
  }
  return typeof raw === 'number' && unit !== 'iso' ? inUnit(raw, unit) : Number.NaN;
}

function inUnit(number: number, unit: TimeUnit): number {
  const seconds = unit === 's' || (unit === 'auto' && number < FIRST_MS_STAMP);
  return seconds ? number * 1000 : number;
}
