import type { Random } from './random.ts';

/** How a weight starts: `gates` is an LSTM's bias, 4 blocks of H values of which the second are the forget gate's. */
export type WeightStart = 'kernel' | 'recurrent' | 'gates' | 'zero';

/**
 * Kernels are Glorot uniform, recurrent weights have orthonormal rows, biases are 0 but the forget gate's, which is 1
 * (the start that Keras uses, after Glorot 2010, Saxe 2014 and Jozefowicz 2015).
 */
export function startingValues(
  start: WeightStart,
  shape: readonly number[],
  random: Random,
): Float32Array<ArrayBuffer> {
  const data = new Float32Array(shape.reduce((product, dimension) => product * dimension, 1));
  switch (start) {
    case 'zero':
      return data;
    case 'gates': {
      const hidden = data.length / 4;
      return data.fill(1, hidden, 2 * hidden);
    }
    case 'kernel': {
      const limit = Math.sqrt(6 / (shape[0] + shape[1]));
      return data.map(() => (2 * random.uniform() - 1) * limit);
    }
    case 'recurrent':
      return orthonormalRows(shape[0], shape[1], random);
  }
}

/** Gaussian rows made orthonormal one after the other (modified Gram-Schmidt); needs `rows <= columns`. */
function orthonormalRows(rows: number, columns: number, random: Random): Float32Array<ArrayBuffer> {
  const matrix = Float64Array.from({ length: rows * columns }, () => random.gaussian());
  for (let r = 0; r < rows; r++) {
    const row = matrix.subarray(r * columns, (r + 1) * columns);
    for (let before = 0; before < r; before++) {
      const other = matrix.subarray(before * columns, (before + 1) * columns);
      const overlap = dot(row, other);
      for (let k = 0; k < columns; k++) row[k] -= overlap * other[k];
    }
    const norm = Math.sqrt(dot(row, row));
    for (let k = 0; k < columns; k++) row[k] /= norm;
  }
  return Float32Array.from(matrix);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let k = 0; k < a.length; k++) sum += a[k] * b[k];
  return sum;
}
