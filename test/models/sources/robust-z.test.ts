import { describe, expect, it } from 'vitest';
import { fitRobustZ } from '../../../src/models/sources/robust-z.ts';
import { columnMeans, gaussianRows, largest, residualsOf, withGaps } from './simulated.ts';

describe('fitRobustZ', () => {
  it('expects the mean of what was measured, over all runs', () => {
    const source = fitRobustZ([Float32Array.of(1, 10, 2, Number.NaN), Float32Array.of(6, 20)], 2);
    expect(source).toEqual({
      kind: 'robust_z',
      now: null,
      before: null,
      offset: Float32Array.of(3, 15),
    });
  });

  it('has residuals of mean 0 on the rows that it was fitted on', () => {
    const rows = withGaps(gaussianRows(400, 3, 1), 0.2, 2);
    expect(largest(columnMeans(residualsOf(fitRobustZ([rows], 3), rows), 3))).toBeLessThan(1e-6);
  });

  it('expects 0 of a channel that was never read, and of all without rows', () => {
    expect([...fitRobustZ([Float32Array.of(Number.NaN, 2)], 2).offset]).toEqual([0, 2]);
    expect([...fitRobustZ([], 2).offset]).toEqual([0, 0]);
  });
});
