import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { columnExtremes, columnFlags } from '../../../src/evaluation/html/column-extremes.ts';
import { segmentsOf } from '../../../src/evaluation/segments.ts';

describe('columnExtremes', () => {
  it('keeps a single spike, up or down, wherever it is', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 900 }),
        fc.nat(),
        fc.constantFrom(-50, 50),
        (rows, columns, at, spike) => {
          const values = new Float32Array(rows).fill(1);
          values[at % rows] = spike;
          const { lowRow, highRow } = columnExtremes(values, columns);
          expect([...(spike > 0 ? highRow : lowRow)]).toContain(at % rows);
          expect(lowRow.length).toBe(Math.min(rows, columns));
        },
      ),
    );
  });

  it('gives rows in order, each in its own column, and every row where there is room', () => {
    const value = fc.oneof(fc.float({ noNaN: true }), fc.constant(Number.NaN));
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 1, max: 300 }),
        (list, columns) => {
          const values = Float32Array.from(list);
          const { lowRow, highRow } = columnExtremes(values, columns);
          const rows = [...lowRow, ...highRow].filter((row) => row >= 0);
          expect(rows.some((row) => Number.isNaN(values[row]))).toBe(false);
          for (const side of [lowRow, highRow]) {
            const known = [...side].filter((row) => row >= 0);
            expect(known).toEqual(known.toSorted((a, b) => a - b));
          }
          if (columns >= values.length) {
            expect([...highRow]).toEqual(list.map((_, row) => (Number.isNaN(values[row]) ? -1 : row)));
          }
        },
      ),
    );
  });
});

describe('columnFlags', () => {
  it('covers every flagged row with few runs, and nothing else where there is room', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 400 }),
        fc.integer({ min: 1, max: 400 }),
        (list, columns) => {
          const flags = Uint8Array.from(list);
          const shown = columnFlags(flags, columns);
          expect(list.every((flag, row) => flag === 0 || shown[row] === 1)).toBe(true);
          expect(segmentsOf(shown).length).toBeLessThanOrEqual(Math.ceil(columns / 2));
          if (columns >= list.length) expect(shown).toEqual(flags);
        },
      ),
    );
  });
});
