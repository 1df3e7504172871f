/** Per pixel column the rows of its lowest and highest value; -1 where the column has no value. */
export interface ColumnExtremes {
  readonly lowRow: Int32Array;
  readonly highRow: Int32Array;
}

/** First row of column `c` of `columns` over `n` rows; that of column `columns` is `n`. */
function columnStart(column: number, columns: number, n: number): number {
  return Math.floor((column * n) / columns);
}

/**
 * Minimum and maximum per column of `values` (length n, NaN where unknown), so that no spike is lost however many rows
 * share a column. There are never more columns than rows.
 */
export function columnExtremes(values: Float32Array, maxColumns: number): ColumnExtremes {
  const columns = Math.min(maxColumns, values.length);
  const lowRow = new Int32Array(columns).fill(-1);
  const highRow = new Int32Array(columns).fill(-1);
  for (let column = 0; column < columns; column++) {
    const end = columnStart(column + 1, columns, values.length);
    for (let row = columnStart(column, columns, values.length); row < end; row++) {
      if (Number.isNaN(values[row])) continue;
      if (lowRow[column] < 0 || values[row] < values[lowRow[column]]) lowRow[column] = row;
      if (highRow[column] < 0 || values[row] > values[highRow[column]]) highRow[column] = row;
    }
  }
  return { lowRow, highRow };
}

/** 1 for every row whose column has a row that is 1 in `flags`: at most one run for every second column. */
export function columnFlags(flags: Uint8Array, maxColumns: number): Uint8Array {
  const columns = Math.min(maxColumns, flags.length);
  const shown = new Uint8Array(flags.length);
  for (let column = 0; column < columns; column++) {
    const start = columnStart(column, columns, flags.length);
    const end = columnStart(column + 1, columns, flags.length);
    const first = flags.indexOf(1, start);
    if (first >= 0 && first < end) shown.fill(1, start, end);
  }
  return shown;
}
