import { describe, expect, it } from 'vitest';
import { scaleValue } from '../../../src/models/scaling.ts';
import { fitLinearSources } from '../../../src/models/sources/fit-sources.ts';
import { fitPrincipalComponents } from '../../../src/models/sources/principal-components.ts';
import { fitVectorAutoregression } from '../../../src/models/sources/vector-autoregression.ts';
import type { AssetRows } from '../../../src/models/training-set.ts';
import { autoregressiveRows, gaussianRows } from './simulated.ts';

const scaling = { center: Float32Array.of(1, -20), scale: Float32Array.of(0.5, 4), clip: 10 };
const options = { channels: 2, sampleEveryMs: 1000, scaling };

/** Rows `[n x 2]` in scaled units as an asset's, a second apart. */
function assetOf(scaled: Float32Array): AssetRows {
  const values = scaled.map((value, i) => scaling.center[i % 2] + value * scaling.scale[i % 2]);
  return {
    assetId: 'a',
    at: Float64Array.from({ length: scaled.length / 2 }, (_, row) => 5000 + row * 1000),
    values,
    measured: new Uint8Array(values.length).fill(1),
  };
}

const wandering = autoregressiveRows(
  200,
  { matrix: [0.8, 0.1, -0.2, 0.6], offset: [0, 0.1], deviation: 0.5 },
  1,
);
/** As the sources are to see it: to raw units and back, in float32. */
const seen = ({ values, measured }: AssetRows) =>
  values.map((value, i) => (measured[i] === 1 ? scaleValue(value, i % 2, scaling) : Number.NaN));

describe('fitLinearSources', () => {
  it('fits the wanted ones on scaled rows, in the order wanted', () => {
    const asset = assetOf(wandering);
    const sources = fitLinearSources(['vector_autoregression', 'pca'], [asset], options);
    expect(sources).toEqual([
      fitVectorAutoregression([seen(asset)], 2),
      fitPrincipalComponents([seen(asset)], 2),
    ]);
    expect(fitLinearSources([], [asset], options)).toEqual([]);
  });

  it('leaves out a source that has nothing to say', () => {
    const kinds = ['pca', 'robust_z', 'vector_autoregression'] as const;
    const fitted = (assets: readonly AssetRows[]) =>
      fitLinearSources(kinds, assets, options).map(({ kind }) => kind);
    expect(fitted([assetOf(wandering)])).toEqual(kinds);
    // One channel that never moves leaves the other alone: no components.
    const half = assetOf(wandering.map((value, i) => (i % 2 === 0 ? value : 0)));
    expect(fitted([half])).toEqual(['robust_z', 'vector_autoregression']);
    // Rows without any before them.
    const lonely = assetOf(gaussianRows(6, 2, 2));
    expect(fitted([{ ...lonely, at: lonely.at.map((at) => 3 * at) }])).toEqual(['pca', 'robust_z']);
    expect(fitted([])).toEqual(['robust_z']);
  });

  it.each([
    ['a gap', 7000],
    ['less than a step', -400],
  ])('never takes rows across %s, nor of two assets, for consecutive', (_what, by) => {
    const asset = assetOf(wandering);
    const cut = 90;
    const broken = { ...asset, at: asset.at.map((at, row) => (row < cut ? at : at + by)) };
    const all = seen(asset);
    const pieces = [all.subarray(0, cut * 2), all.subarray(cut * 2)];
    const [apart] = fitLinearSources(['vector_autoregression'], [broken], options);
    expect(apart).toEqual(fitVectorAutoregression(pieces, 2));
    expect(apart).not.toEqual(fitVectorAutoregression([all], 2));
    const [first, second] = pieces.map(assetOf);
    expect(fitLinearSources(['vector_autoregression'], [first, second], options)).toEqual(
      fitLinearSources(['vector_autoregression'], [broken], options),
    );
  });

  it('takes a held value for a missing reading', () => {
    const asset = assetOf(wandering);
    const measured = asset.measured.map((cell, i) => (i % 14 === 3 ? 0 : cell));
    const gappy = { ...asset, measured };
    const [source] = fitLinearSources(['vector_autoregression'], [gappy], options);
    expect(source).toEqual(fitVectorAutoregression([seen(gappy)], 2));
    expect(source).not.toEqual(fitVectorAutoregression([seen(asset)], 2));
  });
});
