import { describe, expect, it } from 'vitest';
import type { EvaluationGroup } from '../../src/evaluation/protocol.ts';
import { fitReferences, flagAllDetector, randomDetector } from '../../src/evaluation/reference-detectors.ts';

function groupOf(trainRows: number, ...values: readonly (readonly number[])[]): EvaluationGroup {
  const rows = values[0].length;
  return {
    name: 'g',
    channels: values.map((_, i) => `c${i}`),
    sampleEveryMs: 1000,
    streams: [
      {
        name: 's',
        at: Float64Array.from({ length: rows }, (_, row) => row * 1000),
        values: values.map((column) => Float64Array.from(column)),
        trainRows,
        role: 'test',
        labels: new Uint8Array(rows),
        changepoints: null,
      },
    ],
  };
}

describe('zscore', () => {
  it('is the greatest |z| over 1.5 times the 0.99 quantile of its training scores', () => {
    // Mean 2 and population deviation 1; mean 0 and deviation 10: all training scores are 1, the limit is 1.5.
    const group = groupOf(4, [1, 3, 1, 3, 5, 2, 2], [10, -10, 10, -10, 0, 45, Number.NaN]);
    const scores = fitReferences(group).zscore(group.streams[0]);
    expect([...scores].map((score) => score * 1.5)).toEqual(
      [1, 1, 1, 1, 3, 4.5, 0].map((score) => expect.closeTo(score, 10)),
    );
  });

  it('takes a channel that was constant as it is', () => {
    const group = groupOf(3, [5, 5, 5, 5, 7]);
    expect([...fitReferences(group).zscore(group.streams[0])]).toEqual([0, 0, 0, 0, 3]);
  });
});

describe('pca', () => {
  it('is silent along what it learned, however far, and speaks across it', () => {
    const base = [-3, -1, 0, 1, 3, 2, -2, 4];
    const group = groupOf(
      8,
      [...base, 30, 1],
      [...base.map((value, i) => value + (i % 2 === 0 ? 0.01 : -0.01)), 30, -1],
    );
    const { pca } = fitReferences(group);
    const scores = pca(group.streams[0]);
    const training = Math.max(...scores.subarray(0, 8));
    expect(scores[8]).toBeLessThan(20);
    expect(scores[9]).toBeGreaterThan(1000 * training);
  });

  it('leaves a single channel its square, or it would never say anything', () => {
    const group = groupOf(4, [1, 3, 1, 3, 8]);
    const scores = fitReferences(group).pca(group.streams[0]);
    expect(scores[4]).toBeCloseTo(36 / 1.5, 10);
  });
});

describe('detectors that learn nothing', () => {
  it('flag half of the rows, and all', () => {
    const group = groupOf(1, [0, 0, 0, 0]);
    const numbers = [0.1, 0.9, 0.4, 0.6];
    const scores = randomDetector(() => numbers.shift()!)(group.streams[0]);
    expect([...scores].map((score) => score > 1)).toEqual([false, true, false, true]);
    expect(flagAllDetector(group.streams[0]).every((score) => score > 1)).toBe(true);
  });
});
