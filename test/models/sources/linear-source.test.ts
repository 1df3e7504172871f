import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LinearSource, linearResidual } from '../../../src/models/sources/linear-source.ts';
import { gaussianRows } from './simulated.ts';

const now = Float32Array.of(1, 2, 0, 3);
const before = Float32Array.of(0, -1, 10, 0);
const offset = Float32Array.of(0.5, -0.5);

function residual(source: LinearSource, current: readonly number[], previous: readonly number[]): number[] {
  const out = new Float32Array(current.length);
  linearResidual(source, Float32Array.from(current), Float32Array.from(previous), out);
  return [...out];
}

describe('linearResidual', () => {
  it('is measured minus now * x(t) + before * x(t-1) + offset', () => {
    const source: LinearSource = { kind: 'pca', now, before, offset };
    // Predicted 1*4 + 2*5 - 1*7 + 0.5 = 7.5 and 3*5 + 10*6 - 0.5 = 74.5.
    expect(residual(source, [4, 5], [6, 7])).toEqual([-3.5, -69.5]);
  });

  it('takes an absent matrix for zeros', () => {
    expect(residual({ kind: 'robust_z', now: null, before: null, offset }, [4, 5], [6, 7])).toEqual([
      3.5, 5.5,
    ]);
    expect(residual({ kind: 'vector_autoregression', now: null, before, offset }, [4, 5], [6, 7])).toEqual([
      10.5, -54.5,
    ]);
  });

  it('gives NaN for a missing reading and lets 0 stand for it everywhere else', () => {
    const property = fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.integer(),
      fc.infiniteStream(fc.boolean()),
      (channels, seed, gaps) => {
        const draw = (k: number, rows: number) => gaussianRows(rows, channels, seed + k);
        const source: LinearSource = {
          kind: 'pca',
          now: draw(1, channels),
          before: draw(2, channels),
          offset: draw(3, 1),
        };
        const missing = (row: Float32Array) => row.map((value) => (gaps.next().value ? Number.NaN : value));
        const [current, previous] = [missing(draw(4, 1)), missing(draw(5, 1))];
        const zeroed = (row: Float32Array) => [...row].map((value) => (Number.isNaN(value) ? 0 : value));
        const expected = residual(source, zeroed(current), zeroed(previous));
        expect(residual(source, [...current], [...previous])).toEqual(
          expected.map((value, i) => (Number.isNaN(current[i]) ? Number.NaN : value)),
        );
      },
    );
    fc.assert(property);
  });
});
