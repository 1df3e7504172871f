import type { MetricRows } from '../evaluation-report.ts';
import { html, type Markup, nothing } from './markup.ts';
import { detectorTitle } from './metric-column.ts';
import type { OperatingPoint, ThresholdCurve } from './threshold-curve.ts';

/** A detector at its own threshold; both from 0 to 1. */
interface Mark {
  readonly name: string;
  readonly own: boolean;
  readonly f1: number;
  readonly falseAlarmRate: number;
}

/** F1 over the false alarm rate, with every detector that has both as a numbered point. */
export function curveChart(curve: ThresholdCurve, rows: MetricRows): Markup {
  const marks = marksOf(rows);
  return html`<figure class="tradeoff"><div class="chart">
<svg role="img" aria-label="${summary(curve.shipped)}">
${[0, 0.2, 0.4, 0.6, 0.8, 1].map((f1) => html`<line class="grid" x1="0" x2="100%" y1="${up(f1)}" y2="${up(f1)}"/><text class="tick" x="-8" y="${up(f1)}" dy=".35em">${f1.toFixed(1)}</text>`)}
${[0, 0.01, 0.05, 0.1, 0.25, 0.5, 1].map((rate) => html`<line class="grid" x1="${across(rate)}" x2="${across(rate)}" y1="0" y2="100%"/><text class="tick below" x="${across(rate)}" y="100%" dy="1.5em">${rate * 100}${rate === 1 ? ' %' : ''}</text>`)}
<text class="axis-name" x="-8" y="-16">F1</text>
<svg width="100%" height="100%" viewBox="0 0 1000 1000" preserveAspectRatio="none"><path class="curve" d="${curvePath(curve.points)}"/></svg>
<circle class="shipped" cx="${across(curve.shipped.falseAlarmRate)}" cy="${up(curve.shipped.f1)}" r="7"><title>${summary(curve.shipped)}</title></circle>
${numbered(marks, curve.shipped)}</svg>
<p class="axis-below">share of the normal rows that are flagged (FAR, %), square-root scale</p></div>
<figcaption><ol class="legend"><li class="ring">Score at threshold 1.0: ${reading(curve.shipped)}</li>
${marks.map(
  (
    mark,
    i,
  ) => html`<li${mark.own ? html` class="own"` : nothing}><b>${i + 1}</b> ${mark.name}: ${reading(mark)}</li>
`,
)}</ol>
<p class="note">The line is Forewarn's score against labels, row by row, at every threshold; the numbered points are detectors at their own thresholds. Forewarn's point differs from the ring where alerts wait before they are raised or cleared, and where several seeds are averaged.</p></figcaption></figure>`;
}

function marksOf(rows: MetricRows): Mark[] {
  return Object.entries(rows)
    .map(([key, { f1 = Number.NaN, far = Number.NaN }]) => ({
      name: detectorTitle(key),
      own: key === 'forewarn',
      f1,
      falseAlarmRate: far / 100,
    }))
    .filter(({ f1, falseAlarmRate }) => Number.isFinite(f1) && Number.isFinite(falseAlarmRate));
}

function reading({ f1, falseAlarmRate }: { f1: number; falseAlarmRate: number }): string {
  return `F1 ${f1.toFixed(3)}, FAR ${(falseAlarmRate * 100).toFixed(1)} %`;
}

function summary(shipped: OperatingPoint): string {
  return `F1 over the false alarm rate; at threshold 1.0: ${reading(shipped)}`;
}

function curvePath(points: readonly OperatingPoint[]): string {
  return points
    .map(({ f1, falseAlarmRate }, i) => {
      const x = Math.round(Math.sqrt(falseAlarmRate) * 1000);
      return `${i === 0 ? 'M' : 'L'}${x} ${Math.round((1 - f1) * 1000)}`;
    })
    .join('');
}

/** Where a number stands beside its dot, in pixels, tried in this order. */
const offsets = [
  [11, -9],
  [-11, -9],
  [11, 11],
  [-11, 11],
  [22, -2],
  [-22, -2],
  [0, -22],
  [0, 24],
] as const;

/** The size that collisions are reckoned for; the chart is as high, and about as wide. */
const nominal = { width: 560, height: 300 };

/** A dot where the detector is and its number beside it, clear of the other numbers and dots and of the ring. */
function numbered(marks: readonly Mark[], ring: OperatingPoint): Markup[] {
  const [around, ...dots] = [ring, ...marks].map(({ f1, falseAlarmRate }) => ({
    x: Math.sqrt(falseAlarmRate) * nominal.width,
    y: (1 - f1) * nominal.height,
  }));
  const taken = [around, ...dots];
  return marks.map((mark, i) => {
    const clear = offsets.map(([dx, dy]) => {
      const x = dots[i].x + dx;
      const y = dots[i].y + dy;
      return Math.min(
        ...taken.filter((spot) => spot !== dots[i]).map((spot) => Math.hypot(spot.x - x, spot.y - y)),
      );
    });
    const good = clear.findIndex((distance) => distance >= 14);
    const [dx, dy] = offsets[good >= 0 ? good : clear.indexOf(Math.max(...clear))];
    taken.push({ x: dots[i].x + dx, y: dots[i].y + dy });
    const cx = across(mark.falseAlarmRate);
    const cy = up(mark.f1);
    return html`<g class="mark${mark.own ? ' own' : ''}"><title>${mark.name}: ${reading(mark)}</title><circle cx="${cx}" cy="${cy}" r="4.5"/><text x="${cx}" y="${cy}" dx="${dx}" dy="${dy + 4}">${i + 1}</text></g>
`;
  });
}

function across(falseAlarmRate: number): string {
  return `${Number((Math.sqrt(falseAlarmRate) * 100).toFixed(3))}%`;
}

function up(f1: number): string {
  return `${Number(((1 - f1) * 100).toFixed(3))}%`;
}
