import type { StreamTrace } from './trace.ts';

/**
 * Metrics by their names in snake case. `f1`, `vus_pr`, `ap`, `event_recall` and `event_f1` are from 0 to 1; `far`,
 * `mar`, `fdr` and `normal_far` are percentages; `<name>_sd` is the spread over seeds. What a protocol lacks is absent.
 */
export type Metrics = Readonly<Record<string, number>>;

/** One detector a key: `forewarn`, and the reference rows `random`, `flag_all`, `zscore`, `pca`. */
export type MetricRows = Readonly<Record<string, Metrics>>;

export interface FileReport {
  readonly name: string;
  readonly rows: MetricRows;
}

/** Everything that `forewarn evaluate` found. */
export interface EvaluationReport {
  readonly protocol: string;
  /** What was chosen for this data, and how; values are JSON. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly rows: MetricRows;
  readonly files: readonly FileReport[];
  /** One for every test stream, of the first seed. */
  readonly traces: readonly StreamTrace[];
}
