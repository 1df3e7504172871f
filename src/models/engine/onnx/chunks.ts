export interface Chunk {
  /** First window. */
  readonly start: number;
  readonly count: number;
}

/** Fewer windows than this are not worth a second thread: half the batch takes more than half the time. */
const FEWEST = 32;
/** More windows than this leave the second-level cache and lose 10 to 20 % of the speed. */
const MOST = 128;

/** Cuts a batch into chunks of nearly equal size, as many as `lanes` or a multiple of it where that is worth while. */
export function splitBatch(batch: number, lanes: number): readonly Chunk[] {
  if (batch === 0) return [];
  const needed = Math.ceil(batch / MOST);
  const shared = Math.max(1, Math.min(lanes, Math.floor(batch / FEWEST)));
  const parts = needed <= shared ? shared : Math.ceil(needed / lanes) * lanes;
  return Array.from({ length: parts }, (_, part) => {
    const start = Math.floor((part * batch) / parts);
    return { start, count: Math.floor(((part + 1) * batch) / parts) - start };
  });
}
