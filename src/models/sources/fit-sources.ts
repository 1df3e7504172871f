import type { Scaling } from '../engine.ts';
import { scaleValue } from '../scaling.ts';
import type { AssetRows } from '../training-set.ts';
import type { LinearSource } from './linear-source.ts';
import { fitPrincipalComponents } from './principal-components.ts';
import { fitRobustZ } from './robust-z.ts';
import { fitVectorAutoregression } from './vector-autoregression.ts';

const fits: Readonly<
  Record<LinearSource['kind'], (runs: readonly Float32Array[], channels: number) => LinearSource | null>
> = {
  robust_z: fitRobustZ,
  pca: fitPrincipalComponents,
  vector_autoregression: fitVectorAutoregression,
};

/** Fits the wanted sources on all rows; one that has nothing to say about this data is left out. */
export function fitLinearSources(
  kinds: readonly LinearSource['kind'][],
  assets: readonly AssetRows[],
  options: { readonly channels: number; readonly sampleEveryMs: number; readonly scaling: Scaling },
): LinearSource[] {
  const runs = assets.flatMap((rows) => unbrokenRuns(rows, options));
  return kinds.map((kind) => fits[kind](runs, options.channels)).filter((source) => source !== null);
}

/** Rows without a step in time other than `sampleEveryMs`, `[n x C]`, scaled, NaN = missing. */
function unbrokenRuns(
  { at, values, measured }: AssetRows,
  { channels, sampleEveryMs, scaling }: { channels: number; sampleEveryMs: number; scaling: Scaling },
): Float32Array[] {
  const scaled = values.map((value, i) =>
    measured[i] === 1 ? scaleValue(value, i % channels, scaling) : Number.NaN,
  );
  const runs: Float32Array[] = [];
  let from = 0;
  for (let row = 1; row <= at.length; row++) {
    if (row < at.length && at[row] - at[row - 1] === sampleEveryMs) continue;
    runs.push(scaled.subarray(from * channels, row * channels));
    from = row;
  }
  return runs;
}
