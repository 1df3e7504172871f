import { ForewarnError } from '../../../errors.ts';
import type { TrainingOptions, TrainingSession } from '../../engine.ts';
import type { NetworkSpec } from '../../spec.ts';
import { adamScalars } from '../adam.ts';
import { flatten, unflatten } from '../flat-weights.ts';
import type { Graph } from '../graph/graph.ts';
import { Lane, type LaneSession } from './lane.ts';
import type { LaneOutputs } from './lane-protocol.ts';
import { encodeOnnxModel } from './onnx-model.ts';
import { disposedError } from './onnx-scoring.ts';
import { gradientGraph, lossGraph } from './training-graph.ts';
import { createStepper, type TrainingBatch, vector, windowFeeds } from './training-step.ts';

/** A training in `threads` threads of its own. */
export async function createOnnxTraining(
  options: TrainingOptions,
  threads: number,
): Promise<TrainingSession> {
  const { spec, clipNorm, weightDecay } = options;
  const lanes = Array.from({ length: threads }, () => new Lane());
  const stepper = await createStepper(spec, lanes, clipNorm);
  const others = new Map<string, Promise<LaneSession>>();
  const start = flatten(spec, options.weights);
  let state = {
    weights: start,
    first: new Float32Array(start.length),
    second: new Float32Array(start.length),
  };
  let steps = 0;
  let underWay: Promise<unknown> | null = null;
  let disposed: Promise<void> | null = null;

  /** Runs one call at a time. */
  const exclusively = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (disposed !== null) throw disposedError();
    if (underWay !== null) throw busy();
    // A thread that dies in a step takes the state along that it was given.
    if (state.weights.length === 0) throw lost();
    const started = work();
    underWay = started;
    try {
      return await started;
    } finally {
      underWay = null;
    }
  };

  const evaluate = async (
    name: string,
    graph: (spec: NetworkSpec) => Graph,
    data: TrainingBatch,
  ): Promise<LaneOutputs> => {
    const session = others.get(name) ?? lanes[0].open(encodeOnnxModel(graph(spec)));
    others.set(name, session);
    const feeds = windowFeeds(spec, data, { start: 0, count: data.batch });
    return (await session).run({ ...feeds, weights: vector(state.weights, false) });
  };

  return {
    step: (input, target, batch, learningRate) =>
      exclusively(async () => {
        steps += 1;
        const scalars = adamScalars(steps, learningRate, weightDecay);
        const result = await stepper.step(state, { input, target, batch }, scalars);
        state = result.state;
        return result.loss;
      }),
    loss: (input, target, batch) =>
      exclusively(async () => {
        if (batch === 0) return 0;
        return (await evaluate('loss', lossGraph, { input, target, batch })).loss[0];
      }),
    gradients: (input, target, batch) =>
      exclusively(async () => {
        const outputs = await evaluate('gradients', gradientGraph, { input, target, batch });
        return { loss: outputs.loss[0], gradients: unflatten(spec, outputs.gradients) };
      }),
    weights() {
      if (disposed !== null) throw disposedError();
      if (underWay !== null) throw busy();
      if (state.weights.length === 0) throw lost();
      return unflatten(spec, state.weights);
    },
    dispose() {
      disposed ??= (async () => {
        await Promise.allSettled([underWay]);
        for (const session of await Promise.all(others.values())) await session.close();
        await stepper.close();
      })();
      return disposed;
    },
  };
}

function busy(): ForewarnError {
  return new ForewarnError('ENGINE_BUSY', 'A training session takes one call at a time.');
}

function lost(): ForewarnError {
  return new ForewarnError('ENGINE_FAILED', 'A step failed and the weights were lost with it.', {
    retryable: true,
    hint: 'Train again from the start.',
  });
}
