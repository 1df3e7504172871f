import type { Residuals, ScoringOptions, ScoringSession } from '../../engine.ts';
import type { LstmAutoencoderSpec } from '../../spec.ts';
import { parameterCount } from '../flat-weights.ts';
import { flattenWeights } from './flat-weights.ts';
import { checkLength, copyWindows, createLifetime, type Lane, splitBatch } from './lanes.ts';

/** A model in every lane; each batch is shared among them. */
export async function createTensorFlowScoring(
  lanes: readonly Lane[],
  session: number,
  { spec, weights, scaling }: ScoringOptions & { readonly spec: LstmAutoencoderSpec },
): Promise<ScoringSession> {
  const flat = new Float32Array(parameterCount(spec));
  flattenWeights(spec, weights, flat);
  const { center, scale, clip } = scaling;
  const model = { session, spec, weights: flat, center, scale, clip };
  await Promise.all(lanes.map((lane) => lane.call('create_scoring', model)));
  const { channels } = spec;
  const size = spec.window * channels;
  const lifetime = createLifetime(lanes, session);

  const score = async (windows: Float32Array, batch: number): Promise<Residuals> => {
    checkLength(windows, size, batch);
    const lastResidual = new Float32Array(batch * channels);
    const squaredError = new Float32Array(batch * channels);
    const parts = splitBatch(batch, lanes).map(async (part) => {
      const copy = copyWindows(windows, size, part);
      const call = { session, windows: copy, batch: part.count };
      const result = await part.lane.call('score', call, [copy.buffer]);
      lastResidual.set(result.lastResidual, part.start * channels);
      squaredError.set(result.squaredError, part.start * channels);
    });
    await Promise.all(parts);
    return { lastResidual, squaredError };
  };

  const reconstruct = async (windows: Float32Array, batch: number): Promise<Float32Array> => {
    checkLength(windows, size, batch);
    const whole = new Float32Array(batch * size);
    const parts = splitBatch(batch, lanes).map(async (part) => {
      const copy = copyWindows(windows, size, part);
      const call = { session, windows: copy, batch: part.count };
      whole.set(await part.lane.call('reconstruct', call, [copy.buffer]), part.start * size);
    });
    await Promise.all(parts);
    return whole;
  };

  return {
    score: (windows, batch) => lifetime.during(() => score(windows, batch)),
    reconstruct: (windows, batch) => lifetime.during(() => reconstruct(windows, batch)),
    dispose: () => lifetime.dispose(),
  };
}
