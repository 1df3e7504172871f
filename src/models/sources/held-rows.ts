/**
 * Visits the rows of runs without a break (`[n x C]`, scaled, NaN = missing) in order of time as live scoring meets
 * them: `held` has the last value of the run in the place of a missing one, 0 before there is any. `previous` is the
 * held row before, null at the start of a run; `measured` is the row itself. All three are overwritten by the next visit.
 */
export function eachHeldRow(
  runs: readonly Float32Array[],
  channels: number,
  visit: (held: Float64Array, previous: Float64Array | null, measured: Float32Array) => void,
): void {
  for (const run of runs) {
    let held = new Float64Array(channels);
    let previous = new Float64Array(channels);
    for (let at = 0; at < run.length; at += channels) {
      const measured = run.subarray(at, at + channels);
      [previous, held] = [held, previous];
      for (let i = 0; i < channels; i++) held[i] = Number.isNaN(measured[i]) ? previous[i] : measured[i];
      visit(held, at === 0 ? null : previous, measured);
    }
  }
}
