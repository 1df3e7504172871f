import { createRandom } from '../../../src/models/random.ts';
import { type LinearSource, linearResidual } from '../../../src/models/sources/linear-source.ts';

/** Rows `[n x C]` of independent standard normal numbers. */
export function gaussianRows(count: number, channels: number, seed: number): Float32Array {
  const random = createRandom(seed);
  return new Float32Array(count * channels).map(() => random.gaussian());
}

/** `x(t) = A x(t-1) + offset + e(t)`, started at 0, with `A` `[C x C]` row-major and e of the given deviation. */
export function autoregressiveRows(
  count: number,
  { matrix, offset, deviation }: { matrix: readonly number[]; offset: readonly number[]; deviation: number },
  seed: number,
): Float32Array {
  const channels = offset.length;
  const random = createRandom(seed);
  const rows = new Float32Array(count * channels);
  for (let at = channels; at < rows.length; at += channels) {
    for (let i = 0; i < channels; i++) {
      const expected = offset.reduce(
        (sum, _, j) => sum + matrix[i * channels + j] * rows[at - channels + j],
        offset[i],
      );
      rows[at + i] = expected + deviation * random.gaussian();
    }
  }
  return rows;
}

/** Residuals `[n x C]` of a run; the row before its first is the first itself. */
export function residualsOf(source: LinearSource, run: Float32Array): Float32Array {
  const channels = source.offset.length;
  const residuals = new Float32Array(run.length);
  for (let at = 0; at < run.length; at += channels) {
    const current = run.subarray(at, at + channels);
    const previous = at === 0 ? current : run.subarray(at - channels, at);
    linearResidual(source, current, previous, residuals.subarray(at, at + channels));
  }
  return residuals;
}

/** The mean of each column of `[n x C]` over what is not NaN. */
export function columnMeans(rows: Float32Array, channels: number): number[] {
  return Array.from({ length: channels }, (_, channel) => {
    const values = rows.filter((value, i) => i % channels === channel && !Number.isNaN(value));
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  });
}

export function largest(values: ArrayLike<number>): number {
  return Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

/** A copy in which each reading is missing by the given chance. */
export function withGaps(rows: Float32Array, chance: number, seed: number): Float32Array {
  const random = createRandom(seed);
  return rows.map((value) => (random.uniform() < chance ? Number.NaN : value));
}
