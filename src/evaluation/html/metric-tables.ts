import type { FileReport, MetricRows, Metrics } from '../evaluation-report.ts';
import { html, type Markup, nothing } from './markup.ts';
import { bestValue, detectorTitle, type MetricColumn, metricColumns } from './metric-column.ts';

/** One line a detector, one column a metric; the best of each column is marked. */
export function detectorTable(rows: MetricRows): Markup {
  const columns = metricColumns([rows]);
  const best = columns.map((column) =>
    bestValue(
      column,
      Object.values(rows).map((metrics) => metrics[column.key] ?? Number.NaN),
    ),
  );
  const lines = Object.entries(rows).map(
    ([key, metrics]) => html`<tr${key === 'forewarn' ? html` class="own"` : nothing}>
<th scope="row">${detectorTitle(key)}</th>${columns.map((column, i) => metricCell(column, metrics, best[i]))}</tr>
`,
  );
  return html`<div class="scroll" role="region" aria-label="All detectors" tabindex="0"><table id="detectors">
<thead><tr><th scope="col">Detector</th>${columns.map(
    (column) => html`<th scope="col"><abbr title="${column.meaning}">${column.title}</abbr></th>`,
  )}</tr></thead>
<tbody>${lines}</tbody></table></div>
<p class="note"><b class="star">★</b> is the best of a column. Metrics that flagging every row wins say little alone.</p>
<details><summary>What the columns mean</summary><dl class="meanings">${columns.map(
    (column) => html`<div><dt>${column.title}</dt><dd>${column.meaning}</dd></div>`,
  )}</dl></details>`;
}

function metricCell(column: MetricColumn, metrics: Metrics, best: number | undefined): Markup {
  const value = metrics[column.key] ?? Number.NaN;
  if (!Number.isFinite(value)) return html`<td>–</td>`;
  const spread = metrics[`${column.key}_sd`];
  const deviation =
    spread === undefined ? nothing : html` <span class="spread">± ${column.format(spread)}</span>`;
  if (value !== best) return html`<td>${column.format(value)}${deviation}</td>`;
  return html`<td class="best"><span class="star" role="img" aria-label="best">★</span> ${column.format(value)}${deviation}</td>`;
}

/** References that stand beside Forewarn in the table of files, and by which metrics. */
const beside = { detectors: ['pca'], metrics: ['vus_pr', 'f1'] };

/**
 * One line a file with Forewarn's metrics and, for comparison, PCA's; every heading sorts. `anchors` maps the name of
 * a file to the id of its plot.
 */
export function fileTable(files: readonly FileReport[], anchors: ReadonlyMap<string, string>): Markup {
  const own = metricColumns(files.map(({ rows }) => ({ forewarn: rows.forewarn ?? {} })));
  const columns = [
    ...own.map((column) => ({ column, detector: 'forewarn', title: column.title })),
    ...beside.detectors.flatMap((detector) =>
      own
        .filter(({ key }) => beside.metrics.includes(key))
        .filter(({ key }) => files.some(({ rows }) => rows[detector]?.[key] !== undefined))
        .map((column) => ({ column, detector, title: `${detectorTitle(detector)} ${column.title}` })),
    ),
  ];
  const lines = files.map(
    ({
      name,
      rows,
    }) => html`<tr><th scope="row" data-value="${name}">${linked(name, anchors)}</th>${columns.map(
      ({ column, detector }) => fileCell(column, rows[detector]?.[column.key] ?? Number.NaN),
    )}</tr>
`,
  );
  return html`<div class="scroll" role="region" aria-label="Results by file" tabindex="0"><table id="files" class="sortable">
<thead><tr><th scope="col" aria-sort="none"><button type="button">File</button></th>${columns.map(
    ({ column, title }) =>
      html`<th scope="col" aria-sort="none"><button type="button" title="${column.meaning}">${title}</button></th>`,
  )}</tr></thead>
<tbody>${lines}</tbody></table></div>`;
}

function fileCell(column: MetricColumn, value: number): Markup {
  if (!Number.isFinite(value)) return html`<td data-value="">–</td>`;
  return html`<td data-value="${value}">${column.format(value)}</td>`;
}

function linked(name: string, anchors: ReadonlyMap<string, string>): Markup {
  const anchor = anchors.get(name);
  return anchor === undefined ? html`${name}` : html`<a href="#${anchor}">${name}</a>`;
}
