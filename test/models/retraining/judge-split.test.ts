import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitForJudging } from '../../../src/models/retraining/judge-split.ts';
import type { AssetRows } from '../../../src/models/training-set.ts';

function rowsOf(assetId: string, times: readonly number[]): AssetRows {
  return {
    assetId,
    at: Float64Array.from(times),
    values: Float32Array.from(times.flatMap((at) => [at, -at])),
    measured: new Uint8Array(times.length * 2).fill(1),
  };
}

const timesOf = (assets: readonly AssetRows[]) => assets.flatMap(({ at }) => [...at]);
const times = fc
  .uniqueArray(fc.nat(10_000), { minLength: 1, maxLength: 60 })
  .map((all) => all.sort((a, b) => a - b));

describe('rows to judge on', () => {
  it('keeps the latest from training, and what the champion saw from judging', () => {
    const assets = [rowsOf('a', [1, 2, 3, 4, 5]), rowsOf('b', [6, 7, 8, 9, 10])];
    const split = splitForJudging(assets, 0.4, 0);
    expect(timesOf(split.train)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(timesOf(split.judge)).toEqual([7, 8, 9, 10]);
    expect(split.judge.map(({ assetId }) => assetId)).toEqual(['b']);
    expect(timesOf(splitForJudging(assets, 0.4, 8).judge)).toEqual([9, 10]);
    expect(timesOf(splitForJudging(assets, 0.4, 8).train)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(splitForJudging(assets, 0.4, 10).judge).toEqual([]);
    expect(splitForJudging([], 0.4, 0)).toEqual({ train: [], judge: [] });
  });

  it('never judges on a row that either was fitted on, and keeps every row whole', () => {
    fc.assert(
      fc.property(
        times,
        times,
        fc.double({ min: 0.05, max: 0.5, noNaN: true }),
        fc.nat(10_000),
        (a, b, share, seen) => {
          const { train, judge } = splitForJudging([rowsOf('a', a), rowsOf('b', b)], share, seen);
          const last = Math.max(Number.NEGATIVE_INFINITY, ...timesOf(train));
          for (const at of timesOf(judge)) expect(at > last && at > seen).toBe(true);
          if (seen === 0)
            expect(timesOf(judge).length + timesOf(train).length).toBeGreaterThanOrEqual(
              a.length + b.length - 2,
            );
          for (const { at, values } of [...train, ...judge])
            expect([...values]).toEqual([...at].flatMap((time) => [time, -time]));
        },
      ),
    );
  });
});
