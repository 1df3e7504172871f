import { type Finding, findingOf, type Series, shown } from './finding.ts';

/** Shorter stretches are not looked at. */
const fewestRows = 10;
/** The chance that a healthy channel has a stretch that long anywhere is kept below this. */
const chance = 1e-4;
/** A channel that rests for more of its rows, or more often, does so by habit. */
const mostShare = 0.3;
const mostOccasions = 5;

/**
 * Stretches in which a channel stands still although its habit is to change: longer than repeats of the same reading
 * would last by chance (runs of a geometric distribution), and rare.
 */
export function findStuck(series: Series): Finding[] {
  const { values, rows } = series;
  const runs = runsOf(values);
  if (runs.length === 1)
    return [
      findingOf(series, [0, series.at.length - 1], {
        kind: 'constant',
        severity: 'info',
        message: `It is ${shown(values[0])} all the time.`,
      }),
    ];
  const ordinary = runs.filter(({ length }) => length < fewestRows);
  const pairs = ordinary.reduce((sum, { length }) => sum + length, 0);
  const repeats = ordinary.reduce((sum, { length }) => sum + length - 1, 0);
  if (pairs === 0) return [];
  const probability = Math.max(repeats, 1) / pairs;
  const longest = Math.max(fewestRows, 1 + Math.log(chance / values.length) / Math.log(probability));
  const still = runs.filter(({ length }) => length >= longest);
  const share =
    runs.reduce((sum, { length }) => sum + (length >= fewestRows ? length : 0), 0) / values.length;
  // Resting a little shorter than that, again and again, is a habit as well.
  const occasions = runs.filter(({ length }) => length >= Math.max(fewestRows, longest / 2)).length;
  if (share > mostShare || occasions > mostOccasions) return [];
  return still.map(({ start, length }) =>
    findingOf(series, [rows[start], rows[start + length - 1]], {
      kind: 'stuck',
      severity: 'exclude',
      message: `It stays at ${shown(values[start])} for ${length} rows, although it otherwise keeps changing.`,
    }),
  );
}

function runsOf(values: Float32Array): { start: number; length: number }[] {
  const runs: { start: number; length: number }[] = [];
  let start = 0;
  for (let i = 1; i <= values.length; i++) {
    if (i < values.length && values[i] === values[start]) continue;
    runs.push({ start, length: i - start });
    start = i;
  }
  return runs;
}
