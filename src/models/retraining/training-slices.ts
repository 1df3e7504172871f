/** A stretch of time, both ends included, epoch ms. */
export interface TimeSlice {
  readonly from: number;
  readonly to: number;
}

/** Stretches that a thinned-out look back is made of: enough to meet every hour of some days. */
const slices = 64;

/**
 * The stretches of `[from, to]` to read so that about `most` of `rows` rows come: all of it, or evenly spread parts,
 * each at the end of its slice so that the newest rows are among them. Whole stretches, because windows need rows
 * without a break.
 */
export function trainingSlices(from: number, to: number, rows: number, most: number): TimeSlice[] {
  if (to < from) return [];
  if (rows <= most) return [{ from, to }];
  const length = (to - from) / slices;
  const part = length * (most / rows);
  return Array.from({ length: slices }, (_, i) => {
    const end = i + 1 === slices ? to : from + (i + 1) * length;
    return { from: Math.ceil(end - part), to: Math.floor(end) };
  });
}
