import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  NAB_PROFILES,
  type NabPoint,
  type NabWindow,
  nabCorpusScore,
  nabNormalise,
  nabOracleCorpusScore,
  nabProbationRows,
  nabRowScores,
  nabScoreAt,
  nabSigmoid,
  nabSweep,
} from '../../src/evaluation/nab-score.ts';

type ProfileName = keyof typeof NAB_PROFILES;
type Counts = Pick<NabPoint, 'tp' | 'fp' | 'tn' | 'fn'>;
interface FilePoint extends NabPoint {
  readonly normalized_single_file: number | null;
}
interface TinyCase {
  readonly n: number;
  readonly windows: readonly (readonly [number, number])[];
  readonly anomaly_scores: readonly number[];
  readonly expected: Record<
    ProfileName,
    {
      readonly probationary_rows: number;
      readonly row_sweep_scores: readonly number[];
      readonly by_threshold: readonly NabPoint[];
    }
  >;
}
interface CorpusFile {
  readonly file: string;
  readonly rows: number;
  readonly n_windows: number;
  readonly n_flagged: number;
  readonly standard: FilePoint;
  readonly low_fp: FilePoint;
  readonly low_fn: FilePoint;
  readonly flagged_rows?: readonly number[];
}
interface Rerun {
  readonly total_score: number;
  readonly files: Record<string, Counts & { readonly score: number }>;
}
interface Vectors {
  readonly scaledSigmoid: readonly (readonly [number, number])[];
  readonly tiny_one_window: TinyCase;
  readonly tiny_two_windows: TinyCase;
  readonly trailing_z_corpus: {
    readonly files: readonly CorpusFile[];
    readonly totals: Record<ProfileName, { readonly score: number; readonly normalized: number }>;
  };
  readonly published_detectors_rerun: {
    readonly detectors: Record<string, Partial<Record<ProfileName, Rerun>>>;
  };
  readonly machine_temperature_example: Record<ProfileName, FilePoint>;
}

const data = new URL('../../../shared/data/', import.meta.url);
const vectorsFile = new URL('vectors/nab.json', data);
const labelsFile = new URL('nab/labels/combined_windows.json', data);
const present = existsSync(vectorsFile) && existsSync(labelsFile);
if (!present) console.warn('SKIPPED: NAB is not checked against its own scorer, shared/data is absent');
const profileNames = Object.keys(NAB_PROFILES) as ProfileName[];
/** Both sides sum the same terms in another order. */
const DIGITS = 10;
/** NAB's label files hold 116 windows. */
const CORPUS_WINDOWS = 116;

describe('NAB by hand', () => {
  const scores = new Float64Array(40);
  scores[14] = 0.8;
  scores[12] = 0.7;
  const file = { scores, windows: [{ first: 10, last: 19 }] };

  it('pays the earliest detected row of a window and charges each detected row outside', () => {
    const { standard } = NAB_PROFILES;
    expect(nabScoreAt(file, standard, 0.9).score).toBe(-1);
    expect(nabScoreAt(file, standard, 0.75).score).toBeCloseTo(0.9174286804, 9);
    expect(nabScoreAt(file, standard, 0.7).score).toBeCloseTo(0.9771068409, 9);
    scores[33] = 0.65;
    scores[8] = 0.6;
    expect(nabScoreAt(file, standard, 0.65).score).toBeCloseTo(0.8671989696, 9);
    expect(nabScoreAt(file, standard, 0.6).score).toBeCloseTo(0.7571989696, 9);
  });

  it('ignores probation rows, at most 750 of them', () => {
    const early = new Float64Array(40);
    early[5] = 1;
    expect(nabScoreAt({ scores: early, windows: [] }, NAB_PROFILES.standard, 0.5).fp).toBe(0);
    expect(nabProbationRows(4999)).toBe(749);
    expect(nabProbationRows(22_695)).toBe(750);
  });

  it('finds the threshold that is best for all files together, not for each', () => {
    const quiet = { scores: new Float64Array(40).fill(0.7), windows: [] };
    const oracle = nabOracleCorpusScore([file, quiet], NAB_PROFILES.standard);
    expect(oracle).toEqual(nabCorpusScore([file, quiet], NAB_PROFILES.standard, 0.8));
    expect(oracle.normalised).toBeCloseTo((100 * (0.9174286804 + 1)) / 2, 6);
  });

  it('refuses scores and windows that NAB does not know', () => {
    const { standard } = NAB_PROFILES;
    expect(() => nabSweep({ scores: Float64Array.of(0, 1.5), windows: [] }, standard)).toThrow('row 1');
    expect(() => nabSweep({ scores: Float64Array.of(NaN), windows: [] }, standard)).toThrow('row 0');
    for (const windows of [
      [{ first: 3, last: 10 }],
      [{ first: 4, last: 3 }],
      [
        { first: 2, last: 5 },
        { first: 5, last: 6 },
      ],
    ]) {
      expect(() => nabRowScores(10, windows, standard)).toThrow('out of order');
    }
  });
});

describe.skipIf(!present)('NAB against the vectors of its own scorer', () => {
  const vectors = present ? (JSON.parse(readFileSync(vectorsFile, 'utf8')) as Vectors) : null!;

  it('has the same sigmoid', () => {
    for (const [position, value] of vectors.scaledSigmoid)
      expect(nabSigmoid(position)).toBeCloseTo(value, 14);
  });

  it.each(['tiny_one_window', 'tiny_two_windows'] as const)('sweeps %s', (name) => {
    const { n, windows: pairs, anomaly_scores, expected } = vectors[name];
    const windows = pairs.map(([first, last]) => ({ first, last }));
    for (const profileName of profileNames) {
      const profile = NAB_PROFILES[profileName];
      const { probationary_rows, row_sweep_scores, by_threshold } = expected[profileName];
      expect(nabProbationRows(n)).toBe(probationary_rows);
      const worth = nabRowScores(n, windows, profile);
      expect(worth).toHaveLength(row_sweep_scores.length);
      for (const [row, value] of row_sweep_scores.entries()) expect(worth[row]).toBeCloseTo(value, 11);
      const sweep = nabSweep({ scores: Float64Array.from(anomaly_scores), windows }, profile);
      expect(sweep).toHaveLength(by_threshold.length);
      for (const [index, point] of by_threshold.entries()) expectPoint(sweep[index], point);
    }
  });

  it('scores the trailing-z detector on every file that is here', () => {
    const labels = readLabels();
    let scored = 0;
    for (const entry of vectors.trailing_z_corpus.files) {
      const series = readSeries(entry.file);
      if (!series) continue;
      scored++;
      expect(series.values).toHaveLength(entry.rows);
      const scores = trailingZ(series.values);
      const flagged = [...scores.keys()].filter((row) => scores[row] === 1);
      expect(flagged, entry.file).toHaveLength(entry.n_flagged);
      if (entry.flagged_rows) expect(flagged).toEqual(entry.flagged_rows);
      const windows = windowsOf(series.times, labels[entry.file]);
      expect(windows).toHaveLength(entry.n_windows);
      const byProfile = [entry.standard, entry.low_fp, entry.low_fn];
      for (const [index, name] of profileNames.entries()) {
        expectFilePoint({ scores, windows }, name, byProfile[index]);
        if (!entry.file.includes('machine_temperature')) continue;
        expectFilePoint({ scores, windows }, name, vectors.machine_temperature_example[name]);
      }
    }
    if (scored < 58) console.warn(`NAB: ${scored} of 58 files are here, only they are scored`);
    expect(scored).toBeGreaterThan(0);
  });

  it('normalises the corpus totals', () => {
    const { files, totals } = vectors.trailing_z_corpus;
    expect(files.reduce((sum, file) => sum + file.n_windows, 0)).toBe(CORPUS_WINDOWS);
    for (const name of profileNames) {
      const { score, normalized } = totals[name];
      expect(nabNormalise(score, CORPUS_WINDOWS, NAB_PROFILES[name])).toBeCloseTo(normalized, DIGITS);
    }
    // The scoreboard of NAB's README, which has two digits.
    const scoreboard = {
      windowedGaussian: [39.65, 20.87, 47.41],
      relativeEntropy: [54.64, 47.6, 58.84],
      skyline: [35.69, 27.08, 44.48],
    };
    for (const [detector, published] of Object.entries(scoreboard)) {
      for (const [index, name] of profileNames.entries()) {
        const total = vectors.published_detectors_rerun.detectors[detector][name]!.total_score;
        expect(nabNormalise(total, CORPUS_WINDOWS, NAB_PROFILES[name])).toBeCloseTo(published[index], 2);
      }
    }
  });

  it('agrees on published runs that detected nothing in a file', () => {
    const labels = readLabels();
    let scored = 0;
    for (const detector of Object.values(vectors.published_detectors_rerun.detectors)) {
      for (const name of profileNames) {
        for (const [path, expected] of Object.entries(detector[name]?.files ?? {})) {
          const series = expected.tp + expected.fp === 0 ? readSeries(path) : null;
          if (!series) continue;
          const windows = windowsOf(series.times, labels[path]);
          const file = { scores: new Float64Array(series.values.length), windows };
          expectPoint(nabScoreAt(file, NAB_PROFILES[name], 0.5), { ...expected, threshold: 0.5 });
          scored++;
        }
      }
    }
    expect(scored).toBeGreaterThan(0);
  });
});

function expectPoint(actual: NabPoint, { threshold, score, tp, fp, tn, fn }: NabPoint): void {
  expect(actual).toMatchObject({ threshold, tp, fp, tn, fn });
  expect(actual.score).toBeCloseTo(score, DIGITS);
}

function expectFilePoint(
  file: Parameters<typeof nabScoreAt>[0],
  name: ProfileName,
  expected: FilePoint,
): void {
  const profile = NAB_PROFILES[name];
  const point = nabScoreAt(file, profile, expected.threshold);
  expectPoint(point, expected);
  const normalised = nabNormalise(point.score, file.windows.length, profile);
  if (expected.normalized_single_file === null) expect(normalised).toBeNull();
  else expect(normalised).toBeCloseTo(expected.normalized_single_file, DIGITS);
}

function readLabels(): Record<string, readonly (readonly [string, string])[]> {
  return JSON.parse(readFileSync(labelsFile, 'utf8'));
}

function readSeries(path: string): { times: string[]; values: Float64Array } | null {
  const url = new URL(`nab/data/${path}`, data);
  if (!existsSync(url)) return null;
  const lines = readFileSync(url, 'utf8').trim().split(/\r?\n/).slice(1);
  const cells = lines.map((line) => line.split(','));
  return {
    times: cells.map(([time]) => time),
    values: Float64Array.from(cells, ([, value]) => Number(value)),
  };
}

/** Labels name windows by time; where a time comes twice, NAB takes its first row. */
function windowsOf(times: string[], pairs: readonly (readonly [string, string])[]): NabWindow[] {
  const rowOf = (time: string) => times.indexOf(time.slice(0, 19));
  return pairs.map(([from, to]) => ({ first: rowOf(from), last: rowOf(to) }));
}

/** The detector of the vectors: 1 where a row is over 5 deviations from the mean of the 288 before it. */
function trailingZ(values: Float64Array): Float64Array {
  const scores = new Float64Array(values.length);
  for (let row = 288; row < values.length; row++) {
    const before = values.subarray(row - 288, row);
    const mean = before.reduce((sum, value) => sum + value, 0) / 288;
    const variance = before.reduce((sum, value) => sum + (value - mean) ** 2, 0) / 288;
    if (Math.abs(values[row] - mean) / Math.sqrt(Math.max(variance, 1e-12)) > 5) scores[row] = 1;
  }
  return scores;
}
