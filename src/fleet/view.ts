import type { Asset, Channel, UnknownReason } from '../types.ts';
import { newestOutcome, newestSlot, type Outcome, outcomes, ringSlots, SILENT, type Slab } from './slab.ts';

/** How an asset stands, for people. `unknown` has its reason beside it; before the first verdict it warms up. */
export type AssetState = (typeof assetStates)[number];
export const assetStates = ['learning', 'warming_up', 'normal', 'anomalous', 'unknown', 'silent'] as const;

export interface AssetView {
  readonly asset: Asset;
  readonly state: AssetState;
  /** Why the last window has no score; null when it has one or when there was none. */
  readonly reason: UnknownReason | null;
  /** Id of its firing alert, the model's before the silence's, and that before one of a limit. */
  readonly alert: string | null;
  /** Event time of the last row, and wall time of its arrival. */
  readonly lastRowAt: number | null;
  readonly lastSeenAt: number;
  /** Value and time of the last score, however old. */
  readonly score: number | null;
  readonly scoredAt: number | null;
  readonly model: string | null;
  readonly rows: number;
  readonly windows: number;
  readonly anomalousWindows: number;
}

/** All arrays are copies; those of channels are in the order of `channels`, NaN where there is no value. */
export interface AssetDetail extends AssetView {
  readonly channels: readonly Channel[];
  /** What gave the last score, such as `network shift`; null before the first. */
  readonly detector: string | null;
  /** What the last score said of each channel; null before the first. */
  readonly evidence: {
    readonly attribution: Float32Array;
    readonly expected: Float32Array;
    readonly actual: Float32Array;
  } | null;
  /** Oldest first. */
  readonly lastRows: readonly {
    readonly at: number;
    readonly values: Float32Array;
    readonly measured: Uint8Array;
  }[];
  /** Oldest first; `value` is null where the window has no score. */
  readonly lastScores: readonly {
    readonly at: number;
    readonly value: number | null;
    readonly outcome: Outcome;
  }[];
}

/** Silence outranks the last verdict, which is then old. */
export function stateOf(slab: Slab, place: number): AssetState {
  if (slab.silence[place] === SILENT) return 'silent';
  const newest = newestOutcome(slab, place);
  if (newest === null) return 'warming_up';
  return newest === 'low_coverage' || newest === 'overloaded' || newest === 'engine_failed'
    ? 'unknown'
    : newest;
}

/** One asset in brief; `alert` is the id of its firing alert. */
export function viewOf(slab: Slab, place: number, alert: string | null): AssetView {
  const newest = newestOutcome(slab, place);
  const scored = !Number.isNaN(slab.score[place]);
  return {
    asset: slab.assets[place],
    state: stateOf(slab, place),
    reason: newest === 'normal' || newest === 'anomalous' ? null : newest,
    alert,
    lastRowAt: slab.rows[place] === 0 ? null : slab.rowAt[newestSlot(slab, place, slab.rowHead)],
    lastSeenAt: slab.arrivedAt[place],
    score: scored ? slab.score[place] : null,
    scoredAt: scored ? slab.scoredAt[place] : null,
    model: slab.models[place],
    rows: slab.rows[place],
    windows: slab.windows[place],
    anomalousWindows: slab.anomalous[place],
  };
}

/** One asset in full. */
export function detailOf(
  slab: Slab,
  place: number,
  alert: string | null,
  channels: readonly Channel[],
): AssetDetail {
  const view = viewOf(slab, place, alert);
  const width = slab.channels;
  const evidence = slab.evidence.slice(place * 3 * width, (place + 1) * 3 * width);
  const part = (i: number) => evidence.subarray(i * width, (i + 1) * width);
  const detector = slab.detectors[place];
  return {
    ...view,
    channels,
    detector: detector ? `${detector.source} ${detector.kind}` : null,
    evidence: view.score === null ? null : { attribution: part(0), expected: part(1), actual: part(2) },
    lastRows: ringSlots(slab, place, slab.rows, slab.rowHead).map((slot) => ({
      at: slab.rowAt[slot],
      values: slab.values.slice(slot * width, (slot + 1) * width),
      measured: slab.measured.slice(slot * width, (slot + 1) * width),
    })),
    lastScores: ringSlots(slab, place, slab.windows, slab.windowHead).map((slot) => ({
      at: slab.windowAt[slot],
      value: Number.isNaN(slab.scores[slot]) ? null : slab.scores[slot],
      outcome: outcomes[slab.outcomes[slot] - 1],
    })),
  };
}
