import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AssetRows } from '../../src/history/asset-rows.ts';
import { type Exclusion, excludeRows, imputedStretches, unbrokenRuns } from '../../src/history/exclusions.ts';

/** One channel whose value is its row's number. */
function rowsAt(assetId: string, seconds: readonly number[], missing: readonly number[] = []): AssetRows {
  return {
    assetId,
    at: Float64Array.from(seconds, (second) => second * 1000),
    values: Float32Array.from(seconds, (_, i) => i),
    measured: Uint8Array.from(seconds, (_, i) => (missing.includes(i) ? 0 : 1)),
  };
}

const seconds = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('excludeRows', () => {
  it('cuts each stretch out with both its ends, and counts by reason', () => {
    const assets = [rowsAt('a', seconds(10)), rowsAt('b', seconds(4))];
    const { assets: kept, excluded } = excludeRows(
      assets,
      [
        { assetId: 'a', from: 2000, to: 3000, reason: 'alerted' },
        { assetId: 'a', from: 3000, to: 4500, reason: 'labelled' },
        { assetId: null, from: 0, to: 0, reason: 'maintenance' },
      ],
      1,
    );
    expect(kept.map(({ assetId, values }) => [assetId, ...values])).toEqual([
      ['a', 1, 5, 6, 7, 8, 9],
      ['b', 1, 2, 3],
    ]);
    expect(excluded).toMatchObject({ alerted: 2, labelled: 1, maintenance: 2, stopped: 0 });
  });

  it('leaves an asset out that has nothing left', () => {
    const exclusions: Exclusion[] = [{ assetId: null, from: 0, to: 3000, reason: 'stopped' }];
    expect(
      excludeRows([rowsAt('a', seconds(4)), rowsAt('b', seconds(5))], exclusions, 1).assets,
    ).toHaveLength(1);
  });

  it('keeps a row exactly when no stretch has it', () => {
    const stretch = fc
      .tuple(fc.constantFrom('a', null, 'b'), fc.integer({ min: 0, max: 20 }), fc.integer({ min: 0, max: 6 }))
      .map(([assetId, from, length]) => ({
        assetId,
        from: from * 1000,
        to: (from + length) * 1000,
        reason: 'unfit' as const,
      }));
    fc.assert(
      fc.property(fc.array(stretch, { maxLength: 6 }), (exclusions) => {
        const rows = rowsAt('a', seconds(20));
        const { assets, excluded } = excludeRows([rows], exclusions, 1);
        const expected = [...rows.at].filter(
          (at) => !exclusions.some(({ assetId, from, to }) => assetId !== 'b' && at >= from && at <= to),
        );
        expect(assets.flatMap(({ at }) => [...at])).toEqual(expected);
        expect(excluded.unfit).toBe(20 - expected.length);
      }),
    );
  });
});

describe('imputedStretches', () => {
  it('finds long stretches without any measurement, also at either end', () => {
    const rows = rowsAt('a', seconds(20), [0, 1, 2, 6, 7, 11, 12, 13, 17, 18, 19]);
    expect(imputedStretches(rows, 1, 3)).toEqual([
      { assetId: 'a', from: 0, to: 2000, reason: 'imputed' },
      { assetId: 'a', from: 11_000, to: 13_000, reason: 'imputed' },
      { assetId: 'a', from: 17_000, to: 19_000, reason: 'imputed' },
    ]);
  });

  it('does not count a row of which one channel was measured', () => {
    const rows = {
      ...rowsAt('a', seconds(3)),
      values: new Float32Array(6),
      measured: Uint8Array.of(0, 0, 0, 1, 0, 0),
    };
    expect(imputedStretches(rows, 2, 2)).toEqual([]);
  });
});

describe('unbrokenRuns', () => {
  it('splits at every step that is not the sampling', () => {
    const runs = unbrokenRuns(rowsAt('a', [0, 1, 2, 5, 6, 6.5, 8]), 1, 1000);
    expect(runs.map(({ values }) => [...values])).toEqual([[0, 1, 2], [3, 4], [5], [6]]);
    expect(unbrokenRuns(rowsAt('a', []), 1, 1000)).toEqual([]);
  });
});
