import { sharedVectors } from './shared-vectors.ts';

interface SkabDetector {
  readonly expected: {
    readonly outlier: { readonly F1: number; readonly FAR_pct: number; readonly MAR_pct: number };
    readonly changepoint: {
      readonly nab_standard: number;
      readonly nab_lowFP: number;
      readonly nab_lowFN: number;
      readonly missed_cps: number;
      readonly fps: number;
      readonly true_cps: number;
      readonly mean_delay_s: number | null;
    };
  };
  readonly per_file: Readonly<
    Record<
      string,
      {
        readonly n: number;
        readonly TP: number;
        readonly FP: number;
        readonly FN: number;
        readonly TN: number;
      }
    >
  >;
  readonly flagged_runs_in_test_index: Readonly<Record<string, readonly (readonly number[])[]>>;
}

/** Simple detectors on SKAB's 34 files; the runs of `perfect` are the labels. */
export const skabDetectors = sharedVectors<{ readonly detectors: Readonly<Record<string, SkabDetector>> }>(
  'skab_simple_detectors',
)?.detectors;
