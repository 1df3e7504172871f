import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { excludedRanges, refusal, reportTrainingData } from '../../src/models/training-report.ts';
import type { AssetRows } from '../../src/models/training-set.ts';
import { pumpChannels } from '../../src/simulator/pump.ts';
import { plantRows, startAt } from '../history/support/rows.ts';

const names = pumpChannels.map(({ name }) => name);
const width = names.length;
const pumpOptions = { channels: names, sampleEveryMs: 1000, windowLength: 32, holdout: 0.25 };
const report = (assets: readonly AssetRows[]) => reportTrainingData(assets, pumpOptions);
const atRow = (row: number) => startAt + row * 1000;

/** Changes rows `[first, last]` of one channel. */
function change(
  rows: AssetRows,
  channel: string,
  [first, last]: readonly [number, number],
  to: (value: number, row: number) => number,
): void {
  const c = names.indexOf(channel as (typeof names)[number]);
  for (let row = first; row <= last; row++)
    rows.values[row * width + c] = to(rows.values[row * width + c], row);
}

function drop(rows: AssetRows, channel: string, [first, last]: readonly [number, number]): void {
  const c = names.indexOf(channel as (typeof names)[number]);
  for (let row = first; row <= last; row++) rows.measured[row * width + c] = 0;
}

/** The first `count` rows. */
function cut({ assetId, at, values, measured }: AssetRows, count: number): AssetRows {
  return {
    assetId,
    at: at.slice(0, count),
    values: values.slice(0, count * width),
    measured: measured.slice(0, count * width),
  };
}

describe('a report on training data', () => {
  it('finds nothing in healthy simulated rows, few or many', () => {
    for (const [rows, seeds] of [
      [400, 12],
      [4000, 3],
    ]) {
      for (let seed = 1; seed <= seeds; seed++) {
        const found = report(plantRows(4, rows, seed));
        expect(found.findings).toEqual([]);
        expect(refusal(found)).toBeNull();
        expect(found.windows).toBe(4 * (rows - 31));
      }
    }
  });

  it('names any stuck channel with its first and last row, and nothing else', () => {
    const stuck = fc.record({
      seed: fc.integer({ min: 1, max: 1_000_000 }),
      channel: fc.constantFrom(...names),
      first: fc.integer({ min: 0, max: 700 }),
      length: fc.integer({ min: 25, max: 200 }),
    });
    fc.assert(
      fc.property(stuck, ({ seed, channel, first, length }) => {
        const [rows] = plantRows(1, 900, seed);
        const last = first + length - 1;
        // Nothing that the sensor reads by itself, so that the stretch cannot be longer than it was made.
        change(rows, channel, [first, last], () => 12.5);
        const { findings } = report([rows]);
        expect(findings).toMatchObject([
          {
            kind: 'stuck',
            assetId: 'pump-1',
            channel,
            from: atRow(first),
            to: atRow(last),
            severity: 'exclude',
          },
        ]);
        expect(findings[0].message).toContain(`stays at 12.5 for ${length} rows`);
      }),
      { numRuns: 40 },
    );
  });

  it('takes standing still for a habit where a channel does so often', () => {
    const [rows] = plantRows(1, 2000);
    for (let first = 100; first < 1900; first += 200) change(rows, 'flow', [first, first + 40], () => 0);
    expect(report([rows]).findings).toEqual([]);
  });

  it('names missing stretches, and the share where much is missing', () => {
    const [rows] = plantRows(1, 1000);
    drop(rows, 'pressure', [200, 299]);
    drop(rows, 'voltage', [0, 39]);
    drop(rows, 'flow', [500, 510]);
    expect(report([rows]).findings).toMatchObject([
      {
        kind: 'missing',
        channel: 'pressure',
        severity: 'info',
        message: '10 % of its readings are missing.',
      },
      { kind: 'missing', channel: 'pressure', severity: 'exclude', from: atRow(200), to: atRow(299) },
      { kind: 'missing', channel: 'voltage', severity: 'exclude', from: atRow(0), to: atRow(39) },
    ]);
  });

  it('says of a channel that was never measured, and of a constant one, without excluding the rows', () => {
    const [rows] = plantRows(1, 1000);
    drop(rows, 'current', [0, 999]);
    change(rows, 'speed', [0, 999], () => 2950);
    const found = report([rows]);
    expect(found.findings).toMatchObject([
      { kind: 'constant', channel: 'speed', severity: 'info', message: 'It is 2950 all the time.' },
      { kind: 'missing', channel: 'current', severity: 'info', message: 'It was never measured.' },
    ]);
    expect(excludedRanges(found)).toEqual([]);
  });

  it('names rows that repeat earlier ones, once and exactly', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 200 }),
        fc.integer({ min: 500, max: 700 }),
        fc.integer({ min: 20, max: 200 }),
        (from, to, length) => {
          const [rows] = plantRows(1, 1000);
          rows.values.copyWithin(to * width, from * width, (from + length) * width);
          expect(report([rows]).findings).toMatchObject([
            {
              kind: 'duplicate',
              channel: null,
              severity: 'exclude',
              from: atRow(to),
              to: atRow(to + length - 1),
            },
          ]);
        },
      ),
      { numRuns: 25 },
    );
  });

  it.each<[string, (row: number) => number, number, number, RegExp]>([
    ['a ramp from the start', (row) => (8 * row) / 5999, 0, 5999, /rises to the end/],
    ['a ramp from the middle', (row) => Math.min(0, (3000 - row) / 300), 3000, 5999, /falls to the end/],
    ['a step', (row) => (row < 4000 ? 0 : 4), 4000, 5999, /changes for good/],
  ])('names %s with about its time', (_what, offset, first, last, message) => {
    const [rows] = plantRows(1, 6000);
    change(rows, 'fluid_temperature', [0, 5999], (value, row) => value + offset(row));
    const { findings } = report([rows]);
    expect(findings).toMatchObject([
      {
        kind: 'drifting',
        channel: 'fluid_temperature',
        severity: 'info',
        message: expect.stringMatching(message),
      },
    ]);
    // Parts of 375 rows are compared.
    expect(Math.abs(findings[0].from - atRow(first)) / 1000).toBeLessThanOrEqual(2 * 375);
    expect(Math.abs(findings[0].to - atRow(last)) / 1000).toBeLessThanOrEqual(2 * 375);
  });

  it('names a channel that is at two levels in turn for long', () => {
    const [rows] = plantRows(1, 6000);
    change(rows, 'bearing_temperature', [1800, 3900], (value) => value + 40);
    expect(report([rows]).findings).toMatchObject([
      { kind: 'mixed', channel: 'bearing_temperature', severity: 'info', from: atRow(0), to: atRow(5999) },
    ]);
  });

  it('gives what to leave out without overlap, and counts the windows that are left', () => {
    const [one, two] = plantRows(2, 1000);
    change(one, 'flow', [100, 199], () => 1);
    change(one, 'pressure', [150, 249], () => 1);
    drop(two, 'voltage', [960, 999]);
    const found = report([one, two]);
    expect(excludedRanges(found)).toEqual([
      { assetId: 'pump-1', from: atRow(100), to: atRow(249) },
      { assetId: 'pump-2', from: atRow(960), to: atRow(999) },
    ]);
    expect(found.windows).toBe(100 - 31 + (750 - 31) + (960 - 31));
  });

  it('blocks an asset with too few rows, or that never changes, and goes on with the others', () => {
    const [one, two, three] = plantRows(3, 1000);
    two.values.fill(7);
    const found = report([one, two, cut(three, 50)]);
    expect(found.findings.filter(({ severity }) => severity === 'block')).toMatchObject([
      { kind: 'constant', assetId: 'pump-2', channel: null },
      { kind: 'short', assetId: 'pump-3', channel: null },
    ]);
    expect(refusal(found)).toBeNull();
    expect(found.windows).toBe(1000 - 31);
  });

  it('refuses a hopeless set and says why', () => {
    expect(refusal(report([]))).toBe('There are no rows to train on.');
    const [one, two] = plantRows(2, 600);
    one.values.fill(7);
    expect(refusal(report([one, cut(two, 20)]))).toMatch(
      /^Of 620 rows 0 unbroken windows are left to train on; 120 are needed\. The first reason: pump-1: Nothing of it ever changes/,
    );
    const sparse = { ...two, at: two.at.map((at, i) => at + 5000 * Math.floor(i / 20)) };
    expect(refusal(report([sparse]))).toBe(
      'Of 600 rows 0 unbroken windows are left to train on; 120 are needed.',
    );
  });
});

const data = join(import.meta.dirname, '../../../shared/data');
if (!existsSync(data)) console.warn(`SKIPPED: training reports on real data, because ${data} is not there.`);

describe.skipIf(!existsSync(data))('normal data of real machines', () => {
  function table(text: string, separator: RegExp): number[][] {
    return text
      .trim()
      .split('\n')
      .map((line) => line.trim().split(separator).map(Number));
  }

  function reportOf(rows: readonly number[][]) {
    const channels = rows[0].map((_, i) => `channel ${i}`);
    const asset: AssetRows = {
      assetId: 'machine',
      at: Float64Array.from(rows, (_, i) => i * 1000),
      values: Float32Array.from(rows.flat()),
      measured: new Uint8Array(rows.length * channels.length).fill(1),
    };
    return reportTrainingData([asset], { ...pumpOptions, channels });
  }

  /** Nothing is blocked, and hardly a row left out. */
  function expectTrainable(rows: readonly number[][]): void {
    const found = reportOf(rows);
    expect(found.findings.filter(({ severity }) => severity === 'block')).toEqual([]);
    expect(refusal(found)).toBeNull();
    expect(found.windows / (rows.length - 31)).toBeGreaterThan(0.95);
  }

  it('SMD: servers', () => {
    const folder = join(data, 'smd/train');
    for (const file of readdirSync(folder))
      expectTrainable(table(gunzipSync(readFileSync(join(folder, file))).toString(), /,/));
  });

  it('SKAB: a pump rig', () => {
    const text = readFileSync(join(data, 'skab/anomaly-free/anomaly-free.csv'), 'utf8');
    expectTrainable(table(text.slice(text.indexOf('\n')), /;/).map((row) => row.slice(1)));
  });

  it('TEP: a chemical plant', () => {
    const transposed = table(gunzipSync(readFileSync(join(data, 'tep/d00.dat.gz'))).toString(), /\s+/);
    expectTrainable(transposed[0].map((_, row) => transposed.map((column) => column[row])));
  });
});
