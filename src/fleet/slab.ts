import type { Asset, Score, UnknownReason } from '../types.ts';

/** What a window came to: normal, anomalous, or the reason why there is no score. */
export type Outcome = 'normal' | 'anomalous' | UnknownReason;

/** Position + 1 is the code in memory; 0 is "no verdict yet". */
export const outcomes: readonly Outcome[] = [
  'normal',
  'anomalous',
  'learning',
  'warming_up',
  'low_coverage',
  'overloaded',
  'engine_failed',
];
export const NORMAL = 1;
export const ANOMALOUS = 2;
export const outcomeCodes = Object.fromEntries(outcomes.map((outcome, i) => [outcome, i + 1])) as Record<
  Outcome,
  number
>;

export const SLAB_ASSETS = 256;

export const TALKS = 0;
export const SILENT = 1;
/** Talks again (or for the first time since the start), but its silent alert may still fire. */
export const RETURNED = 2;

/** Up to {@link SLAB_ASSETS} assets of one class; an asset is a slice of each array. H is the history. */
export interface Slab {
  readonly className: string;
  readonly channels: number;
  readonly history: number;
  readonly assets: Asset[];
  readonly arrivedAt: Float64Array;
  readonly silence: Uint8Array;
  /** Counters since the start. */
  readonly rows: Float64Array;
  readonly windows: Float64Array;
  readonly anomalous: Float64Array;
  /** Rings `[n x H]`, and `[n x H x C]` for values and mask. */
  readonly rowAt: Float64Array;
  readonly values: Float32Array;
  readonly measured: Uint8Array;
  readonly windowAt: Float64Array;
  readonly scores: Float64Array;
  readonly outcomes: Uint8Array;
  /** Heads of the two rings: a division by H at each row would cost more than the rest. */
  readonly rowHead: Uint32Array;
  readonly windowHead: Uint32Array;
  /** Of the last score: `[n]`, NaN before the first, and attribution, expected, actual `[n x 3 x C]`. */
  readonly score: Float64Array;
  readonly scoredAt: Float64Array;
  readonly evidence: Float32Array;
  readonly models: (string | null)[];
  readonly detectors: Score['detector'][];
}

/** Memory is zeroed lazily by the system: a slab costs what its assets use. */
export function createSlab(className: string, channels: number, history: number): Slab {
  const n = SLAB_ASSETS;
  return {
    className,
    channels,
    history,
    assets: [],
    arrivedAt: new Float64Array(n),
    silence: new Uint8Array(n),
    rows: new Float64Array(n),
    windows: new Float64Array(n),
    anomalous: new Float64Array(n),
    rowAt: new Float64Array(n * history),
    values: new Float32Array(n * history * channels),
    measured: new Uint8Array(n * history * channels),
    windowAt: new Float64Array(n * history),
    scores: new Float64Array(n * history),
    outcomes: new Uint8Array(n * history),
    rowHead: new Uint32Array(n),
    windowHead: new Uint32Array(n),
    score: new Float64Array(n).fill(Number.NaN),
    scoredAt: new Float64Array(n),
    evidence: new Float32Array(n * 3 * channels),
    models: new Array<string | null>(n).fill(null),
    detectors: [],
  };
}

/** What the newest window came to; null before the first. */
export function newestOutcome(slab: Slab, place: number): Outcome | null {
  if (slab.windows[place] === 0) return null;
  return outcomes[slab.outcomes[newestSlot(slab, place, slab.windowHead)] - 1];
}

/** Slot of the newest entry of a ring that has one. */
export function newestSlot(slab: Slab, place: number, heads: Uint32Array): number {
  return place * slab.history + ((heads[place] + slab.history - 1) % slab.history);
}

/** Filled slots of a ring, oldest first. */
export function ringSlots(slab: Slab, place: number, counts: Float64Array, heads: Uint32Array): number[] {
  const { history } = slab;
  const length = Math.min(counts[place], history);
  return Array.from(
    { length },
    (_, i) => place * history + ((heads[place] + history - length + i) % history),
  );
}
