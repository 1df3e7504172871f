import type { EvaluationReport, MetricRows } from '../evaluation-report.ts';
import { segmentsOf } from '../segments.ts';
import type { StreamTrace } from '../trace.ts';
import { type MetricColumn, metricColumns } from './metric-column.ts';

/** By key, as a sentence says it. */
const references: Readonly<Record<string, string>> = {
  pca: 'PCA',
  zscore: 'z score',
  random: 'random scores',
};

/** The outcome in plain words: ranking and threshold against the references, then the false alarms. */
export function verdictSentence({ rows, traces }: EvaluationReport): string {
  const columns = metricColumns([rows]);
  const comparisons = ['vus_pr', 'f1']
    .map((key) => columns.find((column) => column.key === key))
    .map((column) => (column === undefined ? undefined : comparison(rows, column)))
    .filter((text) => text !== undefined);
  const outcome =
    comparisons.length === 0
      ? 'Nothing here compares Forewarn with PCA, z score or random scores'
      : `Forewarn ${comparisons.join(', and ')}`;
  return `${outcome}; ${falseAlarms(rows, traces)}.`;
}

function comparison(rows: MetricRows, { key, title, format }: MetricColumn): string | undefined {
  const own = rows.forewarn?.[key];
  if (own === undefined || !Number.isFinite(own)) return undefined;
  const beaten: string[] = [];
  const unbeaten: string[] = [];
  for (const [reference, name] of Object.entries(references)) {
    const value = rows[reference]?.[key];
    if (value === undefined || !Number.isFinite(value)) continue;
    // What reads as equal in the table is not a win.
    const wins = own > value && format(own) !== format(value);
    (wins ? beaten : unbeaten).push(`${name} (${format(value)})`);
  }
  if (beaten.length + unbeaten.length === 0) return undefined;
  const parts: string[] = [];
  if (beaten.length > 0) parts.push(`beats ${listed(beaten)}`);
  if (unbeaten.length > 0) parts.push(`does not beat ${listed(unbeaten)}`);
  const everyRow = rows.flag_all?.[key];
  const trivial =
    key === 'f1' && everyRow !== undefined && everyRow >= own
      ? `, where flagging every row would give ${format(everyRow)}`
      : '';
  return `${parts.join(' but ')} on ${title} with ${format(own)}${trivial}`;
}

function falseAlarms(rows: MetricRows, traces: readonly StreamTrace[]): string {
  const own = rows.forewarn ?? {};
  const parts: string[] = [];
  if (own.normal_far !== undefined) {
    parts.push(`it flags ${own.normal_far.toFixed(1)} % of the rows of data without any fault`);
  }
  if (own.far !== undefined) {
    parts.push(`${parts.length === 0 ? 'it flags ' : ''}${own.far.toFixed(1)} % of the normal rows`);
  }
  const judged = traces.filter(({ labels }) => labels !== null);
  if (judged.length > 0) {
    const total = judged.reduce((sum, trace) => sum + trace.alerts.length, 0);
    const wrong = judged.reduce((sum, trace) => sum + falseAlerts(trace), 0);
    parts.push(
      total === 0
        ? 'it raised no alert'
        : `${wrong === 0 ? 'none' : wrong} of its ${total} ${total === 1 ? 'alert' : 'alerts'} stood on normal rows only`,
    );
  }
  return parts.length === 0 ? 'without labels its false alarms cannot be counted' : listed(parts);
}

/** Alerts that stood over no labelled row. */
function falseAlerts({ alerts, labels, at }: StreamTrace): number {
  const events = segmentsOf(labels ?? new Uint8Array(0));
  return alerts.filter(({ raisedRow, clearedRow }) => {
    const cleared = clearedRow ?? at.length;
    return !events.some(({ start, end }) => start < cleared && end > raisedRow);
  }).length;
}

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1)}`;
}
