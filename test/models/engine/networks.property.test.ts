import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { flatten, unflatten } from '../../../src/models/engine/flat-weights.ts';
import { encodeOnnxModel } from '../../../src/models/engine/onnx/onnx-model.ts';
import { residualGraph } from '../../../src/models/engine/onnx/scoring-graph.ts';
import { gradientGraph } from '../../../src/models/engine/onnx/training-graph.ts';
import type { Weights } from '../../../src/models/engine.ts';
import { createRandom } from '../../../src/models/random.ts';
import { initialWeights, type NetworkSpec } from '../../../src/models/spec.ts';
import { reconstructWindow } from './reference-forward.ts';
import { largestError, referenceLoss, toDouble } from './reference-network.ts';

const sizes = {
  window: fc.integer({ min: 4, max: 40 }),
  channels: fc.integer({ min: 1, max: 9 }),
  hidden: fc.integer({ min: 1, max: 8 }),
};
const latent = fc.integer({ min: 1, max: 6 });
const recurrent = { ...sizes, latent: fc.option(latent), reverse: fc.boolean() };
const specs: Readonly<Record<NetworkSpec['kind'], fc.Arbitrary<NetworkSpec>>> = {
  lstm_autoencoder: fc.record({ kind: fc.constant('lstm_autoencoder'), ...recurrent }),
  gru_autoencoder: fc.record({ kind: fc.constant('gru_autoencoder'), ...recurrent }),
  conv_autoencoder: fc.record({ kind: fc.constant('conv_autoencoder'), ...sizes, latent }),
  lstm_forecaster: fc.record({ kind: fc.constant('lstm_forecaster'), ...sizes }),
};
const drawn = { batch: fc.integer({ min: 1, max: 5 }), seed: fc.integer() };
const kinds = Object.keys(specs) as NetworkSpec['kind'][];
const quiet = { logSeverityLevel: 3 } as const;

function gaussian(length: number, seed: number): Float32Array<ArrayBuffer> {
  const random = createRandom(seed);
  return new Float32Array(length).map(() => random.gaussian());
}

/** Weights large enough that nothing stays in its linear part. */
function livelyWeights(spec: NetworkSpec, seed: number): Weights {
  const flat = flatten(spec, initialWeights(spec, seed));
  const added = gaussian(flat.length, seed + 1);
  return unflatten(
    spec,
    flat.map((value, k) => value + 0.3 * added[k]),
  );
}

describe.each(kinds)('%s of any size', (kind) => {
  it('gives in each of its forms what the definition gives', async () => {
    const property = fc.asyncProperty(specs[kind], fc.record(drawn), async (spec, { batch, seed }) => {
      const { channels } = spec;
      const size = spec.window * channels;
      const weights = livelyWeights(spec, seed);
      const windows = gaussian(batch * size, seed + 2);
      const scaling = {
        center: new Float32Array(channels),
        scale: new Float32Array(channels).fill(1),
        clip: 100,
      };
      const double = toDouble(weights);
      const written = Array.from({ length: batch }, (_, k) =>
        reconstructWindow(spec, double, Float64Array.from(windows.subarray(k * size, (k + 1) * size))),
      );
      const residual = written.map((rows, k) => rows.map((value, i) => windows[k * size + i] - value));
      const last = residual.flatMap((values) => [...values.subarray(size - channels)]);
      const errors = residual.flatMap((values) =>
        Array.from({ length: channels }, (_, channel) => {
          const column = values.filter((_value, i) => i % channels === channel);
          return column.reduce((sum, value) => sum + value ** 2, 0) / spec.window;
        }),
      );
      for (const form of ['training', 'small_batch', 'large_batch'] as const) {
        const graph = residualGraph({ spec, weights, scaling }, form);
        const session = await InferenceSession.create(encodeOnnxModel(graph), quiet);
        const outputs = await session.run({
          windows: new Tensor('float32', windows, [batch, spec.window, channels]),
        });
        await session.release();
        expect(outputs.last_residual.dims).toEqual([batch, channels]);
        expect(largestError(outputs.last_residual.data as Float32Array, last), form).toBeLessThan(1e-4);
        expect(largestError(outputs.squared_error.data as Float32Array, errors), form).toBeLessThan(1e-4);
      }
    });
    await fc.assert(property, { numRuns: 25 });
  });

  it('has the slope of the definition in any direction', async () => {
    const property = fc.asyncProperty(specs[kind], fc.record(drawn), async (spec, { batch, seed }) => {
      const weights = livelyWeights(spec, seed);
      const flat = flatten(spec, weights);
      const shape = [batch, spec.window, spec.channels];
      const [input, target] = [3, 4].map((k) => gaussian(batch * spec.window * spec.channels, seed + k));
      const session = await InferenceSession.create(encodeOnnxModel(gradientGraph(spec)), quiet);
      const { gradients, loss } = await session.run({
        input: new Tensor('float32', input, shape),
        target: new Tensor('float32', target, shape),
        weights: new Tensor('float32', flat, [flat.length]),
      });
      await session.release();

      const way = gaussian(flat.length, seed + 5);
      const norm = Math.sqrt(way.reduce((sum, value) => sum + value ** 2, 0));
      const direction = toDouble(
        unflatten(
          spec,
          way.map((value) => value / norm),
        ),
      );
      const at = (step: number): number => {
        const moved = Object.entries(toDouble(weights)).map(([name, values]) => [
          name,
          values.map((value, k) => value + step * direction[name][k]),
        ]);
        return referenceLoss(spec, Object.fromEntries(moved), input, target);
      };
      const slope = (gradients.data as Float32Array).reduce((sum, g, k) => sum + (g * way[k]) / norm, 0);
      expect(Number(loss.data[0])).toBeCloseTo(at(0), 4);
      expect(Math.abs(slope - (at(1e-5) - at(-1e-5)) / 2e-5)).toBeLessThan(1e-4);
    });
    await fc.assert(property, { numRuns: 25 });
  });
});
