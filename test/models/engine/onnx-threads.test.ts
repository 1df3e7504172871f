import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Graph } from '../../../src/models/engine/graph/graph.ts';
import { add } from '../../../src/models/engine/graph/operators.ts';
import { Lane } from '../../../src/models/engine/onnx/lane.ts';
import { createOnnxEngine } from '../../../src/models/engine/onnx/onnx-engine.ts';
import { encodeOnnxModel } from '../../../src/models/engine/onnx/onnx-model.ts';
import { initialWeights, type NetworkSpec } from '../../../src/models/spec.ts';

const spec: NetworkSpec = {
  kind: 'lstm_autoencoder',
  window: 32,
  channels: 8,
  hidden: 64,
  latent: null,
  reverse: true,
};
const scaling = { center: new Float32Array(8), scale: new Float32Array(8).fill(1), clip: 5 };

describe('the threads of the ONNX engine', () => {
  it('leave the event loop free while they score and train', async () => {
    const engine = createOnnxEngine({ lanes: 1 });
    const weights = initialWeights(spec, 1);
    const scoring = await engine.createScoring({ spec, weights, scaling });
    const training = await engine.createTraining({ spec, weights, clipNorm: 1, weightDecay: 0 });
    const windows = new Float32Array(2000 * 32 * 8);
    let done = false;
    let turns = 0;
    const turn = (): void => {
      turns++;
      if (!done) setImmediate(turn);
    };
    setImmediate(turn);
    await Promise.all([scoring.score(windows, 2000), training.step(windows, windows, 200, 1e-3)]);
    done = true;
    // Some 50 ms of work: a loop that waits for it turns a handful of times.
    expect(turns).toBeGreaterThan(100);
    await Promise.all([scoring.dispose(), training.dispose()]);
  });

  it.each([
    ['process.exit(7)', 7],
    ['throw new Error("expected")', 1],
  ])('let the process end in the midst of a run (%s)', (end, status) => {
    const dist = new URL('../../../dist/models/', import.meta.url);
    const program = `
        import { createOnnxEngine } from '${new URL('engine/onnx/onnx-engine.js', dist)}';
        import { initialWeights } from '${new URL('spec.js', dist)}';
        const spec = ${JSON.stringify(spec)};
        const weights = initialWeights(spec, 1);
        const scaling = { center: new Float32Array(8), scale: new Float32Array(8).fill(1), clip: 5 };
        const engine = createOnnxEngine();
        const scoring = await engine.createScoring({ spec, weights, scaling });
        const training = await engine.createTraining({ spec, weights, clipNorm: 1, weightDecay: 0 });
        const windows = new Float32Array(2000 * 32 * 8);
        void scoring.score(windows, 2000);
        void training.step(windows, windows, 2000, 1e-3);
        setTimeout(() => { ${end} }, 20);`;
    const cwd = fileURLToPath(new URL('../../../', import.meta.url));
    const ended = spawnSync(process.execPath, ['--input-type=module', '--eval', program], {
      cwd,
      encoding: 'utf8',
    });
    expect(ended.signal, ended.stderr).toBeNull();
    expect(ended.status, ended.stderr).toBe(status);
    expect(ended.stderr.includes('Error: expected'), ended.stderr).toBe(status === 1);
  });

  it('refuse what is no model, and go on', async () => {
    const lane = new Lane();
    await expect(lane.open(Uint8Array.of(1, 2, 3))).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
      retryable: true,
    });
    const graph = new Graph();
    const x = graph.input([2], 'x');
    graph.output(add(x, x), 'y');
    const session = await lane.open(encodeOnnxModel(graph));
    const give = false;
    await expect(session.run({ z: { data: new Float32Array(2), shape: [2], give } })).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
    });
    const { y } = await session.run({ x: { data: Float32Array.of(1, 2), shape: [2], give } });
    expect(y).toEqual(Float32Array.of(2, 4));
    await session.close();
    await session.close();
    expect(lane.owed).toBe(0);
  });
});
