/** A stretch of time, both ends included, epoch ms. */
export interface TimeSlice {
  readonly from: number;
  readonly to: number;
}

/** What to read of a past that is too large to train on. */
export interface Thinning {
  /** In order of time; the last ends with the newest rows. */
  readonly slices: readonly TimeSlice[];
  /** Share of the assets, 1 for all. */
  readonly assets: number;
}

/** Stretches that a thinned-out look back is made of at most: enough to meet every hour of some days. */
const mostSlices = 64;
/** Before stretches are fewer than this there are fewer assets: a class is better known by some of them at many times. */
const fewestSlices = 8;
/** Windows in the shortest stretch that is of use; a stretch of less than one gives no window at all. */
const windowsInStretch = 4;

/**
 * What to read of `[from, to]` so that about `most` of `rows` rows come: all of it, or evenly spread stretches, each at the
 * end of its slice, none so short that windows (of `windowMs`) would not fit. Where that leaves room for too few stretches
 * it takes fewer assets. Pure.
 */
export function thinOut({ from, to }: TimeSlice, rows: number, most: number, windowMs: number): Thinning {
  if (to < from) return { slices: [], assets: 1 };
  if (rows <= most) return { slices: [{ from, to }], assets: 1 };
  const shortest = windowsInStretch * windowMs;
  /** What of the time could be read of all assets. */
  const readable = (to - from) * (most / rows);
  const assets = Math.min(1, readable / Math.min(to - from, fewestSlices * shortest));
  const perAsset = readable / assets;
  const count = Math.max(1, Math.min(mostSlices, Math.floor(perAsset / shortest)));
  const length = (to - from) / count;
  const part = perAsset / count;
  const slices = Array.from({ length: count }, (_, i) => {
    const end = i + 1 === count ? to : from + (i + 1) * length;
    return { from: Math.ceil(end - part), to: Math.floor(end) };
  });
  return { slices, assets };
}

/** So many of the items, evenly spread; at least one. Pure. */
export function evenly<T>(items: readonly T[], share: number): T[] {
  const most = Math.max(1, Math.floor(items.length * share));
  if (most >= items.length) return [...items];
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]!);
}
