import type { Calibration, Detector, SourceKind } from './detector.ts';
import { type BaselineOptions, type Baselines, type Judge, moveBaseline } from './moving-baseline.ts';
import { smooth, squaredDistance } from './statistic.ts';

const slabAssets = 256;

/** One residual a source, length C, scaled, NaN = missing. */
export type ResidualsBySource = Readonly<Partial<Record<SourceKind, Float32Array>>>;

export interface Decision {
  /** 1.0 = threshold; the largest of the detectors' scores. */
  readonly value: number;
  /** The detector that gave it; its source says what was expected. */
  readonly detector: Detector;
}

/** Turns residuals into scores, asset by asset; holds C + 1 numbers an asset and detector, 2 C + 1 with a baseline. */
export interface Decider {
  /**
   * Takes an asset's next residuals and writes each channel's share into `attribution` (length C). Calls for one asset
   * must come in order of time, `sinceMs` after the one before, which only a moving baseline asks for.
   */
  decide(
    assetIndex: number,
    residuals: ResidualsBySource,
    attribution: Float32Array,
    sinceMs?: number,
  ): Decision;
  /** How far the baselines of all assets with a name have moved; copies, of those that have. */
  baselines(): Baselines;
  /** Forgets an asset's running means, after a gap that its past does not reach across; not its baseline. */
  reset(assetIndex: number): void;
}

/**
 * A calibration has at least one detector. `idOf` names the asset at an index, which is asked once an asset; without a name
 * it is one that the calibration does not know. With a `baseline` each asset's usual residual moves while it is normal, from
 * where `moved` has it on.
 */
export function createDecider(
  { detectors, assets = {} }: Calibration,
  idOf: (assetIndex: number) => string | undefined = () => undefined,
  baseline: BaselineOptions | null = null,
  moved: Baselines | null = null,
): Decider {
  const channels = detectors[0].mean.length;
  const states = detectors.map(() => createRunningMeans(channels + 1));
  const weighted = detectors.map(() => new Float32Array(channels));
  const offsets = baseline === null ? [] : detectors.map(() => createRunningMeans(channels));
  const aside = new Float32Array(channels);
  const ofClass: readonly Judge[] = detectors;
  const judges: (readonly Judge[] | undefined)[] = [];

  const judgesOf = (assetIndex: number): readonly Judge[] => {
    const id = idOf(assetIndex);
    if (id === undefined || !Object.hasOwn(assets, id)) return ofClass;
    return assets[id].map(({ mean, factor }, i) => {
      const { precision, threshold } = detectors[i];
      return { mean, precision, threshold: threshold / factor };
    });
  };

  const known = (assetIndex: number): readonly Judge[] => {
    const before = judges[assetIndex];
    if (before !== undefined) return before;
    const kept = moved?.get(idOf(assetIndex) ?? '') ?? [];
    for (const [i, offset] of offsets.entries())
      if (kept[i]?.length === channels) offset(assetIndex).set(kept[i]);
    judges[assetIndex] = judgesOf(assetIndex);
    return judges[assetIndex];
  };

  /** Valid until the next call. */
  const aboutBaseline = (assetIndex: number, i: number, judge: Judge): Judge => {
    if (baseline === null) return judge;
    const offset = offsets[i](assetIndex);
    for (let c = 0; c < channels; c++) aside[c] = judge.mean[c] + offset[c];
    return { ...judge, mean: aside };
  };

  const followAll = (
    assetIndex: number,
    own: readonly Judge[],
    options: BaselineOptions,
    sinceMs: number,
  ): void => {
    for (const [i, judge] of own.entries()) {
      const running = states[i](assetIndex).subarray(0, channels);
      moveBaseline(offsets[i](assetIndex), running, judge, options, sinceMs, aside);
    }
  };

  return {
    decide(assetIndex, residuals, attribution, sinceMs = 0) {
      const own = known(assetIndex);
      let value = Number.NEGATIVE_INFINITY;
      let leading = 0;
      for (const [i, detector] of detectors.entries()) {
        const state = states[i](assetIndex);
        const running = state.subarray(0, channels);
        smooth(running, residuals[detector.source]!, detector.smoothing);
        const square = squaredDistance(running, aboutBaseline(assetIndex, i, own[i]), weighted[i]);
        state[channels] += detector.energySmoothing * (square - state[channels]);
        const score = Math.sqrt(state[channels]) / own[i].threshold;
        if (score <= value) continue;
        value = score;
        leading = i;
      }
      const detector = detectors[leading];
      shareOut(weighted[leading], detector.precision, attribution);
      if (baseline !== null && value < 1) followAll(assetIndex, own, baseline, sinceMs);
      return { value, detector };
    },
    baselines() {
      // An asset that has been silent since keeps what it came with.
      const all = new Map(moved);
      for (const index of judges.keys()) {
        const id = judges[index] === undefined ? undefined : idOf(index);
        if (id === undefined) continue;
        const own = offsets.map((offset) => offset(index).slice());
        if (own.some((offset) => offset.some((value) => value !== 0))) all.set(id, own);
      }
      return all;
    },
    reset(assetIndex) {
      for (const state of states) state(assetIndex).fill(0);
    },
  };
}

/** `size` numbers an asset, 0 at first, in slabs that grow with the fleet. */
function createRunningMeans(size: number): (assetIndex: number) => Float32Array {
  const slabs: Float32Array[] = [];
  return (assetIndex) => {
    const slab = Math.floor(assetIndex / slabAssets);
    slabs[slab] ??= new Float32Array(slabAssets * size);
    const from = (assetIndex % slabAssets) * size;
    return slabs[slab].subarray(from, from + size);
  };
}

/**
 * Writes each channel's share of a distance. The measure is the reconstruction-based contribution of Alcala and Qin
 * (2009), by how much the distance falls when that one channel is set to what the others say: `(P r)_i^2 / P_ii`.
 * Where one sensor is wrong its share is the greatest for certain.
 */
function shareOut(weighted: Float32Array, precision: Float32Array, shares: Float32Array): void {
  const channels = weighted.length;
  let total = 0;
  for (let i = 0; i < channels; i++) {
    shares[i] = weighted[i] ** 2 / precision[i * channels + i];
    total += shares[i];
  }
  for (let i = 0; i < channels; i++) shares[i] = total > 0 ? shares[i] / total : 1 / channels;
}
