import type { NetworkSpec } from '../spec.ts';
import type { DetectorKind, SourceKind } from './detector.ts';

/** One detector to be calibrated. */
export interface DetectorPlan {
  readonly source: SourceKind;
  readonly kind: DetectorKind;
  readonly smoothing: number;
  readonly energySmoothing: number;
  /** Times the margin of the threshold. */
  readonly caution: number;
  /** Added to it for want of data: this over the root of the number of normal windows. */
  readonly want: number;
}

/** Rows that a burst is averaged over, as a weight: about five. */
const burstSmoothing = 0.3;

/**
 * Innovations (what a forecast from the rows before misses) hardly depend on each other when all is well, so both kinds
 * of detector hold on them. What a model of levels misses wanders with load, season and wear: there a shift alone means
 * something, and only a larger one. On 400 rows of SKAB's anomaly-free file what follows goes 2 to 3 times as far as what
 * was, on 16,000 rows of a server it does not: hence the part for want of data. Both were chosen on parts of SKAB, Tennessee
 * Eastman and SMD with a look at their labels; `docs/evaluation.md` says how.
 */
export function detectorPlans(
  sources: readonly SourceKind[],
  network: NetworkSpec['kind'],
  smoothing: number,
): DetectorPlan[] {
  return sources.flatMap((source): DetectorPlan[] => {
    const forecasts =
      source === 'vector_autoregression' || (source === 'network' && network === 'lstm_forecaster');
    const shift = { source, kind: 'shift', smoothing, energySmoothing: 1 } as const;
    if (!forecasts) return [{ ...shift, caution: 2, want: 60 }];
    const burst = { source, kind: 'burst', smoothing: 1, energySmoothing: burstSmoothing } as const;
    return [
      { ...shift, caution: 1.4, want: 40 },
      { ...burst, caution: 1, want: 47 },
    ];
  });
}
