/** Where a watch over one series of means stands. Plain data. */
export interface DriftState {
  readonly count: number;
  /** Mean of all values so far, and the sum of their squared distances from it (Welford 1962). */
  readonly mean: number;
  readonly squares: number;
  /** How far the sums of deviations are above their lowest, and below their highest. */
  readonly up: number;
  readonly down: number;
  /** Which way it went; it stays until the watch begins anew. */
  readonly drift: 'up' | 'down' | null;
}

export interface DriftOptions {
  /** Values that only show what is usual. */
  readonly reference: number;
  /** In standard deviations of the values: what a value may be off without counting. */
  readonly tolerance: number;
  /** In standard deviations: the sum of what counts, from which it is drift. */
  readonly limit: number;
  /** In standard deviations: as much as one value may count for, so that no single one decides. */
  readonly greatest: number;
  /** The least that counts as a standard deviation, in the values' unit: a series that never moves has none. */
  readonly leastDeviation: number;
}

export const freshDrift: DriftState = Object.freeze({
  count: 0,
  mean: 0,
  squares: 0,
  up: 0,
  down: 0,
  drift: null,
});

/**
 * Takes the next value of the series: the test of Page (1954) and Hinkley (1971) for a change of the mean, both ways.
 * The mean is that of all values so far, so that what changes very slowly is followed and what changes for good is
 * found. Pure.
 */
export function stepDrift(state: DriftState, value: number, options: DriftOptions): DriftState {
  if (state.drift !== null) return state;
  const { reference, tolerance, limit, greatest, leastDeviation } = options;
  const count = state.count + 1;
  const offset = value - state.mean;
  const mean = state.mean + offset / count;
  const squares = state.squares + offset * (value - mean);
  if (count <= reference) return { ...state, count, mean, squares };
  // What was usual before this value: a jump must not make its own measure.
  const deviation = Math.max(leastDeviation, Math.sqrt(state.squares / Math.max(1, state.count - 1)));
  const distance = Math.max(-greatest, Math.min(greatest, (value - mean) / deviation));
  const up = Math.max(0, state.up + distance - tolerance);
  const down = Math.max(0, state.down - distance - tolerance);
  return { count, mean, squares, up, down, drift: up > limit ? 'up' : down > limit ? 'down' : null };
}
