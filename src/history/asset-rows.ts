/** Rows of one asset in order of time; `n` rows of C channels. The shape that training takes. */
export interface AssetRows {
  readonly assetId: string;
  /** Epoch ms of each row, rising. */
  readonly at: Float64Array;
  /** `[n x C]`, raw units, the last known value where `measured` is 0. */
  readonly values: Float32Array;
  /** `[n x C]`, 1 where the channel was read. */
  readonly measured: Uint8Array;
}

/**
 * Puts pieces of one asset, given in order of arrival, together in order of time. Of rows with the same time the one
 * that arrived last stays: after a device's clock was set back, times come twice.
 */
export function joinRows(assetId: string, pieces: readonly AssetRows[], channels: number): AssetRows {
  const total = pieces.reduce((sum, { at }) => sum + at.length, 0);
  const joined = emptyRows(assetId, total, channels);
  let row = 0;
  for (const piece of pieces) {
    joined.at.set(piece.at, row);
    joined.values.set(piece.values, row * channels);
    joined.measured.set(piece.measured, row * channels);
    row += piece.at.length;
  }
  return isRising(joined.at) ? joined : pickRows(joined, rowsInOrder(joined.at), channels);
}

/** The rows with `from <= at <= to`; views where all or part of the rows stays. */
export function rowsWithin(rows: AssetRows, from: number, to: number, channels: number): AssetRows {
  const first = firstFrom(rows.at, from);
  const end = firstFrom(rows.at, to, true);
  return sliceRows(rows, first, end, channels);
}

/** Views of rows `[from, end)`. */
export function sliceRows(rows: AssetRows, from: number, end: number, channels: number): AssetRows {
  return {
    assetId: rows.assetId,
    at: rows.at.subarray(from, end),
    values: rows.values.subarray(from * channels, end * channels),
    measured: rows.measured.subarray(from * channels, end * channels),
  };
}

/** Copies the rows at these positions, in this order. */
export function pickRows(rows: AssetRows, positions: ArrayLike<number>, channels: number): AssetRows {
  const picked = emptyRows(rows.assetId, positions.length, channels);
  for (let i = 0; i < positions.length; i++) {
    const from = positions[i] * channels;
    picked.at[i] = rows.at[positions[i]];
    picked.values.set(rows.values.subarray(from, from + channels), i * channels);
    picked.measured.set(rows.measured.subarray(from, from + channels), i * channels);
  }
  return picked;
}

export function emptyRows(assetId: string, rows: number, channels: number): AssetRows {
  return {
    assetId,
    at: new Float64Array(rows),
    values: new Float32Array(rows * channels),
    measured: new Uint8Array(rows * channels),
  };
}

function isRising(at: Float64Array): boolean {
  for (let i = 1; i < at.length; i++) if (at[i] <= at[i - 1]) return false;
  return true;
}

/** Positions in order of time; of equal times the last. */
function rowsInOrder(at: Float64Array): number[] {
  const order = Array.from(at, (_, i) => i).sort((a, b) => at[a] - at[b] || a - b);
  return order.filter((row, i) => i + 1 === order.length || at[order[i + 1]] !== at[row]);
}

/** The first row whose time is `limit` or later (`after`: later than it). */
function firstFrom(at: Float64Array, limit: number, after = false): number {
  let low = 0;
  let high = at.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (after ? at[middle] <= limit : at[middle] < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
