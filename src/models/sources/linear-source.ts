/**
 * Predicts a row from itself and the row before, in scaled units: `now * x(t) + before * x(t-1) + offset`. All sources
 * beside the network have this shape, so that one loop runs them and one format stores them.
 */
export interface LinearSource {
  readonly kind: 'robust_z' | 'pca' | 'vector_autoregression';
  /** `[C x C]` row-major, a row for each predicted channel; null is all zeros. */
  readonly now: Float32Array | null;
  /** The same for the row before. */
  readonly before: Float32Array | null;
  /** Length C. */
  readonly offset: Float32Array;
}

/**
 * Writes measured minus predicted into `out`, which must be neither of the rows. Rows have length C and are scaled; NaN is
 * a missing reading: 0, the centre, stands for it in every prediction, and the residual of a missing `current` one is
 * NaN. `previous` is the row before as the grid has it, the last values held.
 */
export function linearResidual(
  { now, before, offset }: LinearSource,
  current: Float32Array,
  previous: Float32Array,
  out: Float32Array,
): void {
  const channels = offset.length;
  for (let channel = 0; channel < channels; channel++) {
    let predicted = offset[channel];
    if (now !== null) predicted += product(now, channel * channels, current);
    if (before !== null) predicted += product(before, channel * channels, previous);
    out[channel] = current[channel] - predicted;
  }
}

/** The row of `matrix` that begins at `from`, times `row`. */
function product(matrix: Float32Array, from: number, row: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < row.length; i++) {
    const value = row[i];
    if (!Number.isNaN(value)) sum += matrix[from + i] * value;
  }
  return sum;
}
