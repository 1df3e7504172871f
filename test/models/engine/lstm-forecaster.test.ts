import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { createOnnxEngine } from '../../../src/models/engine/onnx/onnx-engine.ts';
import { encodeOnnxModel } from '../../../src/models/engine/onnx/onnx-model.ts';
import { reconstructionGraph } from '../../../src/models/engine/onnx/scoring-graph.ts';
import { createRandom } from '../../../src/models/random.ts';
import { initialWeights, type LstmForecasterSpec } from '../../../src/models/spec.ts';

function unscaled(channels: number) {
  return { center: new Float32Array(channels), scale: new Float32Array(channels).fill(1), clip: 100 };
}

describe('a forecaster', () => {
  it('says nothing else of a row, or of any before it, when that row changes', async () => {
    const property = fc.asyncProperty(
      fc.record({
        window: fc.integer({ min: 2, max: 12 }),
        channels: fc.integer({ min: 1, max: 4 }),
        hidden: fc.integer({ min: 1, max: 6 }),
      }),
      fc.integer(),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      async (sizes, seed, place) => {
        const spec: LstmForecasterSpec = { kind: 'lstm_forecaster', ...sizes };
        const { window, channels } = spec;
        const model = { spec, weights: initialWeights(spec, seed), scaling: unscaled(channels) };
        const random = createRandom(seed);
        const rows = new Float32Array(window * channels).map(() => random.gaussian());
        const [start, end] = [0, 1].map((more) => (Math.floor(place * window) + more) * channels);
        const changed = rows.map((value, i) => (i >= start && i < end ? value + 3 : value));

        for (const form of ['training', 'small_batch', 'large_batch'] as const) {
          const graph = encodeOnnxModel(reconstructionGraph(model, form));
          const session = await InferenceSession.create(graph, { logSeverityLevel: 3 });
          const written = async (values: Float32Array): Promise<Float32Array> => {
            const windows = new Tensor('float32', values, [1, window, channels]);
            return (await session.run({ windows })).reconstruction.data as Float32Array;
          };
          const [before, after] = [await written(rows), await written(changed)];
          await session.release();
          expect(after.subarray(0, end)).toEqual(before.subarray(0, end));
          if (end < rows.length) expect(after.subarray(end)).not.toEqual(before.subarray(end));
        }
      },
    );
    await fc.assert(property, { numRuns: 25 });
  });

  it('leaves hardly more than the innovations of a process of order 1', async () => {
    const [length, count, batch] = [12, 4000, 64];
    const spec: LstmForecasterSpec = { kind: 'lstm_forecaster', window: length, channels: 1, hidden: 8 };
    const coefficient = 0.9;
    const random = createRandom(1);
    const draw = (): Float32Array => {
      const rows = new Float32Array(count);
      // The first is drawn from what the process comes to: variance 1 / (1 - coefficient^2).
      rows[0] = random.gaussian() / Math.sqrt(1 - coefficient ** 2);
      for (let t = 1; t < count; t++) rows[t] = coefficient * rows[t - 1] + random.gaussian();
      return rows;
    };
    const [training, later] = [draw(), draw()];
    const engine = createOnnxEngine();
    const session = await engine.createTraining({
      spec,
      weights: initialWeights(spec, 2),
      clipNorm: 1,
      weightDecay: 0,
    });
    const windows = new Float32Array(batch * length);
    for (let step = 0; step < 500; step++) {
      for (let k = 0; k < batch; k++) {
        const from = random.integer(count - length);
        windows.set(training.subarray(from, from + length), k * length);
      }
      await session.step(windows, windows, batch, 0.01 * (1 - step / 500));
    }
    const scoring = await engine.createScoring({
      spec,
      weights: session.weights(),
      scaling: unscaled(1),
    });
    const each = Math.floor(count / length);
    const { lastResidual } = await scoring.score(later, each);
    await Promise.all([session.dispose(), scoring.dispose()]);
    const variance = lastResidual.reduce((sum, value) => sum + value ** 2, 0) / each;
    // Innovations have variance 1 and the process 5.3; of 333 residuals the estimate itself is good to 0.08.
    const last = Array.from({ length: each }, (_, k) => (k + 1) * length - 1);
    const innovation = last.reduce((sum, t) => sum + (later[t] - coefficient * later[t - 1]) ** 2, 0) / each;
    expect(variance).toBeLessThan(1.15 * innovation);
    expect(variance).toBeGreaterThan(0.9 * innovation);
  });
});
