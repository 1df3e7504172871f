import { type Finding, findingOf, type Series } from './finding.ts';

/** From this share on it is worth a word even when no stretch is long. */
const noticedShare = 0.05;
/** A channel that is missing more often than not has no stretches: it is missing. */
const rareShare = 0.5;

/** Missing readings of a channel: their share, and the stretches as long as a window, in which only held values are. */
export function findMissing(series: Series, windowLength: number): Finding[] {
  const total = series.at.length;
  const missing = total - series.rows.length;
  const whole = [0, total - 1] as const;
  const tell = (message: string) => findingOf(series, whole, { kind: 'missing', severity: 'info', message });
  if (missing === total) return [tell('It was never measured.')];
  const share = missing / total;
  const found: Finding[] = [];
  if (share >= noticedShare) found.push(tell(`${Math.round(100 * share)} % of its readings are missing.`));
  if (share >= rareShare) return found;
  let next = 0;
  for (let i = 0; i <= series.rows.length; i++) {
    const row = i < series.rows.length ? series.rows[i] : total;
    if (row - next >= windowLength)
      found.push(
        findingOf(series, [next, row - 1], {
          kind: 'missing',
          severity: 'exclude',
          message: `${row - next} rows in a row are missing.`,
        }),
      );
    next = row + 1;
  }
  return found;
}
