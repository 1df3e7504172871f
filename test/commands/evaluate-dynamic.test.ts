import { describe, expect, it } from 'vitest';
import { dynamicFlags } from '../../src/commands/evaluate-dynamic.ts';
import { createRandom } from '../../src/models/random.ts';

/** Scores about 0.4 with a burst to 2 in rows 500 to 509, and none at all in rows 300 to 309. */
function scores(): Float32Array {
  const random = createRandom(1);
  return Float32Array.from({ length: 700 }, (_, row) => {
    if (row >= 300 && row < 310) return Number.NaN;
    return (row >= 500 && row < 510 ? 2 : 0.4) + 0.02 * random.uniform();
  });
}

describe('the dynamic threshold on the scores of a stream', () => {
  it('flags what stands out of what was before, and nothing without a score', () => {
    const flagged = dynamicFlags({ score: scores() });
    expect([...flagged.subarray(500, 510)]).toEqual(Array(10).fill(1));
    expect([...flagged.subarray(0, 500)].filter(Boolean)).toEqual([]);
    expect([...flagged.subarray(511)].filter(Boolean)).toEqual([]);
  });

  it('sees nothing of what comes after a row', () => {
    const score = scores();
    expect([...dynamicFlags({ score: score.subarray(0, 505) })]).toEqual([
      ...dynamicFlags({ score }).subarray(0, 505),
    ]);
  });
});
