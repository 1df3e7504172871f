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

/** Gates of all steps and windows of a run, in bytes, that stay near enough to the core. */
const GATE_BYTES = 4 * 1024 * 1024;

/**
 * A run is fastest while its gates, `T x B x 4H` floats, stay within 4 MiB: 128 windows of the reference network
 * (T 32, H 64), 32 of a large one (T 64, H 128), 16 of a long one (T 256, H 64); four times as many cost 10 to 40 %.
 * An eighth of that is the least that is worth a second thread.
 */
export function chunkLimits({ window, hidden }: NetworkSpec): ChunkLimits {
  const most = Math.max(8, Math.min(512, Math.floor(GATE_BYTES / (window * 4 * hidden * 4))));
  return { most, fewest: most / 8 };
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
