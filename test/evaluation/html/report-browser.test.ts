import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { renderReportPage } from '../../../src/evaluation/html/report-page.ts';
import { findProgram } from '../../ingest/subscriber-support.ts';
import { syntheticReport, syntheticTrace } from './synthetic-report.ts';

const program = findProgram('chromium');
if (program === null) console.warn('SKIPPED: the report in a browser, because chromium is not installed.');

const wide = { width: 1280, height: 900 };
const narrow = { width: 420, height: 900 };

describe.skipIf(program === null)('the report in Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-report-'));
  const complaints: string[] = [];
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const channels = ['Accelerometer1RMS', 'Current', 'Volume Flow RateRMS'];
    const traces = ['10', '9', '<b>2</b>'].map((name) =>
      syntheticTrace({ name, rows: 1150, channels, firstTestRow: 400, events: [[570, 910]] }),
    );
    const file = join(folder, 'report.html');
    writeFileSync(file, renderReportPage(syntheticReport(traces)));
    // Root, as in a container, cannot have Chromium's sandbox.
    browser = await chromium.launch({ executablePath: program!, args: ['--no-sandbox'] });
    page = await browser.newPage();
    page.on('console', (message) => complaints.push(String(message)));
    page.on('pageerror', (error) => complaints.push(String(error)));
    await page.setViewportSize(wide);
    await page.goto(pathToFileURL(file).href);
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const column = (n: number) =>
    page.evaluate<string[]>(
      `[...document.querySelectorAll('#files tbody tr')].map((row) => row.cells[${n}].textContent)`,
    );

  it('opens from a file without a complaint and loads nothing beside itself', async () => {
    expect(await page.evaluate('document.title')).toBe('Forewarn on synthetic');
    expect(complaints).toEqual([]);
    const external = `performance.getEntriesByType('resource').map(({ name }) => name).filter((name) => !name.startsWith('data:'))`;
    expect(await page.evaluate(external)).toEqual([]);
    const images = `[...document.images].map((image) => [image.naturalWidth, image.naturalHeight])`;
    expect(await page.evaluate(images)).toEqual(Array(3).fill([900, 3]));
  });

  it('sorts the files by a click, and the other way by a second one', async () => {
    const heading = (n: number) => `#files th:nth-child(${n}) button`;
    await page.click(heading(2));
    expect(await column(1)).toEqual(['0.000', '0.400', '0.700']);
    await page.click(heading(2));
    expect(await column(1)).toEqual(['0.700', '0.400', '0.000']);
    const sorted = `[...document.querySelectorAll('#files thead th')].map((th) => th.ariaSort)`;
    expect(await page.evaluate(sorted)).toEqual(['none', 'descending', 'none', 'none']);
    await page.click(heading(1));
    expect(await column(0)).toEqual(['<b>2</b>', '9', '10']);
  });

  it('draws the threshold where the axis says 1, and the shading where the labels are', async () => {
    const middle = (selector: string) =>
      `(() => { const box = document.querySelector('#file-1 ${selector}').getBoundingClientRect(); return box.y + box.height / 2; })()`;
    const threshold = await page.evaluate<number>(middle('.threshold'));
    const tick = await page.evaluate<number>(middle('text.tick:nth-of-type(2)'));
    expect(Math.abs(threshold - tick)).toBeLessThan(3);
    const share = await page.evaluate<number[]>(`(() => {
      const plot = document.querySelector('#file-1 .score').getBoundingClientRect();
      const shaded = document.querySelector('#file-1 rect.label').getBoundingClientRect();
      return [(shaded.left - plot.left) / plot.width, shaded.width / plot.width];
    })()`);
    expect(share[0]).toBeCloseTo(570 / 1150, 2);
    expect(share[1]).toBeCloseTo(340 / 1150, 2);
  });

  it.each([
    ['light', wide],
    ['dark', wide],
    ['light', narrow],
    ['dark', narrow],
  ] as const)('fits its page and can be read: %s, %o', async (colorScheme, size) => {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize(size);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(size.width);
    // WCAG 2 contrast of 4.5 for every colour that text has, against the page and against the panel.
    const contrasts = await page.evaluate<number[]>(`(() => {
      const probe = document.body.appendChild(document.createElement('i'));
      const luminance = (name) => {
        probe.style.color = 'var(--' + name + ')';
        const [r, g, b] = getComputedStyle(probe).color.match(/[0-9.]+/g).map((part) => {
          const value = part / 255;
          return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        });
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
      };
      const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
      const all = ['text', 'quiet', 'link', 'best', 'alert', 'score'].flatMap((name) =>
        ['page', 'panel'].map((ground) => ratio(luminance(name), luminance(ground))));
      probe.remove();
      return all;
    })()`);
    expect(Math.min(...contrasts)).toBeGreaterThanOrEqual(4.5);
    const image = await page.screenshot({ path: join(folder, `${colorScheme}-${size.width}.png`) });
    expect(image.readUInt32BE(16)).toBe(size.width);
  });
});
