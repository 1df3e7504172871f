/**
 * Whether all assets have alarms at one rate. Alarms come in clusters, so a chi-squared test of Poisson counts finds a
 * difference where there is none. This takes what variance there is from the data: under equal rates blocks of time are
 * exchangeable between assets, so the dispersion of the assets' sums (variance over mean, which is chi-squared over its
 * degrees of freedom for Poisson counts) is set against that of blocks dealt out at random.
 *
 * `counts` are by asset, and by block of time.
 */
export function evenness(counts, random, rounds = 2000) {
  const totals = counts.map(sum);
  const blocks = counts.flat();
  const size = counts[0].length;
  const observed = dispersion(totals);
  let asLarge = 0;
  for (let round = 0; round < rounds; round++) {
    for (let i = blocks.length - 1; i > 0; i--) {
      const j = random.integer(i + 1);
      [blocks[i], blocks[j]] = [blocks[j], blocks[i]];
    }
    if (dispersion(counts.map((_, i) => sum(blocks.slice(i * size, (i + 1) * size)))) >= observed) asLarge++;
  }
  const ascending = totals.toSorted((a, b) => a - b);
  const median = (ascending[(totals.length - 1) >> 1] + ascending[totals.length >> 1]) / 2;
  return {
    total: sum(totals),
    least: ascending[0],
    median,
    most: ascending.at(-1),
    most_over_median: ascending.at(-1) / median,
    dispersion: observed,
    p_equal: (asLarge + 1) / (rounds + 1),
  };
}

function dispersion(totals) {
  const mean = sum(totals) / totals.length;
  return sum(totals.map((value) => (value - mean) ** 2)) / (totals.length - 1) / mean;
}

function sum(values) {
  return values.reduce((total, value) => total + value, 0);
}
