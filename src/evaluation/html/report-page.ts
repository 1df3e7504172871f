import type { EvaluationReport } from '../evaluation-report.ts';
import type { StreamTrace } from '../trace.ts';
import { curveChart } from './curve-chart.ts';
import { fileSection } from './file-section.ts';
import { html, Markup, nothing } from './markup.ts';
import { detectorTable, fileTable } from './metric-tables.ts';
import { pageScript } from './page-script.ts';
import { pageStyle } from './page-style.ts';
import { scoreAxis } from './score-axis.ts';
import { settingsTable } from './settings-table.ts';
import { thresholdCurve } from './threshold-curve.ts';
import { verdictSentence } from './verdict-sentence.ts';

/**
 * The report as one HTML file that needs nothing else: no network, no second file. Plots are plain SVG with small
 * images inside; the only script sorts the table of files, and without it the page still shows everything.
 */
export function renderReportPage(report: EvaluationReport): string {
  const { protocol, rows, files, traces, settings } = report;
  const anchors = new Map(traces.map(({ name }, i) => [name, `file-${i + 1}`]));
  const curve = thresholdCurve(traces);
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>Forewarn on ${protocol}</title>
<style>${new Markup(pageStyle)}</style>
</head>
<body style="--gutter: ${gutter(traces)}">
<header><h1>Forewarn on ${protocol}</h1>
<p class="verdict">${verdictSentence(report)}</p></header>
<main>
<section aria-labelledby="all"><h2 id="all">All detectors</h2>${detectorTable(rows)}</section>
${
  curve === undefined
    ? nothing
    : html`<section aria-labelledby="tradeoff"><h2 id="tradeoff">F1 against false alarms</h2>${curveChart(curve, rows)}</section>`
}
${
  files.length === 0
    ? nothing
    : html`<section aria-labelledby="by-file"><h2 id="by-file">File by file</h2>${fileTable(files, anchors)}</section>`
}
${traces.length === 0 ? nothing : plots(report)}
<section aria-labelledby="chosen"><h2 id="chosen">Settings</h2>${settingsTable(settings)}</section>
</main>
<script>${new Markup(pageScript)}</script>
</body>
</html>
`.text;
}

function plots({ files, traces }: EvaluationReport): Markup {
  const axis = scoreAxis(traces);
  const metrics = new Map(files.map(({ name, rows }) => [name, rows.forewarn ?? {}]));
  return html`<section aria-labelledby="plots"><h2 id="plots">Scores and attribution</h2>
<ul class="key">
<li><i class="threshold"></i>threshold, 1.0</li><li><i class="label"></i>labelled as faulty</li>
<li><i class="training"></i>trained on, or before the first window</li><li><i class="flagged"></i>an alert stood</li>
<li><i class="alert"></i>alert raised, with its number and guiltiest channel</li><li><i class="map"></i>a channel's share of the score, 0 to 100 %</li>
</ul>
<p class="note">Scores are on a logarithmic axis from ${axis.low} to ${axis.high} and drawn at its edge beyond that. Where rows share a pixel the lowest and the highest score are drawn, and the map shows the row of the highest; below the threshold it fades with the score.</p>
${traces.map((trace, i) => fileSection(trace, metrics.get(trace.name) ?? {}, axis, `file-${i + 1}`))}</section>`;
}

/** Room for the longest name of a channel, within limits, left of all plots so that they line up. */
function gutter(traces: readonly StreamTrace[]): string {
  const longest = Math.max(0, ...traces.flatMap(({ channels }) => channels.map((name) => name.length)));
  return `clamp(4.5rem, ${Math.round(longest * 7 + 12)}px, min(12rem, 31vw))`;
}
