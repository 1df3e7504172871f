import { flagsOfRuns, sharedVectors } from './shared-vectors.ts';

interface BinaryCase {
  readonly pred_indices: readonly number[];
  readonly expected: Readonly<Record<string, number>> & {
    readonly PAK: Readonly<Record<string, number>>;
    readonly affiliation_individual_precision: readonly (number | null)[];
    readonly affiliation_individual_recall: readonly number[];
  };
}

interface RangeVectors {
  readonly binary_cases: {
    readonly n: number;
    readonly label_runs: readonly (readonly number[])[];
    readonly cases: Readonly<Record<string, BinaryCase>>;
  };
  readonly score_case: {
    readonly scores: readonly number[];
    readonly label_runs: readonly (readonly number[])[];
    readonly expected: Readonly<Record<string, Readonly<Record<string, number>>>>;
  };
  readonly tsb_001_NAB_zscore: {
    readonly n: number;
    readonly anomalies: number;
    readonly expected: Readonly<Record<string, number>>;
  };
}

export const rangeVectors = sharedVectors<RangeVectors>('range_metrics');

/** The 60-row cases with their arrays made; empty when the vectors are absent. */
export const binaryCases = Object.entries(rangeVectors?.binary_cases.cases ?? {}).map(
  ([name, { pred_indices: rows, expected }]) => ({
    name,
    labels: flagsOfRuns(rangeVectors!.binary_cases.n, rangeVectors!.binary_cases.label_runs),
    predictions: flagsOfRuns(
      rangeVectors!.binary_cases.n,
      rows.map((row) => [row, row]),
    ),
    expected,
  }),
);
