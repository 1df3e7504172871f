import type { Share } from './protocol.ts';

/** Writes the mean of what the lanes have left in their places, each weighted by its share, into `mean`; all of one length. */
export function meanOfShares(
  places: readonly Float32Array[],
  shares: readonly Share[],
  mean: Float32Array,
): void {
  mean.fill(0);
  for (const { lane, share } of shares) {
    const place = places[lane];
    for (let k = 0; k < mean.length; k++) mean[k] += share * place[k];
  }
}
