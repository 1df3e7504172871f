import { ForewarnError } from '../../../errors.ts';
import type { Residuals, ScoringOptions, ScoringSession } from '../../engine.ts';
import { type Chunk, chunkLimits, splitBatch } from './chunks.ts';
import type { Lane, LaneSession } from './lane.ts';
import type { LaneOutputs } from './lane-protocol.ts';
import { encodeOnnxModel } from './onnx-model.ts';
import { reconstructionGraph, residualGraph } from './scoring-graph.ts';

/** Up to so many windows the form for few is the faster, for networks of any size. */
const MOST_FEW = 16;

/** One session a lane, in the lanes' order. */
type PerLane = readonly LaneSession[];

/**
 * The model in every lane, in one form for chunks of a few windows and one for many; each batch is cut into chunks that
 * go to the lanes with the least to do.
 */
export async function createOnnxScoring(
  lanes: readonly Lane[],
  model: ScoringOptions,
): Promise<ScoringSession> {
  const { window, channels } = model.spec;
  const size = window * channels;
  const limits = chunkLimits(model.spec);
  const forFew = encodeOnnxModel(residualGraph(model, 'small_batch'));
  const forMany = encodeOnnxModel(residualGraph(model, 'large_batch'));
  const few = await openAll(lanes, forFew);
  // Not every kind of network has two forms.
  const many = Buffer.compare(forFew, forMany) === 0 ? few : await openAll(lanes, forMany);
  let reconstruction: Promise<PerLane> | null = null;
  const underWay = new Set<Promise<unknown>>();
  let disposed: Promise<void> | null = null;

  const check = (windows: Float32Array, batch: number): void => {
    if (disposed !== null) throw disposedError();
    if (windows.length < batch * size)
      throw new RangeError(`${batch} windows need ${batch * size} values, got ${windows.length}`);
  };

  const run = (
    sessionsFor: (chunk: Chunk) => PerLane,
    windows: Float32Array,
    batch: number,
  ): Promise<readonly (readonly [Chunk, LaneOutputs])[]> => {
    const planned = new Map<Lane, number>();
    const chunks = splitBatch(batch, lanes.length, limits);
    return Promise.all(
      chunks.map(async (chunk) => {
        const busy = (lane: Lane): number => lane.owed + (planned.get(lane) ?? 0);
        const least = lanes.reduce((best, lane) => (busy(lane) < busy(best) ? lane : best));
        planned.set(least, (planned.get(least) ?? 0) + 1);
        const data = windows.subarray(chunk.start * size, (chunk.start + chunk.count) * size);
        const feeds = { windows: { data, shape: [chunk.count, window, channels], give: false } };
        return [chunk, await sessionsFor(chunk)[lanes.indexOf(least)].run(feeds)] as const;
      }),
    );
  };

  const tracked = async <Result>(work: Promise<Result>): Promise<Result> => {
    underWay.add(work);
    try {
      return await work;
    } finally {
      underWay.delete(work);
    }
  };

  const score = async (windows: Float32Array, batch: number): Promise<Residuals> => {
    check(windows, batch);
    const lastResidual = new Float32Array(batch * channels);
    const squaredError = new Float32Array(batch * channels);
    const sessionsFor = ({ count }: Chunk): PerLane => (count <= MOST_FEW ? few : many);
    for (const [{ start }, outputs] of await run(sessionsFor, windows, batch)) {
      lastResidual.set(outputs.last_residual, start * channels);
      squaredError.set(outputs.squared_error, start * channels);
    }
    return { lastResidual, squaredError };
  };

  const reconstruct = async (windows: Float32Array, batch: number): Promise<Float32Array> => {
    check(windows, batch);
    // Only a page that shows a window asks for it, so most models never load this graph.
    reconstruction ??= openAll(lanes, encodeOnnxModel(reconstructionGraph(model, 'large_batch')));
    const sessions = await reconstruction;
    const whole = new Float32Array(batch * size);
    for (const [{ start }, outputs] of await run(() => sessions, windows, batch)) {
      whole.set(outputs.reconstruction, start * size);
    }
    return whole;
  };

  return {
    score: (windows, batch) => tracked(score(windows, batch)),
    reconstruct: (windows, batch) => tracked(reconstruct(windows, batch)),
    dispose() {
      disposed ??= (async () => {
        await Promise.allSettled(underWay);
        const sessions = [...few, ...many, ...((await reconstruction?.catch(() => [])) ?? [])];
        await Promise.all(sessions.map((session) => session.close()));
      })();
      return disposed;
    },
  };
}

function openAll(lanes: readonly Lane[], model: Uint8Array): Promise<PerLane> {
  return Promise.all(lanes.map((lane) => lane.open(model)));
}

export function disposedError(): ForewarnError {
  return new ForewarnError('ENGINE_DISPOSED', 'The session was used after it was disposed.');
}
