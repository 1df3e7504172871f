import type { EvaluationReport, MetricRows, Metrics } from '../evaluation/evaluation-report.ts';

/** What people read first, in this order; the JSON has all of it. */
const shown = [
  'f1',
  'far',
  'mar',
  'normal_far',
  'fdr',
  's',
  'nab_standard',
  'nab_low_fp',
  'nab_low_fn',
  'nab_oracle_standard',
  'vus_pr',
  'ap',
  'event_recall',
  'event_f1',
  'false_events_per_day',
  'delay_median',
] as const;
const headings: Readonly<Record<string, string>> = {
  far: 'far %',
  mar: 'mar %',
  normal_far: 'normal_far %',
  fdr: 'fdr %',
  false_events_per_day: 'false/day',
  delay_median: 'delay rows',
};
/** What a detector is judged by here, higher being better; of those, what the protocol has. */
const decisive = ['vus_pr', 'f1', 'fdr', 's', 'nab_standard'];
/** The detectors that a model must beat to be worth its cost. */
const rivals = ['pca', 'zscore'];

/** The report for people: detectors side by side, the files of Forewarn, and whether it was worth it. */
export function formatEvaluation(report: EvaluationReport): string[] {
  const { protocol, settings, rows, files } = report;
  const [own] = Object.keys(rows);
  const fileRows = Object.fromEntries(files.map((file) => [file.name, file.rows[own] ?? {}]));
  return [
    `${protocol}: ${String(settings.about)}`,
    `VUS-PR with L = ${String(settings.vus_window)} rows; seeds: ${String(settings.seeds)}; ${Math.round(Number(settings.seconds))} s`,
    '',
    ...table(rows, ''),
    '',
    ...table(fileRows, `${own} by file`),
    '',
    ...untrainedLines(settings.untrained),
    ...rivals.map((rival) => verdict(rival, rows[own], rows[rival])),
  ];
}

function table(rows: MetricRows, corner: string): string[] {
  const metrics = shown.filter((name) => Object.values(rows).some((row) => name in row));
  const cells = [
    [corner, ...metrics.map((name) => headings[name] ?? name)],
    ...Object.entries(rows).map(([detector, row]) => [detector, ...metrics.map((name) => cell(row, name))]),
  ];
  const widths = cells[0].map((_, column) => Math.max(...cells.map((line) => line[column].length)));
  return cells.map((line) =>
    line
      .map((text, column) => (column === 0 ? text.padEnd(widths[0]) : text.padStart(widths[column])))
      .join('  ')
      .trimEnd(),
  );
}

function cell(row: Metrics, name: string): string {
  const value = row[name];
  if (value === undefined) return '-';
  const spread = row[`${name}_sd`];
  return spread === undefined ? number(value) : `${number(value)} ±${number(spread)}`;
}

function number(value: number): string {
  if (Math.abs(value) < 10) return value.toFixed(3);
  return value.toFixed(Math.abs(value) < 1000 ? 1 : 0);
}

function untrainedLines(untrained: unknown): string[] {
  const names = Object.keys((untrained ?? {}) as object);
  if (names.length === 0) return [];
  return [`Too few rows for a model, and so silent: ${names.join(', ')}.`];
}

function verdict(rival: string, own: Metrics | undefined, other: Metrics | undefined): string {
  if (own === undefined || other === undefined) return `There is no row of ${rival} to compare with.`;
  const common = decisive.filter((name) => name in own && name in other);
  const pair = (name: string) => `${name} ${number(own[name])} against ${number(other[name])}`;
  const lost = common.filter((name) => own[name] <= other[name]);
  if (lost.length === 0) return `Forewarn beats ${rival} by every measure: ${common.map(pair).join(', ')}.`;
  return `Forewarn DOES NOT BEAT ${rival} by ${lost.map(pair).join(', ')}.`;
}
