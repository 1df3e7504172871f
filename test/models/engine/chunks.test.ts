import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunkLimits, shareBatch, splitBatch } from '../../../src/models/engine/onnx/chunks.ts';

const limits = { fewest: 32, most: 128 };
const counts = (chunks: readonly { count: number }[]): number[] => chunks.map(({ count }) => count);

describe('splitBatch', () => {
  it('keeps a small batch together and shares a large one', () => {
    expect(counts(splitBatch(63, 2, limits))).toEqual([63]);
    expect(counts(splitBatch(64, 2, limits))).toEqual([32, 32]);
    expect(counts(splitBatch(256, 2, limits))).toEqual([128, 128]);
    expect(counts(splitBatch(257, 2, limits))).toEqual([64, 64, 64, 65]);
    expect(counts(splitBatch(300, 1, limits))).toEqual([100, 100, 100]);
  });

  it('covers every window once, in order, within the limits', () => {
    const size = fc.integer({ min: 0, max: 5000 });
    fc.assert(
      fc.property(size, fc.integer({ min: 1, max: 8 }), (batch, lanes) => {
        let next = 0;
        for (const { start, count } of splitBatch(batch, lanes, limits)) {
          expect(start).toBe(next);
          expect(count).toBeGreaterThan(0);
          expect(count).toBeLessThanOrEqual(limits.most);
          next += count;
        }
        expect(next).toBe(batch);
      }),
    );
  });
});

describe('shareBatch', () => {
  it('gives each lane one share at most', () => {
    expect(counts(shareBatch(1000, 2, limits))).toEqual([500, 500]);
    expect(counts(shareBatch(40, 2, limits))).toEqual([40]);
    expect(shareBatch(0, 2, limits)).toEqual([]);
  });
});

describe('chunkLimits', () => {
  it('shrinks with the work a window is', () => {
    const spec = { kind: 'lstm_autoencoder', channels: 8, latent: null, reverse: true } as const;
    expect(chunkLimits({ ...spec, window: 32, hidden: 64 })).toEqual({ most: 512, fewest: 16 });
    expect(chunkLimits({ ...spec, window: 64, hidden: 128 })).toEqual({ most: 128, fewest: 4 });
    expect(chunkLimits({ ...spec, window: 1000, hidden: 512 })).toEqual({ most: 8, fewest: 1 });
    expect(chunkLimits({ ...spec, window: 2, hidden: 2 })).toEqual({ most: 512, fewest: 64 });
  });
});
