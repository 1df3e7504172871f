import type { Engine, Residuals } from '../../../src/models/engine.ts';

export interface ScriptedEngine {
  readonly engine: Engine;
  /** Sizes of the batches asked for so far. */
  readonly batches: number[];
  readonly open: () => number;
  /** From now on batches wait until `release`. */
  hold(): void;
  release(): void;
  /** The next batch, or the next session, fails with this. */
  failNext(what: 'score' | 'create', error: unknown): void;
}

/**
 * An engine without a network for one-class tests of what is around it: the residual is the last row itself (the
 * prediction is 0 everywhere), and batches come back when the test says so. It keeps the port's rules: using a
 * disposed session rejects, and disposing waits for calls in flight.
 */
export function scriptedEngine(channels: number, length: number): ScriptedEngine {
  const batches: number[] = [];
  const failures: Record<'score' | 'create', unknown[]> = { score: [], create: [] };
  let gate: { promise: Promise<void>; open: () => void } | null = null;
  let open = 0;

  const engine: Engine = {
    kind: 'onnx',
    async createScoring() {
      const failure = failures.create.shift();
      if (failure !== undefined) throw failure;
      let disposed = false;
      const inFlight = new Set<Promise<unknown>>();
      open++;
      const score = async (windows: Float32Array, batch: number): Promise<Residuals> => {
        if (disposed) throw new Error('used after dispose');
        batches.push(batch);
        const failing = failures.score.shift();
        await gate?.promise;
        if (failing !== undefined) throw failing;
        const lastResidual = new Float32Array(batch * channels);
        const size = length * channels;
        for (let i = 0; i < batch; i++)
          lastResidual.set(windows.subarray((i + 1) * size - channels, (i + 1) * size), i * channels);
        return { lastResidual, squaredError: new Float32Array(batch * channels) };
      };
      return {
        score(windows, batch) {
          const call = score(windows, batch);
          const settled: Promise<unknown> = call.then(
            () => inFlight.delete(settled),
            () => inFlight.delete(settled),
          );
          inFlight.add(settled);
          return call;
        },
        reconstruct: () => Promise.reject(new Error('not in this test')),
        async dispose() {
          if (disposed) return;
          disposed = true;
          await Promise.all(inFlight);
          open--;
        },
      };
    },
    createTraining: () => Promise.reject(new Error('not in this test')),
  };
  return {
    engine,
    batches,
    open: () => open,
    hold() {
      let openGate = (): void => {};
      const promise = new Promise<void>((resolve) => {
        openGate = resolve;
      });
      gate = { promise, open: openGate };
    },
    release() {
      gate?.open();
      gate = null;
    },
    failNext: (what, error) => failures[what].push(error),
  };
}
