import fc from 'fast-check';
import { expect, it } from 'vitest';
import { scaleValue } from '../../../src/models/scaling.ts';
import { type LinearSource, linearResidual } from '../../../src/models/sources/linear-source.ts';
import { createWindowResiduals } from '../../../src/models/sources/window-residuals.ts';
import { gaussianRows, withGaps } from './simulated.ts';

it('gives the residual of the last two rows, scaled, of each window of a batch', () => {
  const cases = fc.record({
    channels: fc.integer({ min: 1, max: 5 }),
    length: fc.integer({ min: 2, max: 6 }),
    batch: fc.integer({ min: 1, max: 5 }),
    seed: fc.integer(),
    hasNow: fc.boolean(),
    hasBefore: fc.boolean(),
  });
  fc.assert(
    fc.property(cases, ({ channels, length, batch, seed, hasNow, hasBefore }) => {
      const draw = (rows: number, k: number) => gaussianRows(rows, channels, seed + k);
      const scaling = {
        center: draw(1, 1),
        scale: draw(1, 2).map((value) => 0.1 + Math.abs(value)),
        // Near enough to clip some.
        clip: 3,
      };
      const source: LinearSource = {
        kind: 'pca',
        now: hasNow ? draw(channels, 3) : null,
        before: hasBefore ? draw(channels, 4) : null,
        offset: draw(1, 5),
      };
      const windows = withGaps(
        draw(batch * length, 6).map((value) => 2 * value),
        0.1,
        seed,
      );
      const residuals = createWindowResiduals(scaling, length);
      const expected = new Float32Array(channels);
      const actual = new Float32Array(channels);
      for (let i = 0; i < batch; i++) {
        const rowFromEnd = (back: number) => {
          const from = ((i + 1) * length - 1 - back) * channels;
          const row = windows.subarray(from, from + channels);
          return row.map((value, channel) => scaleValue(value, channel, scaling));
        };
        linearResidual(source, rowFromEnd(0), rowFromEnd(1), expected);
        residuals.write(source, windows, i, actual);
        expect([...actual]).toEqual([...expected]);
        expect(actual.every(Number.isFinite)).toBe(true);
      }
    }),
  );
});
