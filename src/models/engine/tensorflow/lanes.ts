import { availableParallelism } from 'node:os';
import { ForewarnError } from '../../../errors.ts';
import { startWorker, type TensorFlowOptions, type WorkerClient } from './worker-client.ts';

/** A worker thread with a TensorFlow of its own. Every session is open in all lanes under the same number. */
export type Lane = WorkerClient;

/** Beyond this the parts of a batch get too small to share. */
const MOST_LANES = 8;
/** A second lane gains nothing before it has this many windows (measured, reference network). */
const FEWEST_WINDOWS = 64;

/**
 * One lane with a GPU, which is shared badly, or where the binding allows only one; otherwise one a core, because a
 * lane's ops use one (`load.ts`). Rejects with `ENGINE_UNAVAILABLE`.
 */
export async function startLanes(options: TensorFlowOptions): Promise<readonly Lane[]> {
  const first = await startWorker(options);
  const { gpu, threadSafe } = first.runtime;
  const wanted = options.lanes ?? (gpu ? 1 : Math.min(MOST_LANES, availableParallelism()));
  const count = threadSafe ? wanted : 1;
  const others = Array.from({ length: count - 1 }, () => startWorker(options));
  try {
    return [first, ...(await Promise.all(others))];
  } catch (error) {
    const started = await Promise.allSettled(others);
    const lanes = started.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    await Promise.all([first, ...lanes].map((lane) => lane.terminate()));
    throw error;
  }
}

export interface Part {
  readonly lane: Lane;
  /** First window. */
  readonly start: number;
  readonly count: number;
}

/** Nearly equal parts of a batch for the lanes with the least to do. */
export function splitBatch(batch: number, lanes: readonly Lane[]): readonly Part[] {
  if (batch === 0) return [];
  const parts = Math.max(1, Math.min(lanes.length, Math.floor(batch / FEWEST_WINDOWS)));
  const idlest = [...lanes].sort((a, b) => a.inFlight - b.inFlight);
  return idlest.slice(0, parts).map((lane, part) => {
    const start = Math.floor((part * batch) / parts);
    return { lane, start, count: Math.floor(((part + 1) * batch) / parts) - start };
  });
}

/** The calls of a session and its end. */
export interface Lifetime {
  /** Throws `ENGINE_DISPOSED` after `dispose`. */
  check(): void;
  /** As {@link check}, and `dispose` waits for `work`, which may call the lanes more than once. */
  during<Result>(work: () => Promise<Result>): Promise<Result>;
  dispose(): Promise<void>;
}

export function createLifetime(lanes: readonly Lane[], session: number): Lifetime {
  const underWay = new Set<Promise<unknown>>();
  let disposal: Promise<void> | null = null;
  const check = (): void => {
    if (disposal === null) return;
    throw new ForewarnError('ENGINE_DISPOSED', 'The session was used after it was disposed.');
  };
  return {
    check,
    async during(work) {
      check();
      const started = work();
      underWay.add(started);
      try {
        return await started;
      } finally {
        underWay.delete(started);
      }
    },
    dispose() {
      disposal ??= (async () => {
        await Promise.allSettled(underWay);
        // A dead lane holds nothing that could be freed.
        await Promise.allSettled(lanes.map((lane) => lane.call('dispose', { session })));
      })();
      return disposal;
    },
  };
}

/** Windows `start` to `start + count` in memory of their own, which can then move to a lane. */
export function copyWindows(
  windows: Float32Array,
  size: number,
  { start, count }: Pick<Part, 'start' | 'count'>,
): Float32Array<ArrayBuffer> {
  return new Float32Array(windows.subarray(start * size, (start + count) * size));
}

/** Throws unless there are `batch` windows of `size` values. */
export function checkLength(windows: Float32Array, size: number, batch: number): void {
  if (windows.length >= batch * size) return;
  throw new RangeError(`${batch} windows need ${batch * size} values, got ${windows.length}`);
}
