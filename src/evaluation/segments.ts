/** A maximal run of ones: rows `start` up to, not including, `end`. */
export interface Segment {
  readonly start: number;
  readonly end: number;
}

/** The runs of ones of a 0/1 array, in order. */
export function segmentsOf(flags: Uint8Array): Segment[] {
  const segments: Segment[] = [];
  let start = -1;
  for (let row = 0; row <= flags.length; row++) {
    const flagged = row < flags.length && flags[row] === 1;
    if (flagged && start < 0) start = row;
    if (!flagged && start >= 0) {
      segments.push({ start, end: row });
      start = -1;
    }
  }
  return segments;
}

/** How many rows of the segment are 1 in `flags`. */
export function flaggedRows(flags: Uint8Array, segment: Segment): number {
  let count = 0;
  for (let row = segment.start; row < segment.end; row++) count += flags[row];
  return count;
}

/** Harmonic mean of two rates; 0 when both are 0. */
export function harmonicMean(a: number, b: number): number {
  return a + b === 0 ? 0 : (2 * a * b) / (a + b);
}
