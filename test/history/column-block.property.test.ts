import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AssetRows } from '../../src/history/asset-rows.ts';
import { decodeBlock, encodeBlock } from '../../src/history/column-block.ts';
import { plantRows } from './support/rows.ts';

const decimal = fc
  .tuple(fc.integer({ min: -3_000_000, max: 3_000_000 }), fc.integer({ min: 0, max: 7 }))
  .map(([integer, exponent]) => Math.fround(integer / 10 ** exponent));
const anyFloat = fc.float({ noDefaultInfinity: false });
const odd = fc.constantFrom(Number.NaN, -0, 0, Number.POSITIVE_INFINITY, 2 ** 31, -(2 ** 31), 3e9);

/** Columns of one kind, as sensors are, and columns of everything. */
const column = (n: number) =>
  fc.oneof(
    fc.array(decimal, { minLength: n, maxLength: n }),
    fc.array(anyFloat, { minLength: n, maxLength: n }),
    fc.array(fc.oneof(decimal, odd), { minLength: n, maxLength: n }),
    fc.oneof(decimal, odd).map((value) => Array<number>(n).fill(value)),
  );

const block = fc
  .tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 1, max: 5 }))
  .chain(([n, channels]) =>
    fc.record({
      channels: fc.constant(channels),
      at: fc
        .array(fc.oneof(fc.constant(1000), fc.integer({ min: 1, max: 5_000_000_000_000 })), {
          minLength: n,
          maxLength: n,
        })
        .map((steps) => {
          let at = 1e12;
          return Float64Array.from(steps, (step) => {
            at += step;
            return at;
          });
        }),
      columns: fc.tuple(...Array.from({ length: channels }, () => column(n))),
      measured: fc.oneof(
        fc.constant(new Uint8Array(n * channels).fill(1)),
        fc.uint8Array({ minLength: n * channels, maxLength: n * channels, max: 1 }),
      ),
    }),
  );

describe('column block', () => {
  it('gives back what it was given, to the sign of a zero', () => {
    fc.assert(
      fc.property(block, ({ channels, at, columns, measured }) => {
        const n = at.length;
        const values = Float32Array.from(
          { length: n * channels },
          (_, i) => columns[i % channels][Math.floor(i / channels)],
        );
        const rows: AssetRows = { assetId: 'a', at, values, measured };
        const decoded = decodeBlock(encodeBlock(rows, channels), 'a', n, channels);
        expect([...decoded.at]).toEqual([...at]);
        expect([...decoded.measured]).toEqual([...measured]);
        expect([...decoded.values].every((value, i) => Object.is(value, values[i]))).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('keeps simulated telemetry exactly', () => {
    for (const rows of plantRows(2, 500)) {
      const decoded = decodeBlock(encodeBlock(rows, 8), rows.assetId, 500, 8);
      expect(decoded).toEqual(rows);
    }
  });

  it('refuses bytes that end too early', () => {
    const [rows] = plantRows(1, 50);
    const bytes = encodeBlock(rows, 8);
    for (let length = 0; length < bytes.length; length += 7)
      expect(() => decodeBlock(bytes.subarray(0, length), 'a', 50, 8)).toThrow(RangeError);
  });
});
