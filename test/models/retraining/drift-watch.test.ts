import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/models/random.ts';
import { createDriftWatch, type DriftWatch } from '../../../src/models/retraining/drift-watch.ts';
import type { Verdict } from '../../../src/types.ts';
import { assetAt } from '../support/fixtures.ts';

const scaling = { center: Float32Array.of(50, 3), scale: Float32Array.of(5, 0.4), clip: 10 };
const hourMs = 3_600_000;
const random = createRandom(3);

/** Two assets, ten rows an hour each. `shift` is in scaled units of the second channel. */
function feed(watch: DriftWatch, hours: readonly [from: number, to: number], shift = 0, score = 0.4): void {
  for (let at = hours[0] * hourMs; at < hours[1] * hourMs; at += hourMs / 10) {
    for (const asset of [assetAt(0), assetAt(1)]) {
      const values = Float32Array.of(
        50 + 5 * random.gaussian(),
        3 + 0.4 * (shift + Math.sin((2 * Math.PI * at) / (24 * hourMs)) + random.gaussian()),
      );
      watch.onRow({ asset, at, values, measured: Uint8Array.of(1, 1) });
      const verdict = { kind: 'normal', asset, at, score: { value: score + 0.02 * random.gaussian() } };
      watch.onVerdict(verdict as Verdict);
    }
  }
}

function watching(): DriftWatch {
  const watch = createDriftWatch(['current', 'pressure']);
  watch.begin(scaling);
  return watch;
}

describe('drift watch', () => {
  it('is quiet while all stays as it was', () => {
    const watch = watching();
    feed(watch, [0, 24 * 30]);
    expect(watch.status()).toMatchObject({ moved: [], sinceAt: null });
    expect(watch.status().hours).toBeGreaterThan(24 * 29);
  });

  it('says which channel has moved, and since when', () => {
    const watch = watching();
    feed(watch, [0, 24 * 7]);
    feed(watch, [24 * 7, 24 * 10], 4);
    const { moved, sinceAt } = watch.status();
    expect(moved).toEqual(['pressure']);
    expect(sinceAt).toBeGreaterThan(24 * 7 * hourMs);
    expect(sinceAt).toBeLessThan(24 * 9 * hourMs);
  });

  it('says so when the scores have moved', () => {
    const watch = watching();
    feed(watch, [0, 24 * 4]);
    feed(watch, [24 * 4, 24 * 6], 0, 0.8);
    expect(watch.status().moved).toEqual(['score']);
  });

  it('does not take one fault for drift', () => {
    const watch = watching();
    feed(watch, [0, 24 * 4]);
    feed(watch, [24 * 4, 24 * 4 + 1], 0, 40);
    feed(watch, [24 * 4 + 1, 24 * 6]);
    expect(watch.status().moved).toEqual([]);
  });

  it('begins anew with another model, and is deaf before the first', () => {
    const deaf = createDriftWatch(['current', 'pressure']);
    feed(deaf, [0, 24 * 7]);
    expect(deaf.status()).toEqual({ moved: [], sinceAt: null, hours: 0 });
    const watch = watching();
    feed(watch, [0, 24 * 4]);
    feed(watch, [24 * 4, 24 * 7], 6);
    expect(watch.status().moved).toContain('pressure');
    watch.begin(scaling);
    expect(watch.status()).toEqual({ moved: [], sinceAt: null, hours: 0 });
    feed(watch, [24 * 7, 24 * 14], 6);
    expect(watch.status().moved).toEqual([]);
  });

  it('passes over readings that are missing, hours without any, and clocks that are set back', () => {
    const watch = watching();
    const asset = assetAt(0);
    feed(watch, [0, 24 * 4]);
    for (let hour = 24 * 4; hour < 24 * 30; hour++)
      watch.onRow({
        asset,
        at: hour * hourMs,
        values: Float32Array.of(Number.NaN, 1e9),
        measured: Uint8Array.of(0, 0),
      });
    feed(watch, [24, 24 * 4]);
    feed(watch, [24 * 40, 24 * 44]);
    expect(watch.status().moved).toEqual([]);
  });
});
