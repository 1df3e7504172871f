import type { NetworkSpec } from '../../spec.ts';

export interface Chunk {
  /** First window. */
  readonly start: number;
  readonly count: number;
}

/** How many windows a run had best take. */
export interface ChunkLimits {
  readonly fewest: number;
  readonly most: number;
}

/** In bytes of the gates of all steps, `T x B x 4H` floats, which are a measure of the work. */
const MOST_GATES = 16 * 1024 * 1024;
const FEWEST_GATES = 512 * 1024;

/**
 * The most, 512 windows of the reference network (T 32, H 64) or 128 of a large one (T 64, H 128), is where a run gets no
 * faster by the window while others wait for it; of a network that keeps all steps, some convolutions lose a sixth
 * against half as many. The fewest, 16 of the reference network, are what is worth a second thread.
 */
export function chunkLimits({ window, hidden }: NetworkSpec): ChunkLimits {
  const gates = window * 4 * hidden * 4;
  const most = Math.max(8, Math.min(512, Math.floor(MOST_GATES / gates)));
  const fewest = Math.max(1, Math.min(64, Math.floor(FEWEST_GATES / gates)));
  return { most, fewest };
}

/** Cuts a batch for scoring: into as many chunks as `lanes`, or a multiple, where that is worth while. */
export function splitBatch(batch: number, lanes: number, limits: ChunkLimits): readonly Chunk[] {
  const needed = Math.ceil(batch / limits.most);
  const shared = sharesOf(batch, lanes, limits.fewest);
  return cut(batch, needed <= shared ? shared : Math.ceil(needed / lanes) * lanes);
}

/** Cuts a batch for training, where each lane gets one share at most; half of 64 was worth while, half of 32 was not. */
export function shareBatch(batch: number, lanes: number, limits: ChunkLimits): readonly Chunk[] {
  return cut(batch, sharesOf(batch, lanes, 2 * limits.fewest));
}

function sharesOf(batch: number, lanes: number, fewest: number): number {
  return Math.max(1, Math.min(lanes, Math.floor(batch / fewest)));
}

/** Parts of nearly equal size. */
function cut(batch: number, parts: number): readonly Chunk[] {
  if (batch === 0) return [];
  return Array.from({ length: parts }, (_, part) => {
    const start = Math.floor((part * batch) / parts);
    return { start, count: Math.floor(((part + 1) * batch) / parts) - start };
  });
}
