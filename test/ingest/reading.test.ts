import { describe, expect, it } from 'vitest';
import { readingOf, stampOf } from '../../src/ingest/reading.ts';

describe('readingOf', () => {
  it.each([
    [12.5, 12.5],
    [-0, -0],
    ['12.5', 12.5],
    [' -1e3\n', -1000],
    ['.5', 0.5],
    ['+7', 7],
    [true, 1],
    [false, 0],
  ])('reads %j as %j', (raw, value) => {
    expect(readingOf(raw)).toBe(value);
  });

  it.each([
    '',
    ' ',
    'e',
    '-',
    '1-2',
    '0x10',
    'Infinity',
    'NaN',
    '1,5',
    '12 bar',
    null,
    undefined,
    [],
    [1],
    {},
    1e39,
    -1e39,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    '1e400',
  ])('refuses %j', (raw) => {
    expect(readingOf(raw)).toBeNaN();
  });
});

describe('stampOf', () => {
  const at = 1_700_000_000_123;
  const iso = '2023-11-14T22:13:20.123Z';

  it.each([
    [at, 'auto', at],
    [at, 'ms', at],
    [at / 1000, 'auto', at],
    [at / 1000, 's', at],
    [String(at), 'auto', at],
    [String(at / 1000), 's', at],
    [iso, 'auto', at],
    [iso, 'iso', at],
    [at + 0.4, 'ms', at],
    [99_999_999_999, 'ms', 99_999_999_999],
  ] as const)('%j as %s', (raw, unit, expected) => {
    expect(stampOf(raw, unit)).toBe(expected);
  });

  it.each([
    [iso, 'ms'],
    [iso, 's'],
    [at, 'iso'],
    [String(at), 'iso'],
    [-1, 'auto'],
    [1e15, 'auto'],
    ['soon', 'auto'],
    [true, 'auto'],
    [null, 'auto'],
    [{}, 'auto'],
    [[at], 'auto'],
    [Number.NaN, 'ms'],
  ] as const)('refuses %j as %s', (raw, unit) => {
    expect(stampOf(raw, unit)).toBeNaN();
  });
});
