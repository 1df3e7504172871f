import type { Asset, Row, Window } from '../types.ts';
import {
  createGridSlab,
  type GridSlab,
  SLAB_ASSETS,
  SLOT_CLOSED,
  SLOT_NONE,
  SLOT_OPEN,
} from './grid-slab.ts';
import type { IngestClass } from './ingest-class.ts';
import type { Sample } from './payload-decoder.ts';

/** Consecutive rows of one asset on its grid, `[n x C]`, at least one; the last known value where `measured` is 0. */
export interface PastRows {
  readonly at: Float64Array;
  readonly values: Float32Array;
  readonly measured: Uint8Array;
}

export interface GridSinks {
  onRow(row: Row): void;
  onWindow(window: Window): void;
}

/** Counters that the grids of all classes add to. */
export interface GridCounters {
  rows: number;
  /** Rows of slots in which nothing was read; part of `rows`. */
  gapRows: number;
  windows: number;
  /** Readings for a slot that a newer one had closed. */
  late: number;
  /** Readings of a channel that its slot already had, with `aggregate: first`. */
  repeated: number;
  /** Grids started anew because the clock of the device was set back. */
  clockResets: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Slot of a stamp: slot k covers the half-open span of `everyMs` around `origin + k * everyMs`. Rounding to the
 * nearest point of a grid whose phase is the asset's own keeps the jitter of a device away from slot edges. Exact,
 * because stamps are whole milliseconds below 1e14: numerator and quotient stay far below 2^53.
 */
export function slotOf(at: number, origin: number, everyMs: number): number {
  return Math.floor((2 * (at - origin) + everyMs) / (2 * everyMs));
}

/**
 * Aligns the samples of one class to the grid of each asset and cuts windows. The time of a row is
 * `origin + k * sampleEveryMs`, where the origin is the asset's first reading since its grid (re)started.
 *
 * - Slots in which nothing was read become gap rows: nothing measured, last known values held.
 * - More than T missing slots restart the grid: no window could bridge them, and a device that was away so long
 *   may have a new phase.
 * - A late reading is dropped. When 2T late samples with rising times have come in a row, the device's clock was
 *   set back, and the grid restarts at the next.
 */
export class Grid {
  readonly #every: number;
  readonly #mean: boolean;
  readonly #channels: number;
  readonly #length: number;
  readonly #stride: number;
  readonly #sinks: GridSinks;
  readonly #counters: GridCounters;
  readonly #slabs: GridSlab[] = [];
  /** The one row that is handed out, again and again. */
  readonly #row: Mutable<Row>;

  constructor(spec: IngestClass, sinks: GridSinks, counters: GridCounters) {
    this.#every = spec.sampleEveryMs;
    this.#mean = spec.aggregate === 'mean';
    this.#channels = spec.channels.length;
    this.#length = spec.windowLength;
    this.#stride = spec.stride;
    this.#sinks = sinks;
    this.#counters = counters;
    this.#row = {
      asset: { index: -1, id: '', className: spec.name, labels: {} },
      at: 0,
      values: new Float32Array(this.#channels),
      measured: new Uint8Array(this.#channels),
    };
  }

  /** Takes one sample of the asset at `place` of its class. Rows and windows are given out before it returns. */
  add(place: number, asset: Asset, sample: Sample): void {
    const slab = this.#slab(place);
    const i = place % SLAB_ASSETS;
    const { at } = sample;
    if (slab.state[i] === SLOT_NONE) this.#restart(slab, i, at);

    let slot = slotOf(at, slab.origin[i]!, this.#every);
    const newest = slab.slot[i]!;
    if (slot < newest) {
      if (!this.#clockWasSetBack(slab, i, at)) {
        this.#counters.late += sample.count;
        return;
      }
      this.#counters.clockResets++;
      this.#close(slab, i, asset);
      this.#restart(slab, i, at);
      slot = 0;
    } else if (slot > newest) {
      this.#close(slab, i, asset);
      const missing = slot - newest - 1;
      if (missing > this.#length) {
        this.#restart(slab, i, at);
      } else {
        for (let k = 1; k <= missing; k++) this.#gap(slab, i, asset, newest + k);
        this.#open(slab, i, slot);
      }
    }
    slab.lateRun[i] = 0;
    this.#collect(slab, i, asset, sample);
  }

  /**
   * Takes up the consecutive rows of an asset that was not heard of yet as though they had been read, and gives out their
   * windows to `onWindow` alone; nothing is counted. The next reading goes on from the last of them.
   */
  restore(place: number, asset: Asset, rows: PastRows, onWindow: (window: Window) => void): void {
    const slab = this.#slab(place);
    const i = place % SLAB_ASSETS;
    const from = i * this.#channels;
    this.#restart(slab, i, rows.at[0]!);
    slab.state[i] = SLOT_CLOSED;
    for (const slot of rows.at.keys()) {
      const values = rows.values.subarray(slot * this.#channels, (slot + 1) * this.#channels);
      slab.slot[i] = slot;
      slab.held.set(values, from);
      let measured = 0;
      for (let c = 0; c < this.#channels; c++) {
        this.#row.measured[c] = rows.measured[slot * this.#channels + c]!;
        measured += this.#row.measured[c]!;
      }
      if (this.#write(slab, i, measured)) onWindow(this.#window(slab, i, asset, rows.at[slot]!));
    }
  }

  /** Gives out the row of the asset's open slot, if it has one; later readings of that slot count as repeated. */
  flush(place: number, asset: Asset): void {
    this.#close(this.#slab(place), place % SLAB_ASSETS, asset);
  }

  #slab(place: number): GridSlab {
    const index = Math.floor(place / SLAB_ASSETS);
    const known = this.#slabs[index];
    if (known !== undefined) return known;
    const made = createGridSlab(this.#channels, this.#length);
    this.#slabs[index] = made;
    return made;
  }

  #restart(slab: GridSlab, i: number, at: number): void {
    const from = i * this.#channels;
    slab.origin[i] = at;
    slab.held.fill(Number.NaN, from, from + this.#channels);
    slab.head[i] = 0;
    slab.length[i] = 0;
    slab.covered[i] = 0;
    slab.due[i] = this.#length;
    slab.lateRun[i] = 0;
    this.#open(slab, i, 0);
  }

  #open(slab: GridSlab, i: number, slot: number): void {
    const from = i * this.#channels;
    slab.slot[i] = slot;
    slab.state[i] = SLOT_OPEN;
    slab.filled[i] = 0;
    slab.counts.fill(0, from, from + this.#channels);
  }

  #clockWasSetBack(slab: GridSlab, i: number, at: number): boolean {
    const run = slab.lateRun[i]!;
    const last = slab.lateAt[i]!;
    slab.lateAt[i] = at;
    if (run === 0 || at < last) slab.lateRun[i] = 1;
    // Equal times, as of the channels of scalar topics, neither lengthen the run nor break it.
    else if (at > last) slab.lateRun[i] = run + 1;
    return slab.lateRun[i]! > 2 * this.#length;
  }

  #collect(slab: GridSlab, i: number, asset: Asset, sample: Sample): void {
    if (slab.state[i] === SLOT_CLOSED) {
      this.#counters.repeated += sample.count;
      return;
    }
    const from = i * this.#channels;
    for (let n = 0; n < sample.count; n++) {
      const c = from + sample.channels[n]!;
      const count = slab.counts[c]!;
      if (count === 0) {
        slab.sums[c] = sample.values[n]!;
        slab.counts[c] = 1;
        slab.filled[i]!++;
      } else if (this.#mean) {
        slab.sums[c]! += sample.values[n]!;
        slab.counts[c] = count + 1;
      } else {
        this.#counters.repeated++;
      }
    }
    if (!this.#mean && slab.filled[i] === this.#channels) this.#close(slab, i, asset);
  }

  #close(slab: GridSlab, i: number, asset: Asset): void {
    if (slab.state[i] !== SLOT_OPEN) return;
    slab.state[i] = SLOT_CLOSED;
    const from = i * this.#channels;
    for (let c = 0; c < this.#channels; c++) {
      const count = slab.counts[from + c]!;
      this.#row.measured[c] = count === 0 ? 0 : 1;
      if (count > 0) slab.held[from + c] = slab.sums[from + c]! / count;
    }
    this.#push(slab, i, asset, slab.slot[i]!, slab.filled[i]!);
  }

  #gap(slab: GridSlab, i: number, asset: Asset, slot: number): void {
    this.#row.measured.fill(0);
    this.#counters.gapRows++;
    this.#push(slab, i, asset, slot, 0);
  }

  /** Writes the row of `held` values and `#row.measured`, and gives out row and window. */
  #push(slab: GridSlab, i: number, asset: Asset, slot: number, measuredCount: number): void {
    const due = this.#write(slab, i, measuredCount);
    // All state is settled before a sink is called: one that throws leaves the grid sound.
    const at = slab.origin[i]! + slot * this.#every;
    this.#row.asset = asset;
    this.#row.at = at;
    this.#counters.rows++;
    this.#sinks.onRow(this.#row);
    if (!due) return;
    this.#counters.windows++;
    this.#sinks.onWindow(this.#window(slab, i, asset, at));
  }

  /** Writes the row into the ring; true when a window ends in it. */
  #write(slab: GridSlab, i: number, measuredCount: number): boolean {
    const channels = this.#channels;
    const length = this.#length;
    const row = this.#row;
    const head = slab.head[i]!;
    const full = slab.length[i] === length;
    const ring = i * 2 * length * channels;
    const low = ring + head * channels;
    const high = low + length * channels;
    let covered = slab.covered[i]! + measuredCount;
    for (let c = 0; c < channels; c++) {
      const value = slab.held[i * channels + c]!;
      const measured = row.measured[c]!;
      // The row that leaves the window stood here; before the ring is full, what stands here counts for nothing.
      if (full) covered -= slab.measured[low + c]!;
      row.values[c] = value;
      slab.values[low + c] = value;
      slab.values[high + c] = value;
      slab.measured[low + c] = measured;
      slab.measured[high + c] = measured;
    }
    const next = head + 1 === length ? 0 : head + 1;
    slab.head[i] = next;
    if (!full) slab.length[i]!++;
    slab.covered[i] = covered;
    slab.due[i]!--;
    const due = slab.due[i] === 0;
    if (due) slab.due[i] = this.#stride;
    return due;
  }

  /** The last T rows. */
  #window(slab: GridSlab, i: number, asset: Asset, at: number): Window {
    const size = this.#length * this.#channels;
    // The oldest of them stands where the next row will be written.
    const start = 2 * i * size + slab.head[i]! * this.#channels;
    return {
      asset,
      at,
      values: slab.values.subarray(start, start + size),
      measured: slab.measured.subarray(start, start + size),
      coverage: slab.covered[i]! / size,
    };
  }
}
