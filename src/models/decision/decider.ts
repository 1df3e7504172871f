import { type Calibration, smooth, statistic } from './calibration.ts';

const slabAssets = 256;

/** Turns residuals into scores, asset by asset; holds one running mean of C numbers an asset. */
export interface Decider {
  /**
   * Takes the asset's next residual (length C, scaled, NaN = missing) and writes each channel's share into
   * `attribution`. Gives the score, 1.0 = threshold. Calls for one asset must come in order of time.
   */
  decide(assetIndex: number, residual: Float32Array, attribution: Float32Array): number;
  /** Forgets an asset's running mean, after a gap that its past does not reach across. */
  reset(assetIndex: number): void;
}

export function createDecider(calibration: Calibration): Decider {
  const { mean, deviation, precision, smoothing, threshold } = calibration;
  const channels = mean.length;
  const standardised = new Float32Array(channels);
  const slabs: Float32Array[] = [];

  const runningOf = (assetIndex: number): Float32Array => {
    const slab = Math.floor(assetIndex / slabAssets);
    slabs[slab] ??= new Float32Array(slabAssets * channels);
    const from = (assetIndex % slabAssets) * channels;
    return slabs[slab].subarray(from, from + channels);
  };

  return {
    decide(assetIndex, residual, attribution) {
      const running = runningOf(assetIndex);
      smooth(running, residual, smoothing);
      for (let channel = 0; channel < channels; channel++) {
        standardised[channel] = (running[channel] - mean[channel]) / deviation[channel];
      }
      const value = statistic(standardised, precision, attribution) / threshold;
      shareOut(attribution, precision);
      return value;
    },
    reset(assetIndex) {
      runningOf(assetIndex).fill(0);
    },
  };
}

/**
 * Turns `precision * residual` into each channel's share. The measure is the reconstruction-based contribution of
 * Alcala and Qin (2009), by how much the statistic falls when that one channel is set to what the others say:
 * `(P r)_i^2 / P_ii`. Where one sensor is wrong its share is the greatest for certain.
 */
function shareOut(weighted: Float32Array, precision: Float32Array): void {
  const channels = weighted.length;
  let total = 0;
  for (let i = 0; i < channels; i++) {
    weighted[i] = weighted[i] ** 2 / precision[i * channels + i];
    total += weighted[i];
  }
  for (let i = 0; i < channels; i++) weighted[i] = total > 0 ? weighted[i] / total : 1 / channels;
}
