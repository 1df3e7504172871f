import { type Segment, segmentsOf } from '../segments.ts';
import type { StreamTrace } from '../trace.ts';
import { attributionImage } from './attribution-map.ts';
import { columnExtremes, columnFlags } from './column-extremes.ts';
import { html, Markup, nothing } from './markup.ts';
import type { ScoreAxis } from './score-axis.ts';

/** Pixel columns of a plot; more rows than that share columns. */
const maxColumns = 900;
/** Height of the score's drawing in its own units; its width is the number of rows. */
const drawingHeight = 1000;
/** Above that many channels the lines of the map are too thin for names. */
const mostNames = 60;
/** Shares of the width that an alert's number and the name of its channel take at most. */
const roomForName = 0.16;
const roomForNumber = 0.03;

/**
 * The plot of one file: score, lanes of labelled, flagged and unknown rows, attribution. Everything is placed in rows
 * or in per cent, so that it stretches to any width while texts and strokes keep their size.
 */
export function tracePlot(trace: StreamTrace, axis: ScoreAxis): Markup {
  const rows = trace.score.length;
  return html`<figure class="plot">
${scorePlot(trace, axis, rows)}
${lanes(trace, rows)}
${attributionMap(trace)}
${rowAxis(rows)}
</figure>`;
}

function scorePlot(trace: StreamTrace, axis: ScoreAxis, rows: number): Markup {
  const events = trace.labels === null ? [] : labelledStretches(trace.labels);
  const training = Math.min(trace.firstTestRow, rows);
  return html`<svg class="score" role="img" aria-label="${described(trace, events)}">
${axis.ticks.map((tick) => scoreTick(tick, axis))}
<text class="axis-name" x="-8" y="-8">score</text>
<svg width="100%" height="100%" viewBox="0 0 ${rows} ${drawingHeight}" preserveAspectRatio="none">
${training > 0 ? html`<rect class="training" x="0" y="0" width="${training}" height="${drawingHeight}"/>` : nothing}
${events.map(({ start, end }) => html`<rect class="label" x="${start}" y="0" width="${end - start}" height="${drawingHeight}"/>`)}
<path class="curve" transform="translate(.5 0)" d="${scorePath(trace.score, axis)}"/></svg>
<line class="halo" x1="0" x2="100%" y1="${percent(axis.y(1))}" y2="${percent(axis.y(1))}"/>
<line class="threshold" x1="0" x2="100%" y1="${percent(axis.y(1))}" y2="${percent(axis.y(1))}"/>
${alertMarks(trace, rows)}</svg>`;
}

/** Exactly the labelled rows, unless there are more stretches than pixels to tell them apart. */
function labelledStretches(labels: Uint8Array): Segment[] {
  const exact = segmentsOf(labels);
  return exact.length <= maxColumns ? exact : segmentsOf(columnFlags(labels, maxColumns));
}

function described(trace: StreamTrace, events: readonly Segment[]): string {
  const labelled =
    trace.labels === null
      ? 'no labels'
      : `${events.length} labelled stretch${events.length === 1 ? '' : 'es'}`;
  const alerts = `${trace.alerts.length} alert${trace.alerts.length === 1 ? '' : 's'}`;
  return `Score of ${trace.name} over ${trace.score.length} rows, ${labelled}, ${alerts}`;
}

function scoreTick(tick: number, axis: ScoreAxis): Markup {
  const y = percent(axis.y(tick));
  return html`<line class="grid" x1="0" x2="100%" y1="${y}" y2="${y}"/><text class="tick" x="-8" y="${y}" dy=".35em">${tick}</text>
`;
}

/** Lowest and highest score of every column, in the order of their rows; unknown columns break the line. */
function scorePath(score: Float32Array, axis: ScoreAxis): Markup {
  const { lowRow, highRow } = columnExtremes(score, maxColumns);
  const parts: string[] = [];
  let broken = true;
  for (let column = 0; column < lowRow.length; column++) {
    const first = Math.min(lowRow[column], highRow[column]);
    if (first < 0) {
      broken = true;
      continue;
    }
    const last = Math.max(lowRow[column], highRow[column]);
    // A line to where the pen is gives a lone row its dot.
    for (const row of broken || last > first ? [first, last] : [first]) {
      parts.push(`${broken ? 'M' : 'L'}${row} ${Math.round(axis.y(score[row]) * drawingHeight)}`);
      broken = false;
    }
  }
  return new Markup(parts.join(''));
}

/**
 * A line where each alert was raised, with its number and the guiltiest channel on whichever side has room for them,
 * or the number alone, or nothing. All alerts are in the table below the plot.
 */
function alertMarks({ alerts }: StreamTrace, rows: number): Markup[] {
  let free = 0;
  return alerts.map(({ raisedRow, channels }, i) => {
    const place = raisedRow / rows;
    const next = i + 1 < alerts.length ? alerts[i + 1].raisedRow / rows : 1;
    const right = place >= free ? next - place : 0;
    const left = place - free;
    const room = [roomForName, roomForNumber].find((width) => right >= width || left >= width);
    const leftward = room === undefined || right < room;
    if (room !== undefined) free = leftward ? place : place + room;
    const x = percent(place);
    const guilty = channels.map(shareText);
    const name = room === roomForName && guilty.length > 0 ? ` ${guilty[0]}` : '';
    const label = html`<text x="${x}" dx="${leftward ? -4 : 4}" y="-8" text-anchor="${leftward ? 'end' : 'start'}"><tspan>${i + 1}</tspan><tspan class="guilty">${name}</tspan></text>`;
    return html`<g class="alert"><title>Alert ${i + 1}, raised in row ${raisedRow}: ${guilty.join(', ')}</title><line x1="${x}" x2="${x}" y1="-18" y2="100%"/>${room === undefined ? nothing : label}</g>
`;
  });
}

export function shareText({ channel, share }: { channel: string; share: number }): string {
  return `${channel} ${Math.round(share * 100)} %`;
}

const laneHeight = 14;

function lanes({ labels, flagged, score }: StreamTrace, rows: number): Markup {
  const unknown = Uint8Array.from(score, (value) => (Number.isNaN(value) ? 1 : 0));
  const all = [
    { name: 'labelled', kind: 'label', flags: labels },
    { name: 'flagged', kind: 'flagged', flags: flagged },
    { name: 'no score', kind: 'unknown', flags: unknown.includes(1) ? unknown : null },
  ];
  const shown = all.flatMap(({ name, kind, flags }) => (flags === null ? [] : [{ name, kind, flags }]));
  const height = shown.length * laneHeight;
  return html`<svg class="lanes" height="${height}" role="img" aria-label="Rows that are ${shown.map(({ name }) => name).join(', ')}">
${shown.map(({ name, kind, flags }, lane) => {
  const middle = lane * laneHeight + laneHeight / 2;
  return html`<text class="tick" x="-8" y="${middle}" dy=".35em">${name}</text><line class="grid" x1="0" x2="100%" y1="${middle}" y2="${middle}"/>
<svg width="100%" height="${height}" viewBox="0 0 ${rows} ${height}" preserveAspectRatio="none"><path class="${kind}" d="${lanePath(flags, lane)}"/></svg>
`;
})}</svg>`;
}

function lanePath(flags: Uint8Array, lane: number): Markup {
  const top = lane * laneHeight + 3;
  const bars = segmentsOf(columnFlags(flags, maxColumns));
  return new Markup(
    bars.map(({ start, end }) => `M${start} ${top}H${end}V${top + laneHeight - 6}H${start}Z`).join(''),
  );
}

function attributionMap(trace: StreamTrace): Markup {
  const count = trace.channels.length;
  if (count === 0 || trace.score.length === 0) return nothing;
  const named = count <= mostNames;
  const names = html`<ol aria-hidden="true">${trace.channels.map((channel) => html`<li title="${channel}">${channel}</li>`)}</ol>`;
  return html`<div class="attribution ${named ? 'named' : 'dense'}" style="--channels: ${count}">${named ? names : nothing}${attributionImage(trace, maxColumns)}</div>`;
}

function rowAxis(rows: number): Markup {
  const wanted = rows / 6;
  const power = 10 ** Math.floor(Math.log10(Math.max(wanted, 1)));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= wanted) ?? power;
  const ticks = Array.from({ length: Math.floor(rows / step) + 1 }, (_, i) => i * step);
  return html`<svg class="rows" height="20" aria-hidden="true">${ticks.map(
    (row) => html`<text class="tick" x="${percent(row / rows)}" y="14">${row.toLocaleString('en')}</text>`,
  )}<text class="tick" x="-18" y="14">row</text></svg>`;
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(3))}%`;
}
