import { ForewarnError } from '../../../errors.ts';
import type { NamedTensor, TrainingOptions, TrainingSession, Weights } from '../../engine.ts';
import { type NetworkSpec, sizeOf, weightShapes } from '../../spec.ts';
import type { Graph } from '../graph/graph.ts';
import { adamScalars } from './adam.ts';
import { type Feed, Lane, type LaneSession } from './lane.ts';
import type { LaneOutputs } from './lane-protocol.ts';
import { encodeOnnxModel } from './onnx-model.ts';
import { disposedError } from './onnx-scoring.ts';
import { gradientGraph, lossGraph, stepGraph } from './training-graph.ts';

/**
 * A training in a thread of its own. Weights and moments travel to the thread and back without being copied: whoever
 * works on them owns them.
 */
export async function createOnnxTraining(options: TrainingOptions): Promise<TrainingSession> {
  const { spec, clipNorm, weightDecay } = options;
  const lane = new Lane();
  const stepper = await lane.open(encodeOnnxModel(stepGraph(spec, clipNorm)));
  const others = new Map<string, Promise<LaneSession>>();
  let weights = flatten(spec, options.weights);
  let first = new Float32Array(weights.length);
  let second = new Float32Array(weights.length);
  let steps = 0;
  let underWay: Promise<unknown> | null = null;
  let disposed: Promise<void> | null = null;

  /** Runs one call at a time. */
  const exclusively = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (disposed !== null) throw disposedError();
    if (underWay !== null)
      throw new ForewarnError('ENGINE_BUSY', 'A training session takes one call at a time.');
    const started = work();
    underWay = started;
    try {
      return await started;
    } finally {
      underWay = null;
    }
  };

  const vector = (data: Float32Array, give: boolean): Feed => ({ data, shape: [data.length], give });
  const scalar = (value: number): Feed => ({ data: Float32Array.of(value), shape: [], give: false });
  const windows = (input: Float32Array, target: Float32Array, batch: number): Record<string, Feed> => {
    const shape = [batch, spec.window, spec.channels];
    const size = sizeOf(shape);
    // Cloning a view would clone all of the memory that it looks into.
    const [from, to] = [input.slice(0, size), target.slice(0, size)];
    return { input: { data: from, shape, give: true }, target: { data: to, shape, give: true } };
  };

  const evaluate = async (
    name: string,
    graph: (spec: NetworkSpec) => Graph,
    batch: Record<string, Feed>,
  ): Promise<LaneOutputs> => {
    const session = others.get(name) ?? lane.open(encodeOnnxModel(graph(spec)));
    others.set(name, session);
    return (await session).run({ ...batch, weights: vector(weights, false) });
  };

  return {
    step: (input, target, batch, learningRate) =>
      exclusively(async () => {
        steps += 1;
        const { stepSize, epsilon, decay } = adamScalars(steps, learningRate, weightDecay);
        const outputs = await stepper.run({
          ...windows(input, target, batch),
          weights: vector(weights, true),
          first: vector(first, true),
          second: vector(second, true),
          step_size: scalar(stepSize),
          epsilon: scalar(epsilon),
          decay: scalar(decay),
        });
        weights = owned(outputs.next_weights);
        first = owned(outputs.next_first);
        second = owned(outputs.next_second);
        return outputs.loss[0];
      }),
    loss: (input, target, batch) =>
      exclusively(async () => {
        if (batch === 0) return 0;
        return (await evaluate('loss', lossGraph, windows(input, target, batch))).loss[0];
      }),
    gradients: (input, target, batch) =>
      exclusively(async () => {
        const outputs = await evaluate('gradients', gradientGraph, windows(input, target, batch));
        return { loss: outputs.loss[0], gradients: unflatten(spec, outputs.gradients) };
      }),
    weights() {
      if (disposed !== null) throw disposedError();
      if (underWay !== null)
        throw new ForewarnError('ENGINE_BUSY', 'The weights are in use by a call under way.');
      return unflatten(spec, weights);
    },
    dispose() {
      disposed ??= (async () => {
        await Promise.allSettled([underWay]);
        const sessions = [stepper, ...(await Promise.all(others.values()))];
        for (const session of sessions) await session.close();
      })();
      return disposed;
    },
  };
}

function owned(data: Float32Array): Float32Array<ArrayBuffer> {
  return data as Float32Array<ArrayBuffer>;
}

function flatten(spec: NetworkSpec, weights: Weights): Float32Array<ArrayBuffer> {
  const parts = weightShapes(spec).map(({ name }) => weights[name].data);
  const flat = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    flat.set(part, offset);
    offset += part.length;
  }
  return flat;
}

/** Copies. */
function unflatten(spec: NetworkSpec, flat: Float32Array): Weights {
  const weights: Record<string, NamedTensor> = {};
  let offset = 0;
  for (const { name, shape } of weightShapes(spec)) {
    const length = sizeOf(shape);
    weights[name] = { shape, data: flat.slice(offset, offset + length) };
    offset += length;
  }
  return weights;
}
