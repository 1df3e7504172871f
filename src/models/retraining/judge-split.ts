import type { AssetRows } from '../training-set.ts';

export interface JudgeSplit {
  /** Older rows, to train on. */
  readonly train: readonly AssetRows[];
  /** The latest, for models to be compared on; none of them is among the others or before `unseenAfter`. */
  readonly judge: readonly AssetRows[];
}

/**
 * Splits rows by time, so that about `share` of them, the latest over all assets, are kept from training. Of those only
 * rows after `unseenAfter` (epoch ms), to which the champion's own training reached, are judged on. Views; assets
 * without a row are left out.
 */
export function splitForJudging(
  assets: readonly AssetRows[],
  share: number,
  unseenAfter: number,
): JudgeSplit {
  const times = new Float64Array(assets.reduce((sum, { at }) => sum + at.length, 0));
  let filled = 0;
  for (const { at } of assets) {
    times.set(at, filled);
    filled += at.length;
  }
  times.sort();
  const cut = times[Math.floor(times.length * (1 - share))] ?? Number.POSITIVE_INFINITY;
  const from = Math.max(cut, unseenAfter + 1);
  return {
    train: assets.flatMap((rows) => view(rows, 0, firstFrom(rows.at, cut))),
    judge: assets.flatMap((rows) => view(rows, firstFrom(rows.at, from), rows.at.length)),
  };
}

function firstFrom(at: Float64Array, limit: number): number {
  const row = at.findIndex((time) => time >= limit);
  return row < 0 ? at.length : row;
}

function view({ assetId, at, values, measured }: AssetRows, from: number, to: number): AssetRows[] {
  if (to <= from) return [];
  const channels = values.length / at.length;
  return [
    {
      assetId,
      at: at.subarray(from, to),
      values: values.subarray(from * channels, to * channels),
      measured: measured.subarray(from * channels, to * channels),
    },
  ];
}
