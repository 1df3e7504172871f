import type { Calibration, Detector, SourceKind } from './detector.ts';
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

/** Turns residuals into scores, asset by asset; holds C + 1 numbers an asset and detector. */
export interface Decider {
  /**
   * Takes an asset's next residuals and writes each channel's share into `attribution` (length C). Calls for one asset
   * must come in order of time.
   */
  decide(assetIndex: number, residuals: ResidualsBySource, attribution: Float32Array): Decision;
  /** Forgets an asset's running means, after a gap that its past does not reach across. */
  reset(assetIndex: number): void;
}

/** A detector as it judges one asset. */
interface Judge {
  readonly mean: Float32Array;
  readonly precision: Float32Array;
  /** The statistic that counts as score 1.0. */
  readonly threshold: number;
}

/**
 * A calibration has at least one detector. `idOf` names the asset at an index, which is asked once an asset; without a name
 * it is one that the calibration does not know.
 */
export function createDecider(
  { detectors, assets = {} }: Calibration,
  idOf: (assetIndex: number) => string | undefined = () => undefined,
): Decider {
  const channels = detectors[0].mean.length;
  const states = detectors.map(() => createRunningMeans(channels + 1));
  const weighted = detectors.map(() => new Float32Array(channels));
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

  return {
    decide(assetIndex, residuals, attribution) {
      judges[assetIndex] ??= judgesOf(assetIndex);
      const own = judges[assetIndex];
      let value = Number.NEGATIVE_INFINITY;
      let leading = 0;
      for (const [i, detector] of detectors.entries()) {
        const state = states[i](assetIndex);
        const running = state.subarray(0, channels);
        smooth(running, residuals[detector.source]!, detector.smoothing);
        const square = squaredDistance(running, own[i], weighted[i]);
        state[channels] += detector.energySmoothing * (square - state[channels]);
        const score = Math.sqrt(state[channels]) / own[i].threshold;
        if (score <= value) continue;
        value = score;
        leading = i;
      }
      const detector = detectors[leading];
      shareOut(weighted[leading], detector.precision, attribution);
      return { value, detector };
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
