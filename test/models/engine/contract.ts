import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Engine, ScoringSession, Weights } from '../../../src/models/engine.ts';
import { initialWeights, type NetworkSpec } from '../../../src/models/spec.ts';
import {
  type ContractSpecs,
  livelyWeights,
  nameOf,
  rawWindows,
  scaledWindows,
  scalingOf,
} from './contract-networks.ts';
import { reconstructWindow } from './reference-forward.ts';
import {
  largestError,
  referenceGradients,
  referenceTraining,
  scaleWindow,
  toDouble,
  withWeight,
} from './reference-network.ts';

const code = (expected: string) => expect.objectContaining({ name: 'ForewarnError', code: expected });

/** What every {@link Engine} must do with each kind of network that it has; adapters call it with their own engine. */
export function engineContract(
  name: string,
  specs: ContractSpecs,
  makeEngine: () => Engine | Promise<Engine>,
): void {
  const [small] = specs;
  describe(`${name} engine, ${small.kind}`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await makeEngine();
    });

    describe.each(specs)('scoring', (spec) => {
      const weights = livelyWeights(spec, 1);
      const scaling = scalingOf(spec);
      const size = spec.window * spec.channels;
      let session: ScoringSession;
      beforeAll(async () => {
        session = await engine.createScoring({ spec, weights, scaling });
      });
      afterAll(() => session.dispose());

      it(`gives what the definition gives (${nameOf(spec)})`, async () => {
        const batch = 7;
        const windows = rawWindows(spec, batch, 2);
        const { lastResidual, squaredError } = await session.score(windows, batch);
        const reconstruction = await session.reconstruct(windows, batch);
        const double = toDouble(weights);
        for (let k = 0; k < batch; k++) {
          const scaled = scaleWindow(windows.subarray(k * size, (k + 1) * size), scaling);
          const written = reconstructWindow(spec, double, scaled);
          const residual = scaled.map((value, i) => value - written[i]);
          const errors = Array.from({ length: spec.channels }, (_, channel) => {
            const column = residual.filter((_, i) => i % spec.channels === channel);
            return column.reduce((sum, value) => sum + value * value, 0) / spec.window;
          });
          const raw = written.map((value, i) => {
            const channel = i % spec.channels;
            return value * scaling.scale[channel] + scaling.center[channel];
          });
          const from = k * spec.channels;
          const to = from + spec.channels;
          expect(
            largestError(lastResidual.subarray(from, to), residual.subarray(-spec.channels)),
          ).toBeLessThan(1e-4);
          expect(largestError(squaredError.subarray(from, to), errors)).toBeLessThan(1e-4);
          expect(largestError(reconstruction.subarray(k * size, (k + 1) * size), raw)).toBeLessThan(1e-4);
        }
      });
    });

    describe('scoring sessions', () => {
      const weights = livelyWeights(small, 3);
      const scaling = scalingOf(small);
      const size = small.window * small.channels;
      const create = () => engine.createScoring({ spec: small, weights, scaling });

      it('give empty arrays for an empty batch', async () => {
        const session = await create();
        const nothing = new Float32Array(0);
        expect(await session.score(nothing, 0)).toEqual({ lastResidual: nothing, squaredError: nothing });
        expect(await session.reconstruct(nothing, 0)).toEqual(nothing);
        await session.dispose();
      });

      it('give each window of a large batch what it gets alone, in calls that overlap', async () => {
        const session = await create();
        const batch = 1500;
        const windows = rawWindows(small, batch, 4);
        const [whole, ...alone] = await Promise.all([
          session.score(windows, batch),
          ...[0, 1, 700, batch - 1].map(async (k) => ({
            k,
            result: await session.score(windows.subarray(k * size, (k + 1) * size), 1),
          })),
        ]);
        expect(whole.lastResidual).toHaveLength(batch * small.channels);
        for (const { k, result } of alone) {
          const [from, to] = [k * small.channels, (k + 1) * small.channels];
          expect(largestError(whole.lastResidual.subarray(from, to), result.lastResidual)).toBeLessThan(1e-5);
          expect(largestError(whole.squaredError.subarray(from, to), result.squaredError)).toBeLessThan(1e-5);
        }
        await session.dispose();
      });

      it('take a missing reading for the centre and limit a wild one', async () => {
        const session = await create();
        const windows = new Float32Array(size).fill(21);
        const wild = windows.slice();
        const plain = windows.slice();
        wild[0] = Number.NaN;
        plain[0] = scaling.center[0];
        wild[3] = 1e30;
        plain[3] = scaling.center[1] + scaling.clip * scaling.scale[1];
        wild[5] = Number.NEGATIVE_INFINITY;
        plain[5] = scaling.center[1] - scaling.clip * scaling.scale[1];
        const expected = await session.score(plain, 1);
        const actual = await session.score(wild, 1);
        expect(largestError(actual.lastResidual, expected.lastResidual)).toBeLessThan(1e-5);
        expect(largestError(actual.squaredError, expected.squaredError)).toBeLessThan(1e-5);
        await session.dispose();
      });

      it('leave the windows as they were', async () => {
        const session = await create();
        const windows = rawWindows(small, 3, 5);
        const before = windows.slice();
        await session.score(windows, 3);
        expect(windows).toEqual(before);
        await session.dispose();
      });

      it('finish the calls under way when disposed, and refuse later ones', async () => {
        const session = await create();
        const windows = rawWindows(small, 400, 6);
        const pending = session.score(windows, 400);
        await Promise.all([session.dispose(), session.dispose()]);
        expect((await pending).squaredError).toHaveLength(400 * small.channels);
        await expect(session.score(windows, 400)).rejects.toEqual(code('ENGINE_DISPOSED'));
        await expect(session.reconstruct(windows, 400)).rejects.toEqual(code('ENGINE_DISPOSED'));
        await session.dispose();
      });
    });

    describe('malformed models are refused', () => {
      const weights = initialWeights(small, 7);
      const scaling = scalingOf(small);
      const bias = weights['output.bias'];
      const { 'output.bias': _, ...missing } = weights;
      it.each<[string, NetworkSpec, Weights]>([
        ['a weight missing', small, missing],
        ['a weight too many', small, withWeight(weights, 'stranger', bias)],
        ['weights of another network', { ...small, hidden: 4 }, weights],
        ['another shape', small, withWeight(weights, 'output.bias', { ...bias, shape: [3, 4] })],
        [
          'too few values',
          small,
          withWeight(weights, 'output.bias', { ...bias, data: bias.data.subarray(1) }),
        ],
        [
          'values that are not finite',
          small,
          withWeight(weights, 'output.bias', { ...bias, data: bias.data.map(() => Number.NaN) }),
        ],
        ['a window of 0 rows', { ...small, window: 0 }, weights],
        ['an unknown kind', { ...small, kind: 'perceptron' } as unknown as NetworkSpec, weights],
      ])('%s', async (_case, spec, wrong) => {
        const training = { spec, weights: wrong, clipNorm: 1, weightDecay: 0 };
        await expect(engine.createScoring({ spec, weights: wrong, scaling })).rejects.toEqual(
          code('MODEL_MALFORMED'),
        );
        await expect(engine.createTraining(training)).rejects.toEqual(code('MODEL_MALFORMED'));
      });

      it('a scaling that divides by zero', async () => {
        const zero = { ...scaling, scale: new Float32Array(small.channels) };
        await expect(engine.createScoring({ spec: small, weights, scaling: zero })).rejects.toEqual(
          code('MODEL_MALFORMED'),
        );
      });
    });

    describe('training', () => {
      const start = livelyWeights(small, 8);
      const batch = 6;
      const input = scaledWindows(small, batch, 9);
      const target = scaledWindows(small, batch, 10);

      it.each(specs.slice(0, 3))(
        'has the gradients of the definition ($window x $channels, latent $latent)',
        async (spec) => {
          const weights = livelyWeights(spec, 11);
          const [from, to] = [scaledWindows(spec, batch, 12), scaledWindows(spec, batch, 13)];
          const session = await engine.createTraining({ spec, weights, clipNorm: 1e-3, weightDecay: 0 });
          const { loss, gradients } = await session.gradients(from, to, batch);
          const expected = referenceGradients(spec, toDouble(weights), from, to);
          expect(loss).toBeCloseTo(await session.loss(from, to, batch), 5);
          expect(Object.keys(gradients).sort()).toEqual(Object.keys(weights).sort());
          for (const [weight, values] of Object.entries(expected)) {
            expect(gradients[weight].shape).toEqual(weights[weight].shape);
            expect(largestError(gradients[weight].data, values), weight).toBeLessThan(1e-5);
          }
          await session.dispose();
        },
      );

      it.each([
        { count: 6, steps: 12, clipNorm: Number.POSITIVE_INFINITY, weightDecay: 0 },
        { count: 6, steps: 12, clipNorm: 0.05, weightDecay: 0.1 },
        // Large enough for an engine to share it between threads.
        { count: 71, steps: 3, clipNorm: 0.05, weightDecay: 0.1 },
      ])(
        'follows AdamW ($count windows, clip $clipNorm, decay $weightDecay)',
        async ({ count, steps, ...options }) => {
          const data = { input: scaledWindows(small, count, 14), target: scaledWindows(small, count, 15) };
          const session = await engine.createTraining({ spec: small, weights: start, ...options });
          const expected = referenceTraining(small, start, data, { steps, learningRate: 0.02, ...options });
          const losses: number[] = [];
          for (let step = 0; step < steps; step++) {
            losses.push(await session.step(data.input, data.target, count, 0.02));
          }
          expect(largestError(losses, expected.losses)).toBeLessThan(1e-4);
          const reached = session.weights();
          for (const [weight, values] of Object.entries(expected.weights)) {
            expect(largestError(reached[weight].data, values), weight).toBeLessThan(1e-3);
          }
          await session.dispose();
        },
      );

      it('gives the same weights, bit by bit, for the same calls', async () => {
        const windows = scaledWindows(small, 100, 16);
        const run = async (): Promise<Weights> => {
          const session = await engine.createTraining({
            spec: small,
            weights: start,
            clipNorm: 1,
            weightDecay: 0.01,
          });
          for (const count of [6, 1, 100, 70]) {
            await session.step(windows, windows, count, 0.01);
            await session.loss(windows, windows, count);
          }
          const weights = session.weights();
          await session.dispose();
          return weights;
        };
        expect(await run()).toEqual(await run());
      });

      it('learns, and what it learned scores', async () => {
        const session = await engine.createTraining({
          spec: small,
          weights: start,
          clipNorm: 1,
          weightDecay: 0,
        });
        const before = await session.loss(target, target, batch);
        for (let step = 0; step < 120; step++) await session.step(target, target, batch, 0.02);
        const after = await session.loss(target, target, batch);
        expect(after).toBeLessThan(0.7 * before);
        const scaling = { center: new Float32Array(2), scale: new Float32Array(2).fill(1), clip: 100 };
        const scoring = await engine.createScoring({ spec: small, weights: session.weights(), scaling });
        const { squaredError } = await scoring.score(target, batch);
        expect(squaredError.reduce((sum, value) => sum + value, 0) / squaredError.length).toBeCloseTo(
          after,
          4,
        );
        await Promise.all([session.dispose(), scoring.dispose()]);
      });

      it('hands out copies of the weights and leaves those it was given', async () => {
        const given = structuredClone(start);
        const session = await engine.createTraining({
          spec: small,
          weights: given,
          clipNorm: 1,
          weightDecay: 0,
        });
        await session.step(input, target, batch, 0.01);
        expect(given).toEqual(start);
        const copy = session.weights();
        for (const { data } of Object.values(copy)) data.fill(0);
        expect(session.weights()).not.toEqual(copy);
        await session.dispose();
      });

      it('reads views, batches of 1 and empty batches', async () => {
        const session = await engine.createTraining({
          spec: small,
          weights: start,
          clipNorm: 1,
          weightDecay: 0,
        });
        const size = small.window * small.channels;
        const view = target.subarray(2 * size, 3 * size);
        expect(await session.loss(view, view, 1)).toBe(await session.loss(view.slice(), view.slice(), 1));
        expect(await session.loss(view, view, 0)).toBe(0);
        await session.dispose();
      });

      it('finishes the step under way when disposed, and refuses later ones', async () => {
        const session = await engine.createTraining({
          spec: small,
          weights: start,
          clipNorm: 1,
          weightDecay: 0,
        });
        const pending = session.step(input, target, batch, 0.01);
        await Promise.all([session.dispose(), session.dispose()]);
        expect(await pending).toBeGreaterThan(0);
        await expect(session.step(input, target, batch, 0.01)).rejects.toEqual(code('ENGINE_DISPOSED'));
        await expect(session.loss(input, target, batch)).rejects.toEqual(code('ENGINE_DISPOSED'));
        await session.dispose();
      });
    });
  });
}
