import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AssetRows, createRowCollector, windowStarts } from '../../src/models/training-set.ts';
import type { Row } from '../../src/types.ts';
import { assetAt } from './support/fixtures.ts';

const step = 1000;

/** Rows at the given steps of the grid; a channel is measured where `mask` says so. */
function rowsAt(at: readonly number[], mask: readonly boolean[][]): AssetRows {
  return {
    assetId: 'a',
    at: Float64Array.from(at, (slot) => slot * step),
    values: new Float32Array(at.length * 2),
    measured: Uint8Array.from(mask.flat(), Number),
  };
}

/** Looks at every window from scratch. */
function naive(
  assets: readonly AssetRows[],
  length: number,
  minCoverage: number,
  range: (rows: number) => readonly [number, number],
) {
  const found = [];
  for (const [asset, { at, measured }] of assets.entries()) {
    const [from, to] = range(at.length);
    for (let row = from; row + length <= to; row++) {
      const times = at.slice(row, row + length);
      const unbroken = times.every((time, i) => i === 0 || time - times[i - 1] === step);
      const cells = measured.slice(row * 2, (row + length) * 2);
      const coverage = cells.reduce((sum, cell) => sum + cell, 0) / cells.length;
      if (unbroken && coverage >= minCoverage) found.push({ asset, row });
    }
  }
  return found;
}

const asset = fc
  .array(
    fc.record({
      // 1 is the next slot of the grid, more is a gap, less is a clock set back.
      advance: fc.constantFrom(1, 1, 1, 1, 1, 1, 2, 9, 0, -3),
      mask: fc.tuple(fc.boolean(), fc.constantFrom(true, true, false)),
    }),
    { maxLength: 40 },
  )
  .map((rows) => {
    let slot = 100;
    const at = rows.map(({ advance }) => {
      slot += advance;
      return slot;
    });
    return rowsAt(
      at,
      rows.map(({ mask }) => mask),
    );
  });

describe('windowStarts', () => {
  it('finds exactly the unbroken windows with enough coverage within the range', () => {
    fc.assert(
      fc.property(
        fc.array(asset, { maxLength: 3 }),
        fc.integer({ min: 1, max: 6 }),
        fc.constantFrom(0, 0.1, 0.3, 0.5, 0.7, 0.75, 0.9, 1),
        fc.tuple(fc.nat(100), fc.nat(100)),
        (assets, length, minCoverage, [one, other]) => {
          const range = (rows: number): readonly [number, number] => [
            Math.floor((Math.min(one, other) / 100) * rows),
            Math.floor((Math.max(one, other) / 100) * rows),
          ];
          const options = { channels: 2, length, sampleEveryMs: step, minCoverage };
          expect(windowStarts(assets, options, range)).toEqual(naive(assets, length, minCoverage, range));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('takes a window whose coverage is exactly the smallest, as scoring does', () => {
    // 3 of 10 cells: 0.3 * 10 is 3.0000000000000004 in binary and must not decide.
    const mask = [true, true, true, false, false].map((here) => [here, false]);
    const rows = rowsAt([0, 1, 2, 3, 4], mask);
    const options = { channels: 2, length: 5, sampleEveryMs: step, minCoverage: 0.3 };
    expect(windowStarts([rows], options, (n) => [0, n])).toEqual([{ asset: 0, row: 0 }]);
  });
});

describe('row collector', () => {
  const rowOf = (index: number, at: number): Row => ({
    asset: assetAt(index),
    at,
    values: Float32Array.of(index, at / 1000),
    measured: Uint8Array.of(1, at % 3000 === 0 ? 0 : 1),
  });

  it('gives the same whatever order the assets came in, beyond the first size of its buffers', () => {
    const byTime = createRowCollector(2);
    const byAsset = createRowCollector(2);
    const assets = [3, 1, 2, 10];
    for (let i = 0; i < 200; i++) for (const index of assets) byTime.add(rowOf(index, i * 1000));
    for (const index of assets.toReversed())
      for (let i = 0; i < 200; i++) byAsset.add(rowOf(index, i * 1000));
    expect(byTime.rows()).toBe(800);
    expect(byTime.snapshot()).toEqual(byAsset.snapshot());
    const [first] = byTime.snapshot();
    expect(first.assetId).toBe('hall/1');
    expect([first.at.length, first.values.length, first.measured.length]).toEqual([200, 400, 400]);
    expect([...first.values.subarray(398)]).toEqual([1, 199]);
    expect(first.measured[3 * 2 + 1]).toBe(0);
  });

  it('copies: neither the pooled row nor what it goes on to collect changes a snapshot', () => {
    const collector = createRowCollector(2);
    const values = Float32Array.of(5, 6);
    collector.add({ ...rowOf(1, 0), values });
    values.fill(0);
    const before = collector.snapshot();
    for (let i = 1; i < 100; i++) collector.add(rowOf(1, i));
    expect([...before[0].values]).toEqual([5, 6]);
    collector.clear();
    expect([collector.rows(), collector.snapshot()]).toEqual([0, []]);
    expect([...before[0].values]).toEqual([5, 6]);
  });
});
