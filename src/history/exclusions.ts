import { type AssetRows, pickRows, sliceRows } from './asset-rows.ts';

/** Why rows are no example of normal operation. */
export type ExclusionReason = 'alerted' | 'labelled' | 'maintenance' | 'stopped' | 'imputed' | 'unfit';

/** A stretch of time, both ends included, that training must not see. */
export interface Exclusion {
  /** Null means every asset. */
  readonly assetId: string | null;
  readonly from: number;
  readonly to: number;
  readonly reason: ExclusionReason;
}

export interface KeptRows {
  /** In the order given; an asset without any row left is not among them. The gaps break windows, as gaps do. */
  readonly assets: readonly AssetRows[];
  /** Rows cut out, under the first reason given for each. */
  readonly excluded: Readonly<Record<ExclusionReason, number>>;
}

/** Cuts the stretches out of the rows. Windows that would reach into a stretch are gone with it. */
export function excludeRows(
  assets: readonly AssetRows[],
  exclusions: readonly Exclusion[],
  channels: number,
): KeptRows {
  const excluded = { alerted: 0, labelled: 0, maintenance: 0, stopped: 0, imputed: 0, unfit: 0 };
  const kept: AssetRows[] = [];
  for (const rows of assets) {
    const mine = exclusions.filter(({ assetId }) => assetId === null || assetId === rows.assetId);
    const positions: number[] = [];
    for (let row = 0; row < rows.at.length; row++) {
      const at = rows.at[row];
      const hit = mine.find(({ from, to }) => at >= from && at <= to);
      if (hit === undefined) positions.push(row);
      else excluded[hit.reason]++;
    }
    if (positions.length === rows.at.length) kept.push(rows);
    else if (positions.length > 0) kept.push(pickRows(rows, positions, channels));
  }
  return { assets: kept, excluded };
}

/**
 * Stretches of at least `fewest` rows in which nothing at all was measured: their values are the last known ones, held.
 * Shorter gaps are what a model must live with, and stay.
 */
export function imputedStretches(rows: AssetRows, channels: number, fewest: number): Exclusion[] {
  const found: Exclusion[] = [];
  let begin = -1;
  for (let row = 0; row <= rows.at.length; row++) {
    const held =
      row < rows.at.length && !rows.measured.subarray(row * channels, (row + 1) * channels).includes(1);
    if (held && begin < 0) begin = row;
    if (held || begin < 0) continue;
    if (row - begin >= fewest)
      found.push({ assetId: rows.assetId, from: rows.at[begin], to: rows.at[row - 1], reason: 'imputed' });
    begin = -1;
  }
  return found;
}

/** Splits rows where the step in time is not `sampleEveryMs`: views, in order of time, an entry an unbroken run. */
export function unbrokenRuns(rows: AssetRows, channels: number, sampleEveryMs: number): AssetRows[] {
  const runs: AssetRows[] = [];
  let begin = 0;
  for (let row = 1; row <= rows.at.length; row++) {
    if (row < rows.at.length && rows.at[row] - rows.at[row - 1] === sampleEveryMs) continue;
    runs.push(sliceRows(rows, begin, row, channels));
    begin = row;
  }
  return runs;
}
