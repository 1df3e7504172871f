import type { DataFolder } from './data-folder.ts';
import type { Metrics } from './evaluation-report.ts';

/** One recorded asset: `n` rows, of which the first `trainRows` are normal and trained on. */
export interface LabelledStream {
  readonly name: string;
  /** Epoch milliseconds, rising. */
  readonly at: Float64Array;
  /** One array of `n` values a channel, NaN where missing. */
  readonly values: readonly Float64Array[];
  readonly trainRows: number;
  /** `test` rows are scored against their labels; `normal` rows measure false alarms alone; `train` has no others. */
  readonly role: 'train' | 'test' | 'normal';
  /** 0 or 1 a row; all 0 where nothing is labelled. */
  readonly labels: Uint8Array;
  /** SKAB's second kind of label; null elsewhere. */
  readonly changepoints: Uint8Array | null;
}

/** Streams that one model is trained on and scores. */
export interface EvaluationGroup {
  readonly name: string;
  readonly channels: readonly string[];
  readonly sampleEveryMs: number;
  readonly streams: readonly LabelledStream[];
}

/** A group that is read when its turn comes, so that a large data set is never in memory as a whole. */
export interface GroupSource {
  readonly name: string;
  load(): EvaluationGroup;
}

/** What a detector said of the rows of a stream behind its training rows; arrays of length `m`. */
export interface JudgedStream {
  readonly name: string;
  readonly role: 'test' | 'normal';
  readonly at: Float64Array;
  readonly labels: Uint8Array;
  readonly changepoints: Uint8Array | null;
  /** Labels of the training rows before. */
  readonly trainLabels: Uint8Array;
  /** What one row stands for. */
  readonly rowMs: number;
  /** 1.0 is the detector's threshold; 0 where it said nothing. */
  readonly scores: Float64Array;
  /** 1 where an alert stood after the row. */
  readonly flags: Uint8Array;
}

/** How one public data set is cut and scored. Pure: files come from the folder that it is given. */
export interface Protocol {
  readonly name: string;
  /** Names of the data set's folder, in lower case. */
  readonly folders: readonly string[];
  /** L of VUS-PR, in rows. */
  readonly vusWindow: number;
  /** Totals from the rows of all files together, or as means over files. */
  readonly average: 'pooled' | 'files';
  /** What the report says of the protocol. */
  readonly about: string;
  /** Throws `EVALUATION_DATA_MISSING` or `EVALUATION_DATA_UNREADABLE`. `timeOf` reads ISO 8601. */
  groups(data: DataFolder, timeOf: (text: string) => number): readonly GroupSource[];
  /** The data set's own score, of one file and of all; it wins over a metric of the same name. */
  ownFile?(stream: JudgedStream): Metrics;
  ownTotal?(streams: readonly JudgedStream[]): Metrics;
}

/** Times of made-up clocks start here: 2020-01-01. */
const clockStartAt = 1_577_836_800_000;

/** A regular made-up clock for data without time stamps, or with stamps that repeat. */
export function regularTimes(rows: number, everyMs: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => clockStartAt + row * everyMs);
}

/** Median positive step between rows in whole milliseconds; 1000 where there is none. */
export function medianStep(at: Float64Array): number {
  const steps = at
    .slice(1)
    .map((value, row) => value - at[row])
    .filter((step) => step > 0)
    .sort();
  return Math.max(1, Math.round(steps[steps.length >> 1] ?? 1000));
}
