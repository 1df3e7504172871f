import type { MetricRows } from '../evaluation-report.ts';

/** How a metric is headed, explained, written and compared. */
export interface MetricColumn {
  readonly key: string;
  readonly title: string;
  readonly meaning: string;
  /** `undefined` where neither more nor less is better, or nobody knows. */
  readonly better: 'higher' | 'lower' | undefined;
  readonly format: (value: number) => string;
}

const rate = (value: number) => value.toFixed(3);
const points = (value: number) => value.toFixed(1);
const percentage = (value: number) => `${value.toFixed(1)} %`;
const plain = (value: number) =>
  Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(3)));

type Known = Omit<MetricColumn, 'key'>;
const higher = (title: string, meaning: string, format = rate): Known => ({
  title,
  meaning,
  better: 'higher',
  format,
});
const lower = (title: string, meaning: string, format = percentage): Known => ({
  title,
  meaning,
  better: 'lower',
  format,
});

/** In the order of the columns: what decides comes first. */
const known: Readonly<Record<string, Known>> = {
  vus_pr: higher(
    'VUS-PR',
    'Volume under the precision-recall surface: how well the score ranks faulty rows above normal ones, without a threshold and forgiving at the edges. From 0 to 1.',
  ),
  f1: higher('F1', 'Harmonic mean of precision and recall over single rows, nothing adjusted. From 0 to 1.'),
  far: lower('FAR', 'False alarm rate: share of the normal rows that are flagged.'),
  mar: lower('MAR', 'Missed alarm rate: share of the faulty rows that are not flagged.'),
  normal_far: lower('FAR, healthy', 'Share of the rows flagged on data that has no fault at all.'),
  fdr: higher('FDR', 'Fault detection rate: share of the faulty rows that are flagged.', percentage),
  s: higher('S', 'BATADAL score: mean of time to detection and classification. From 0 to 1.'),
  nab_standard: higher(
    'NAB',
    'Score of the Numenta benchmark, standard profile. Silence is 0, perfect is 100.',
    points,
  ),
  nab_low_fp: higher('NAB, low FP', 'NAB score of the profile in which false alarms cost more.', points),
  nab_low_fn: higher('NAB, low FN', 'NAB score of the profile in which missed windows cost more.', points),
  nab_oracle_standard: higher(
    'NAB, oracle',
    'NAB score at the threshold that was best for it, chosen with the labels; standard profile.',
    points,
  ),
  event_recall: higher(
    'Event recall',
    'Share of the faulty stretches in which a row is flagged. From 0 to 1.',
  ),
  event_f1: higher(
    'Event F1',
    'Harmonic mean of event recall and the precision over single rows. From 0 to 1.',
  ),
  false_events_per_day: lower(
    'False alarms a day',
    'Flagged stretches that touch no faulty row, for each day of normal time.',
    plain,
  ),
  delay_median: lower(
    'Delay, rows',
    'Rows from the start of a fault to the first flagged row: median of the faults that were found.',
    plain,
  ),
  delay_median_s: lower('Delay, s', 'The same delay in seconds.', plain),
  ap: higher('AP', 'Average precision: area under the precision-recall curve over single rows. From 0 to 1.'),
  precision: higher('Precision', 'Share of the flagged rows that are faulty. From 0 to 1.'),
  recall: higher('Recall', 'Share of the faulty rows that are flagged. From 0 to 1.'),
  changepoints_missed: lower('Changes missed', 'Change points without an alarm in their window.', plain),
  changepoints_false: lower('Changes false', 'Alarms outside the windows of all change points.', plain),
};

/** The metrics that any of the rows has, known ones first and in their own order; a spread `<name>_sd` is no column. */
export function metricColumns(rows: Iterable<MetricRows>): MetricColumn[] {
  const keys = new Set<string>();
  for (const set of rows) {
    for (const metrics of Object.values(set)) {
      for (const key of Object.keys(metrics)) if (!isSpread(key, metrics)) keys.add(key);
    }
  }
  const order = [...Object.keys(known).filter((key) => keys.has(key)), ...keys];
  return [...new Set(order)].map((key) => ({
    key,
    ...(Object.hasOwn(known, key) ? known[key] : unexplained(key)),
  }));
}

function isSpread(key: string, metrics: object): boolean {
  return key.endsWith('_sd') && Object.hasOwn(metrics, key.slice(0, -'_sd'.length));
}

function unexplained(key: string): Known {
  const words = key.replaceAll('_', ' ');
  const title = words.charAt(0).toUpperCase() + words.slice(1);
  return { title, meaning: `${title}, as the protocol defines it.`, better: undefined, format: plain };
}

/** The best of the values, or `undefined` where nothing can be compared. */
export function bestValue(column: MetricColumn, values: readonly number[]): number | undefined {
  const numbers = values.filter((value) => Number.isFinite(value));
  if (column.better === undefined || new Set(numbers).size < 2) return undefined;
  return column.better === 'higher' ? Math.max(...numbers) : Math.min(...numbers);
}

const rowNames: Readonly<Record<string, string>> = {
  forewarn: 'Forewarn',
  random: 'Random scores',
  flag_all: 'Flag every row',
  zscore: 'z score',
  pca: 'PCA',
};

/** What a reader calls a detector; unknown ones keep their name. */
export function detectorTitle(key: string): string {
  return Object.hasOwn(rowNames, key) ? rowNames[key] : key.replaceAll('_', ' ');
}
