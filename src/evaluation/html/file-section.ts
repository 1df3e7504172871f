import type { Metrics } from '../evaluation-report.ts';
import { segmentsOf } from '../segments.ts';
import type { StreamTrace, TracedAlert } from '../trace.ts';
import { html, type Markup, nothing } from './markup.ts';
import { metricColumns } from './metric-column.ts';
import type { ScoreAxis } from './score-axis.ts';
import { shareText, tracePlot } from './trace-plot.ts';

/** Alerts of one file beyond that many are counted, but neither marked nor listed. */
const mostAlerts = 200;

/** As many metrics as fit above a plot; the table of files has all. */
const mostFacts = 6;

/** Heading, figures, plot and alerts of one file. */
export function fileSection(trace: StreamTrace, metrics: Metrics, axis: ScoreAxis, id: string): Markup {
  return html`<section class="file" id="${id}" aria-labelledby="${id}-name">
<h3 id="${id}-name">${trace.name}</h3>
<p class="facts">${facts(trace, metrics).map((fact) => html`<span>${fact}</span> `)}</p>
${trace.score.length === 0 ? html`<p>This stream has no rows.</p>` : tracePlot({ ...trace, alerts: trace.alerts.slice(0, mostAlerts) }, axis)}
${alertTable(trace)}
</section>
`;
}

function facts(trace: StreamTrace, metrics: Metrics): string[] {
  const rows = trace.score.length;
  const known = metricColumns([{ forewarn: metrics }])
    .filter(({ key }) => Number.isFinite(metrics[key]))
    .slice(0, mostFacts)
    .map(({ key, title, format }) => `${title} ${format(metrics[key])}`);
  const tested = rows - Math.min(trace.firstTestRow, rows);
  return [`${rows.toLocaleString('en')} rows, ${tested.toLocaleString('en')} of them tested`, ...known];
}

function alertTable(trace: StreamTrace): Markup {
  const { alerts } = trace;
  if (alerts.length === 0) return html`<p class="note">No alert.</p>`;
  return html`<details class="alerts"><summary>${counted(alerts.length)}, by time and guilty channels</summary>
<div class="scroll" role="region" aria-label="Alerts of ${trace.name}" tabindex="0"><table><thead><tr><th scope="col">Alert</th><th scope="col">Raised (UTC)</th><th scope="col">Rows</th>${
    trace.labels === null ? nothing : html`<th scope="col">Labelled rows</th>`
  }<th scope="col" class="text">Channels</th></tr></thead><tbody>
${alerts.slice(0, mostAlerts).map((alert, i) => alertLine(trace, alert, i + 1))}</tbody></table></div></details>`;
}

function counted(alerts: number): string {
  if (alerts > mostAlerts) return `${alerts.toLocaleString('en')} alerts, the first ${mostAlerts}`;
  return `${alerts} alert${alerts === 1 ? '' : 's'}`;
}

function alertLine({ labels, at, score }: StreamTrace, alert: TracedAlert, number: number): Markup {
  const { raisedRow, clearedRow, channels } = alert;
  const end = clearedRow ?? score.length;
  const until = clearedRow === null ? 'end' : String(clearedRow);
  return html`<tr><th scope="row">${number}</th><td>${utc(at[raisedRow])}</td><td>${raisedRow} – ${until}</td>${
    labels === null ? nothing : html`<td>${overlapped(labels.subarray(raisedRow, end))}</td>`
  }<td class="text">${channels.map(shareText).join(', ')}</td></tr>
`;
}

function overlapped(labels: Uint8Array): string {
  const rows = segmentsOf(labels).reduce((sum, { start, end }) => sum + end - start, 0);
  return rows === 0 ? 'none' : `${rows} of ${labels.length}`;
}

function utc(epochMs: number): string {
  const time = new Date(epochMs);
  return Number.isNaN(time.getTime()) ? '–' : time.toISOString().slice(0, 19).replace('T', ' ');
}
