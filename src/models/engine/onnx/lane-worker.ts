// The thread behind lane.ts: holds ONNX Runtime sessions and runs them, as the runtime's Node binding runs a session
// on the thread that calls it and would block the event loop.
import { parentPort, workerData } from 'node:worker_threads';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { messageOf } from '../../../errors.ts';
import type { LaneAnswer, LaneRequest, LaneResult } from './lane-protocol.ts';
import { passRunGate } from './run-gate.ts';

const gate = workerData as Int32Array;
const sessions = new Map<number, InferenceSession>();
// Requests run strictly one after the other: the thread is one core's worth of work.
let last: Promise<void> = Promise.resolve();
const nothing: LaneResult = { outputs: {}, returned: {} };

parentPort?.on('message', (request: LaneRequest) => {
  last = last.then(() => answer(request));
});

async function answer(request: LaneRequest): Promise<void> {
  const { call } = request;
  try {
    const result = await passRunGate(gate, () => handle(request));
    const buffers = Object.values(result.outputs).map(({ buffer }) => buffer as ArrayBuffer);
    buffers.push(...Object.values(result.returned));
    parentPort?.postMessage({ kind: 'done', call, result } satisfies LaneAnswer, buffers);
  } catch (error) {
    parentPort?.postMessage({ kind: 'failed', call, message: messageOf(error) } satisfies LaneAnswer);
  }
}

async function handle(request: LaneRequest): Promise<LaneResult> {
  switch (request.kind) {
    case 'load': {
      // One thread a lane: two lanes with a thread each did more than one with two, which meet at every operator.
      const options = { intraOpNumThreads: 1, interOpNumThreads: 1, executionMode: 'sequential' } as const;
      sessions.set(request.session, await InferenceSession.create(request.model, options));
      return nothing;
    }
    case 'run': {
      const session = sessions.get(request.session);
      if (session === undefined) throw new Error('the session is not loaded');
      const feeds: Record<string, Tensor> = {};
      const returned: Record<string, ArrayBuffer> = {};
      for (const [name, { shape, data, lent }] of Object.entries(request.feeds)) {
        feeds[name] = new Tensor('float32', data, shape);
        if (lent) returned[name] = data.buffer as ArrayBuffer;
      }
      const results = await session.run(feeds);
      const outputs = Object.entries(results).map(
        ([name, { data }]) => [name, data as Float32Array] as const,
      );
      return { outputs: Object.fromEntries(outputs), returned };
    }
    case 'release':
      await sessions.get(request.session)?.release();
      sessions.delete(request.session);
      return nothing;
  }
}
