import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type ChangepointSeries, skabChangepointScore } from '../../src/evaluation/skab-score.ts';
import { flagsOf, flagsOfRuns, sharedFile } from './shared-vectors.ts';
import { skabDetectors } from './skab-vectors.ts';

const TRAINING_ROWS = 400;
const allFiles = Object.keys(skabDetectors?.perfect.per_file ?? {});
const valveFiles = allFiles.filter((file) => file.startsWith('valve1/'));
const hasValve = skabDetectors !== undefined && valveFiles.every((file) => sharedFile(`skab/${file}`));
const missingFile = allFiles.find((file) => sharedFile(`skab/${file}`) === undefined);
const hasAll = skabDetectors !== undefined && missingFile === undefined;

/** Rows 10 s apart. */
function seriesOf(predictions: string, changepoints: string): ChangepointSeries {
  const times = Float64Array.from({ length: predictions.length }, (_, row) => row * 10_000);
  return { times, predictions: flagsOf(predictions), changepoints: flagsOf(changepoints) };
}

function readSeries(file: string, detector: string): ChangepointSeries {
  const rows = readFileSync(sharedFile(`skab/${file}`)!, 'utf8')
    .trim()
    .split('\n')
    .slice(1 + TRAINING_ROWS)
    .map((line) => line.trim().split(';'));
  return {
    times: Float64Array.from(rows, ([at]) => Date.parse(`${at.replace(' ', 'T')}Z`)),
    predictions: flagsOfRuns(rows.length, skabDetectors![detector].flagged_runs_in_test_index[file]),
    changepoints: Uint8Array.from(rows, (row) => Number(row.at(-1))),
  };
}

describe('skabChangepointScore', () => {
  it('gives 100 for hits at the left edge and 0 for silence', () => {
    const perfect = skabChangepointScore([seriesOf('..#######...', '..#......#..')]);
    expect(perfect).toMatchObject({
      standard: 100,
      lowFalsePositives: 100,
      lowFalseNegatives: 100,
      missed: 0,
    });
    const silent = skabChangepointScore([seriesOf('............', '..#......#..')]);
    expect(silent).toMatchObject({ standard: 0, missed: 2, falsePositives: 0, meanDelayMs: Number.NaN });
  });

  it('counts only the first hit of a window, and edges outside all windows as false', () => {
    // Edges at 10 s (false), 20 s (false), 50 s (hit, 10 s late), 60 s (second of the window), 120 s (false).
    const score = skabChangepointScore([seriesOf('.#...#......##', '....#.........')]);
    expect(score).toMatchObject({ trueChangepoints: 1, missed: 0, falsePositives: 3, meanDelayMs: 10_000 });
  });

  it('moves the left edge of a window to the right edge of the one before', () => {
    // Windows [0, 60 s] and [60 s, 90 s]: the edge at 80 s is 20 s late in the second.
    const score = skabChangepointScore([seriesOf('#.......####', '#..#........')]);
    expect(score).toMatchObject({ trueChangepoints: 2, missed: 0, falsePositives: 0, meanDelayMs: 10_000 });
  });

  it('earns the false-positive value at the right edge', () => {
    const { standard } = skabChangepointScore([seriesOf('........####', '..#.........')]);
    expect(standard).toBeCloseTo((100 * (-0.11 + 1)) / 2, 9);
  });

  it.skipIf(skabDetectors === undefined)('gives the vectors of silence and of flagging every row', () => {
    // Both depend on the number of files and changepoints only: 33 files with one changepoint, one with the rest.
    for (const [name, mark] of [
      ['null', '.'],
      ['all_ones', '#'],
    ]) {
      const { changepoint } = skabDetectors![name].expected;
      const quiet = mark.repeat(3);
      const rest = changepoint.true_cps - (allFiles.length - 1);
      const files = allFiles.map((_, i) =>
        i === 0 ? seriesOf(mark.repeat(rest + 1), `.${'#'.repeat(rest)}`) : seriesOf(quiet, '..#'),
      );
      expectVector(name, files);
    }
  });

  it.skipIf(!hasAll)('gives every detector vector on the 34 files', () => {
    for (const name of Object.keys(skabDetectors!)) {
      expectVector(
        name,
        allFiles.map((file) => readSeries(file, name)),
      );
    }
  });

  it.skipIf(!hasValve)('gives the pinned scores of the 16 valve1 files', () => {
    for (const [name, standard, falsePositives, missed] of VALVE_SCORES) {
      const score = skabChangepointScore(valveFiles.map((file) => readSeries(file, name)));
      expect(score.standard, name).toBeCloseTo(standard, 9);
      expect(score, name).toMatchObject({ falsePositives, missed });
    }
  });
});

/**
 * Standard score, false positives and missed changepoints on valve1 alone, recorded once the code had given every
 * vector on all 34 files.
 */
const VALVE_SCORES: readonly (readonly [string, number, number, number])[] = [
  ['zmax3', 4.091841495717923, 456, 31],
  ['zmax5', -14.725083633596235, 659, 31],
  ['zmax4_med9', 22.73114040848217, 116, 38],
  ['perfect', 55.56751234894999, 0, 23],
];

function expectVector(name: string, files: readonly ChangepointSeries[]): void {
  const { changepoint: expected } = skabDetectors![name].expected;
  const score = skabChangepointScore(files);
  expect(score.trueChangepoints, name).toBe(expected.true_cps);
  expect(score.missed, name).toBe(expected.missed_cps);
  expect(score.falsePositives, name).toBe(expected.fps);
  expect(round(score.standard), name).toBe(expected.nab_standard);
  expect(round(score.lowFalsePositives), name).toBe(expected.nab_lowFP);
  expect(round(score.lowFalseNegatives), name).toBe(expected.nab_lowFN);
  if (expected.mean_delay_s === null) expect(score.meanDelayMs, name).toBeNaN();
  else expect(score.meanDelayMs / 1000, name).toBeCloseTo(expected.mean_delay_s, 5);
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
