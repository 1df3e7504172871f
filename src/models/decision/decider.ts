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
  const { mean, deviation, smoothing, threshold } = calibration;
  const channels = mean.length;
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
      const value = statistic(running, mean, deviation) / threshold;
      let total = 0;
      for (let channel = 0; channel < channels; channel++) {
        attribution[channel] = ((running[channel] - mean[channel]) / deviation[channel]) ** 2;
        total += attribution[channel];
      }
      for (let channel = 0; channel < channels; channel++) {
        attribution[channel] = total > 0 ? attribution[channel] / total : 1 / channels;
      }
      return value;
    },
    reset(assetIndex) {
      runningOf(assetIndex).fill(0);
    },
  };
}
