import { findDuplicates } from './training-report/duplicates.ts';
import type { Finding, Series } from './training-report/finding.ts';
import { findLevels } from './training-report/levels.ts';
import { findMissing } from './training-report/missing.ts';
import { findStuck } from './training-report/stuck.ts';
import type { AssetRows } from './training-set.ts';

export interface TrainingReportOptions {
  /** Names, in the order of the rows' values. */
  readonly channels: readonly string[];
  readonly sampleEveryMs: number;
  readonly windowLength: number;
  /** Share of the rows that training holds back. */
  readonly holdout: number;
}

/** What there is to say of training data before it is trained on. */
export interface TrainingReport {
  readonly rows: number;
  readonly assets: number;
  /** By asset, channel and time. */
  readonly findings: readonly Finding[];
  /** Unbroken windows that are left without the excluded ranges. */
  readonly windows: number;
  readonly windowsNeeded: number;
}

/** Rows of an asset that should not be trained on; both ends are included. */
export interface ExcludedRange {
  readonly assetId: string;
  readonly from: number;
  readonly to: number;
}

/** Training wants as many windows held out (`fewestHeldOut` of the trainer). */
const fewestHeldOut = 30;

/** Looks at each asset and channel by itself. Assets without a row are passed over. */
export function reportTrainingData(
  assets: readonly AssetRows[],
  options: TrainingReportOptions,
): TrainingReport {
  const present = assets.filter(({ at }) => at.length > 0);
  const findings = present.flatMap((rows) => reportAsset(rows, options));
  const ranges = excludedOf(findings);
  return {
    rows: present.reduce((sum, { at }) => sum + at.length, 0),
    assets: present.length,
    findings,
    windows: present.reduce((sum, rows) => sum + windowsLeft(rows, ranges, options), 0),
    windowsNeeded: Math.ceil(fewestHeldOut / options.holdout),
  };
}

/** The ranges that the findings say to leave out, by asset and time, without overlap. */
export function excludedRanges(report: TrainingReport): ExcludedRange[] {
  return excludedOf(report.findings);
}

/** Why there is no point in training on this, as a sentence; null when there is. */
export function refusal(report: TrainingReport): string | null {
  if (report.rows === 0) return 'There are no rows to train on.';
  if (report.windows >= report.windowsNeeded) return null;
  const left = `Of ${report.rows} rows ${report.windows} unbroken windows are left to train on; ${report.windowsNeeded} are needed.`;
  const worst = report.findings.find(({ severity }) => severity === 'block');
  const first = worst ?? report.findings.find(({ severity }) => severity === 'exclude');
  if (first === undefined) return left;
  const what = first.channel === null ? first.assetId : `${first.assetId}, ${first.channel}`;
  return `${left} The first reason: ${what}: ${first.message}`;
}

function reportAsset(rows: AssetRows, options: TrainingReportOptions): Finding[] {
  const { channels, windowLength } = options;
  const n = rows.at.length;
  const whole = { assetId: rows.assetId, channel: null, from: rows.at[0], to: rows.at[n - 1] };
  if (n < 2 * windowLength) {
    const message = `It has ${n} rows, too few for windows of ${windowLength}.`;
    return [{ ...whole, kind: 'short', severity: 'block', message }];
  }
  const found: Finding[] = [];
  const lively: number[] = [];
  for (const [c, channel] of channels.entries()) {
    const series = seriesOf(rows, c, channel, channels.length);
    found.push(...findMissing(series, windowLength));
    if (series.rows.length === 0) continue;
    const still = findStuck(series);
    found.push(...still);
    if (still.some(({ kind }) => kind === 'constant')) continue;
    lively.push(c);
    found.push(...findLevels(series));
  }
  if (lively.length === 0) {
    const message = 'Nothing of it ever changes: it was off, or its readings are not real.';
    return [...found, { ...whole, kind: 'constant', severity: 'block', message }];
  }
  return [...found, ...findDuplicates(rows, channels.length, lively)];
}

function seriesOf(rows: AssetRows, c: number, channel: string, width: number): Series {
  const measured: number[] = [];
  for (let row = 0; row < rows.at.length; row++) if (rows.measured[row * width + c] === 1) measured.push(row);
  return {
    assetId: rows.assetId,
    channel,
    at: rows.at,
    values: Float32Array.from(measured, (row) => rows.values[row * width + c]),
    rows: Uint32Array.from(measured),
  };
}

function excludedOf(findings: readonly Finding[]): ExcludedRange[] {
  const ranges = findings
    .filter(({ severity }) => severity !== 'info')
    .map(({ assetId, from, to }) => ({ assetId, from, to }))
    .sort((a, b) => (a.assetId < b.assetId ? -1 : a.assetId > b.assetId ? 1 : a.from - b.from));
  const merged: { assetId: string; from: number; to: number }[] = [];
  for (const range of ranges) {
    const last = merged.at(-1);
    if (last !== undefined && last.assetId === range.assetId && range.from <= last.to)
      last.to = Math.max(last.to, range.to);
    else merged.push({ ...range });
  }
  return merged;
}

function windowsLeft(
  { assetId, at }: AssetRows,
  ranges: readonly ExcludedRange[],
  { windowLength, sampleEveryMs }: TrainingReportOptions,
): number {
  const mine = ranges.filter((range) => range.assetId === assetId);
  let windows = 0;
  let run = 0;
  let next = 0;
  for (let row = 0; row < at.length; row++) {
    while (next < mine.length && mine[next].to < at[row]) next++;
    if (next < mine.length && mine[next].from <= at[row]) {
      run = 0;
      continue;
    }
    run = run > 0 && at[row] - at[row - 1] === sampleEveryMs ? run + 1 : 1;
    if (run >= windowLength) windows++;
  }
  return windows;
}
