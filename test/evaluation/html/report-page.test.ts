import { describe, expect, it } from 'vitest';
import { renderReportPage } from '../../../src/evaluation/html/report-page.ts';
import { scoreAxis } from '../../../src/evaluation/html/score-axis.ts';
import { segmentsOf } from '../../../src/evaluation/segments.ts';
import type { StreamTrace } from '../../../src/evaluation/trace.ts';
import { type StreamShape, syntheticReport, syntheticTrace } from './synthetic-report.ts';

const channels = ['current', 'pressure', 'flow'];
const shapes: readonly StreamShape[] = [
  {
    name: 'one',
    rows: 700,
    channels,
    firstTestRow: 200,
    events: [
      [300, 340],
      [600, 700],
    ],
  },
  { name: 'two', rows: 5000, channels, firstTestRow: 0, events: [[4000, 4003]] },
  { name: 'quiet', rows: 400, channels, firstTestRow: 100, events: [] },
];
const traces = shapes.map(syntheticTrace);
const page = renderReportPage(syntheticReport(traces));

/** The part of the page about one stream. */
function sectionOf(text: string, number: number): string {
  const start = text.indexOf(`<section class="file" id="file-${number}"`);
  expect(start).toBeGreaterThan(0);
  return text.slice(start, text.indexOf('</section>', start));
}

const attributesOf = (text: string, pattern: RegExp) =>
  [...text.matchAll(pattern)].map((match) => match.slice(1));

describe('renderReportPage', () => {
  it('has its parts in order', () => {
    const parts = [
      '<h1>',
      'class="verdict"',
      'id="detectors"',
      'class="tradeoff"',
      'id="files"',
      'id="file-1"',
      'id="file-2"',
      'id="file-3"',
      'id="settings"',
    ];
    const places = parts.map((part) => page.indexOf(part));
    expect(places.every((place) => place > 0)).toBe(true);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
  });

  it('loads nothing from anywhere', () => {
    const loaded = attributesOf(page, /(?:src|href)="([^"]*)"/g).map(([url]) => url);
    expect(loaded.length).toBeGreaterThan(3);
    expect(loaded.filter((url) => !/^(#|data:image\/png;base64,)/.test(url))).toEqual([]);
    expect(page).not.toMatch(/url\(|@import|https?:\/\//);
  });

  it('shades exactly the labelled rows', () => {
    traces.forEach((trace, i) => {
      const shaded = attributesOf(
        sectionOf(page, i + 1),
        /<rect class="label" x="(\d+)" y="0" width="(\d+)"/g,
      );
      const labelled = segmentsOf(trace.labels!).map(({ start, end }) => [start, end - start].map(String));
      expect(shaded).toEqual(labelled);
      expect(sectionOf(page, i + 1)).toContain(`viewBox="0 0 ${trace.score.length} 1000"`);
    });
  });

  it('shades the rows before the first test row, where there are any', () => {
    expect(sectionOf(page, 1)).toContain('<rect class="training" x="0" y="0" width="200"');
    expect(sectionOf(page, 2)).not.toContain('class="training"');
  });

  it('draws the threshold where a score of 1 is drawn', () => {
    const flat = { ...traces[2], score: new Float32Array(400).fill(1) };
    const section = sectionOf(renderReportPage(syntheticReport([flat])), 1);
    const [[height]] = attributesOf(section, /<line class="threshold" x1="0" x2="100%" y1="([\d.]+)%"/g);
    const [[curve]] = attributesOf(section, /<path class="curve" [^>]*d="M0 (\d+)/g);
    expect(Number(height)).toBe(50); // half way from 0.1 to 10
    expect(Number(curve)).toBe(500);
  });

  it('fills the lane of flags over exactly the flagged rows, where every row has its pixel', () => {
    const bars = attributesOf(sectionOf(page, 1), /class="flagged" d="([^"]*)"/g)[0][0];
    const drawn = attributesOf(bars, /M(\d+) \d+H(\d+)V/g).map((bar) => bar.map(Number));
    expect(drawn).toEqual(segmentsOf(traces[0].flagged).map(({ start, end }) => [start, end]));
  });

  it('breaks the curve where the score is unknown', () => {
    const [[path]] = attributesOf(sectionOf(page, 1), /<path class="curve" [^>]*d="([^"]*)"/g);
    // 30 rows to warm up, then a gap: two pieces.
    expect(path.match(/M/g)).toHaveLength(2);
    expect(path.startsWith('M30 ')).toBe(true);
  });

  it('marks every alert with its channels and says which rows it stood over', () => {
    const section = sectionOf(page, 1);
    expect(section.match(/<g class="alert">/g)).toHaveLength(2);
    expect(section).toContain('<title>Alert 1, raised in row 300: current 50 %, pressure 25 %</title>');
    expect(section).toContain('<td>300 – 340</td><td>40 of 40</td>');
    expect(section).toContain('<td>600 – end</td><td>100 of 100</td>');
    expect(sectionOf(page, 3)).toContain('No alert.');
  });

  it('marks the best of each column and the spread over seeds', () => {
    const cells = page.slice(page.indexOf('id="detectors"'), page.indexOf('</table>'));
    const best = attributesOf(cells, /class="best">.*?<\/span> ([\d.]+)/g).flat();
    expect(best).toEqual(['0.902', '0.834', '16.1', '1.000', '0.0', '1.000']);
    expect(cells).toContain('± 0.004');
    expect(cells).not.toContain('F1 sd');
  });

  it('escapes every name', () => {
    const evil = `<img src=x onerror=alert(1)>"'&`;
    const trace = syntheticTrace({
      name: evil,
      rows: 300,
      channels: [evil, 'b'],
      firstTestRow: 0,
      events: [[100, 150]],
    });
    const report = syntheticReport([trace]);
    const text = renderReportPage({
      ...report,
      protocol: evil,
      settings: { [evil]: evil },
      rows: { ...report.rows, [evil]: { [evil]: 1, f1: 0.5, far: 20 } },
    });
    expect(text).not.toContain('<img src=x');
    expect(text).not.toContain(`"'&`);
    expect(text.match(/&lt;img src=x onerror=alert\(1\)&gt;&quot;&#39;&amp;/g)!.length).toBeGreaterThan(10);
  });

  it('shows what there is of a report without labels, rows or streams', () => {
    const unlabelled: StreamTrace = { ...traces[0], labels: null };
    const text = renderReportPage(syntheticReport([unlabelled]));
    expect(text).not.toContain('class="tradeoff"');
    expect(sectionOf(text, 1)).not.toContain('Labelled rows');
    const empty = renderReportPage({ protocol: 'none', settings: {}, rows: {}, files: [], traces: [] });
    expect(empty).toContain('Nothing here compares Forewarn');
    expect(empty).toContain('without labels its false alarms cannot be counted');
    const none = syntheticTrace({ name: 'none', rows: 0, channels, firstTestRow: 0, events: [] });
    expect(renderReportPage(syntheticReport([none]))).toContain('This stream has no rows.');
  });

  it('stays small with 28 machines of 28,000 rows and 38 channels', () => {
    const names = Array.from({ length: 38 }, (_, i) => `channel ${i}`);
    const one = syntheticTrace({
      name: 'm',
      rows: 28_000,
      channels: names,
      firstTestRow: 0,
      events: [[9000, 9500]],
    });
    // What changes in every row is the longest to draw, and an alert every second row the longest to tell.
    const everySecond = Uint8Array.from(one.score, (_, row) => row % 2);
    const worst = {
      ...one,
      labels: everySecond,
      alerts: segmentsOf(everySecond).map(({ start, end }) => ({
        ...one.alerts[0],
        raisedRow: start,
        clearedRow: end,
      })),
      score: one.score.map((score, row) => (row % 2 === 0 ? score * 90 : score)),
      flagged: everySecond,
    };
    const text = renderReportPage(syntheticReport([worst]));
    expect(text).toContain('14,000 alerts, the first 200');
    expect(Buffer.byteLength(text) * 28).toBeLessThan(10_000_000);
  });
});

describe('scoreAxis', () => {
  it('has 1.0 on a tick, ends where the scores do and clamps beyond', () => {
    const axis = scoreAxis([{ score: Float32Array.of(0.2, 47, Number.NaN) }]);
    expect(axis).toMatchObject({ low: 0.1, high: 100, ticks: [0.1, 1, 10, 100] });
    expect([axis.y(0.1), axis.y(1), axis.y(100)]).toEqual([1, expect.closeTo(2 / 3, 9), 0]);
    expect([axis.y(0), axis.y(1e9)]).toEqual([1, 0]);
    expect(scoreAxis([{ score: Float32Array.of(Number.POSITIVE_INFINITY) }]).high).toBe(1000);
  });
});
