const NOT_A_TIME = Number.NaN;
const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const MS_PER_DAY = 86_400_000;

/**
 * Epoch milliseconds of an ISO 8601 date and time, or NaN when the text is not one. Understood:
 * `YYYY-MM-DD`, then `T` or a space, `hh:mm` with optional `:ss` and a fraction of any length (cut to
 * milliseconds), then `Z`, `+hh`, `+hh:mm`, `+hhmm` or nothing, which means UTC. Arithmetic on characters: no
 * `Date` and no regular expression, because it runs for every message of a class with ISO stamps.
 */
export function parseIso8601(text: string): number {
  if (text.length < 16) return NOT_A_TIME;
  if (text.charCodeAt(4) !== DASH || text.charCodeAt(7) !== DASH || text.charCodeAt(13) !== COLON) {
    return NOT_A_TIME;
  }
  const separator = text.charCodeAt(10);
  if (separator !== UPPER_T && separator !== LOWER_T && separator !== SPACE) return NOT_A_TIME;

  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  const hour = twoDigits(text, 11);
  const minute = twoDigits(text, 14);
  // Written so that NaN, from a character that is no digit, fails too.
  if (!(year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month))) return NOT_A_TIME;
  if (!(hour <= 23 && minute <= 59)) return NOT_A_TIME;

  let position = 16;
  let ms = 0;
  if (text.charCodeAt(position) === COLON) {
    const second = twoDigits(text, position + 1);
    if (!(second <= 59)) return NOT_A_TIME;
    ms = second * 1000;
    position += 3;
    const mark = text.charCodeAt(position);
    if (mark === DOT || mark === COMMA) {
      const start = ++position;
      for (let scale = 100; isDigit(text.charCodeAt(position)); position++) {
        ms += (text.charCodeAt(position) - ZERO) * scale;
        // 100, 10, 1, then 0: digits beyond the millisecond are read and dropped.
        scale = Math.trunc(scale / 10);
      }
      if (position === start) return NOT_A_TIME;
    }
  }

  const offset = offsetMinutes(text, position);
  return daysFromEpoch(year, month, day) * MS_PER_DAY + (hour * 60 + minute - offset) * 60_000 + ms;
}

const ZERO = 48;
const COLON = 58;
const DASH = 45;
const PLUS = 43;
const DOT = 46;
const COMMA = 44;
const SPACE = 32;
const UPPER_T = 84;
const LOWER_T = 116;
const UPPER_Z = 90;
const LOWER_Z = 122;

function isDigit(code: number): boolean {
  return code >= ZERO && code <= 57;
}

function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at);
  const ones = text.charCodeAt(at + 1);
  return isDigit(tens) && isDigit(ones) ? (tens - ZERO) * 10 + (ones - ZERO) : NOT_A_TIME;
}

function daysIn(year: number, month: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : DAYS_IN_MONTH[month - 1]!;
}

/** Minutes east of UTC that the text states from `at` to its end; NaN when that is no zone. */
function offsetMinutes(text: string, at: number): number {
  const rest = text.length - at;
  if (rest === 0) return 0;
  const sign = text.charCodeAt(at);
  if (sign === UPPER_Z || sign === LOWER_Z) return rest === 1 ? 0 : NOT_A_TIME;
  if (sign !== PLUS && sign !== DASH) return NOT_A_TIME;
  const hours = twoDigits(text, at + 1);
  let minutes = NOT_A_TIME;
  if (rest === 3) minutes = 0;
  if (rest === 5) minutes = twoDigits(text, at + 3);
  if (rest === 6 && text.charCodeAt(at + 3) === COLON) minutes = twoDigits(text, at + 4);
  if (!(hours <= 23 && minutes <= 59)) return NOT_A_TIME;
  return (sign === DASH ? -1 : 1) * (hours * 60 + minutes);
}

/**
 * Days from 1970-01-01 to a date of the proleptic Gregorian calendar, by `days_from_civil` of Howard Hinnant,
 * "chrono-Compatible Low-Level Date Algorithms": years begin in March, so that the leap day is the last.
 */
function daysFromEpoch(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
