/** Assets in a slab: large enough that a fleet needs few arrays, small enough that a few assets cost little. */
export const SLAB_ASSETS = 256;

/** Nothing was read since the grid (re)started. */
export const SLOT_NONE = 0;
/** The slot still takes readings. */
export const SLOT_OPEN = 1;
/** The row of the slot was given out. */
export const SLOT_CLOSED = 2;

/**
 * State of up to {@link SLAB_ASSETS} assets of one class, an asset a slice of each array. The window ring has 2T
 * rows: every row is written at i and at i + T, so that the last T rows are always one contiguous slice.
 */
export interface GridSlab {
  /** Time of slot 0. */
  readonly origin: Float64Array;
  /** The newest slot, open or closed. */
  readonly slot: Float64Array;
  readonly state: Uint8Array;
  /** Readings in the newest slot: sum and number a channel `[n x C]`, and how many channels have any. */
  readonly sums: Float64Array;
  readonly counts: Uint32Array;
  readonly filled: Uint16Array;
  /** Last known value a channel `[n x C]`, NaN before the first. */
  readonly held: Float32Array;
  /** Ring `[n x 2T x C]`. */
  readonly values: Float32Array;
  readonly measured: Uint8Array;
  /** Ring row that is written next, from 0 to T - 1, and rows written since the start, at most T. */
  readonly head: Uint32Array;
  readonly length: Uint32Array;
  /** Ones of `measured` in the last T rows. */
  readonly covered: Uint32Array;
  /** Rows until the next window is cut. */
  readonly due: Uint32Array;
  /** Late samples in a row with rising times, and the time of the last. */
  readonly lateRun: Uint32Array;
  readonly lateAt: Float64Array;
}

/** Memory is zeroed lazily by the system: a slab costs what its assets use, so nothing is filled here. */
export function createGridSlab(channels: number, windowLength: number): GridSlab {
  const n = SLAB_ASSETS;
  const ring = n * 2 * windowLength * channels;
  return {
    origin: new Float64Array(n),
    slot: new Float64Array(n),
    state: new Uint8Array(n),
    sums: new Float64Array(n * channels),
    counts: new Uint32Array(n * channels),
    filled: new Uint16Array(n),
    held: new Float32Array(n * channels),
    values: new Float32Array(ring),
    measured: new Uint8Array(ring),
    head: new Uint32Array(n),
    length: new Uint32Array(n),
    covered: new Uint32Array(n),
    due: new Uint32Array(n),
    lateRun: new Uint32Array(n),
    lateAt: new Float64Array(n),
  };
}
