/** A logarithmic axis of scores: `y` is 0 at the top and 1 at the bottom, clamped at both ends. */
export interface ScoreAxis {
  readonly low: number;
  readonly high: number;
  readonly ticks: readonly number[];
  y(score: number): number;
}

const lowest = 0.1;
const highest = 1000;

/** One axis for all traces, from 0.1 to the power of ten above the highest score, 10 at least and 1000 at most. */
export function scoreAxis(traces: Iterable<{ readonly score: Float32Array }>): ScoreAxis {
  let top = 10;
  for (const { score } of traces) {
    for (const value of score) while (value > top && top < highest) top *= 10;
  }
  const decades = Math.round(Math.log10(top / lowest));
  return {
    low: lowest,
    high: top,
    ticks: Array.from({ length: decades + 1 }, (_, decade) => Number((lowest * 10 ** decade).toPrecision(1))),
    y: (score) => 1 - Math.log10(Math.min(Math.max(score, lowest), top) / lowest) / decades,
  };
}
