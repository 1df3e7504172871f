/**
 * Spearman's rank correlation of two lists of equal length, from -1 to 1: Pearson's correlation of the ranks, equal
 * values sharing their mean rank. 0 where a list is shorter than 2 or all its values are equal.
 */
export function rankCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const x = ranksOf(a);
  const y = ranksOf(b);
  // Ranks from 1 to n have this mean, ties or not.
  const mean = (x.length + 1) / 2;
  let product = 0;
  let squaresX = 0;
  let squaresY = 0;
  for (let i = 0; i < x.length; i++) {
    product += (x[i] - mean) * (y[i] - mean);
    squaresX += (x[i] - mean) ** 2;
    squaresY += (y[i] - mean) ** 2;
  }
  return squaresX === 0 || squaresY === 0 ? 0 : product / Math.sqrt(squaresX * squaresY);
}

function ranksOf(values: ArrayLike<number>): Float64Array {
  const order = Uint32Array.from({ length: values.length }, (_, i) => i).sort(
    (i, j) => values[i] - values[j],
  );
  const ranks = new Float64Array(order.length);
  let from = 0;
  while (from < order.length) {
    let to = from + 1;
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let i = from; i < to; i++) ranks[order[i]] = (from + 1 + to) / 2;
    from = to;
  }
  return ranks;
}
