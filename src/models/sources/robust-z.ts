import type { LinearSource } from './linear-source.ts';

/**
 * Predicts that each channel reads what it usually does: the mean of its scaled readings, which clipping keeps from
 * being ruled by wild ones. The median, 0, would do as well but for residuals whose mean is not 0: a smoothed one
 * begins at 0. `runs` are `[n x C]`, scaled, NaN = missing. A channel never read is expected at 0.
 */
export function fitRobustZ(runs: readonly Float32Array[], channels: number): LinearSource {
  const sums = new Float64Array(channels);
  const counts = new Float64Array(channels);
  for (const run of runs) {
    for (let at = 0; at < run.length; at++) {
      if (Number.isNaN(run[at])) continue;
      sums[at % channels] += run[at];
      counts[at % channels]++;
    }
  }
  const offset = Float32Array.from(sums, (sum, channel) => sum / Math.max(1, counts[channel]));
  return { kind: 'robust_z', now: null, before: null, offset };
}
