import type { NetworkSpec } from '../../spec.ts';
import { type Chunk, chunkLimits, shareBatch } from './chunks.ts';
import type { Feed, Lane, LaneSession } from './lane.ts';
import type { LaneOutputs } from './lane-protocol.ts';
import { encodeOnnxModel } from './onnx-model.ts';
import { gradientGraph, stepGraph, updateGraph } from './training-graph.ts';

/** What a training carries from step to step: flat weights and Adam's moments. */
interface TrainingState {
  readonly weights: Float32Array<ArrayBuffer>;
  readonly first: Float32Array<ArrayBuffer>;
  readonly second: Float32Array<ArrayBuffer>;
}

export interface TrainingBatch {
  readonly input: Float32Array;
  readonly target: Float32Array;
  readonly batch: number;
}

export interface Stepper {
  /** One optimiser step. `state` is used up: its arrays are emptied, and the next state takes its place. */
  step(
    state: TrainingState,
    data: TrainingBatch,
    scalars: { readonly stepSize: number; readonly epsilon: number; readonly decay: number },
  ): Promise<{ readonly state: TrainingState; readonly loss: number }>;
  close(): Promise<void>;
}

/**
 * Steps of a large batch are shared between the lanes, each of which computes the gradients of its part; a small one
 * is a single run in the first lane. State travels to the threads and back without being copied.
 */
export async function createStepper(
  spec: NetworkSpec,
  lanes: readonly Lane[],
  clipNorm: number,
): Promise<Stepper> {
  const limits = chunkLimits(spec);
  const whole = await lanes[0].open(encodeOnnxModel(stepGraph(spec, clipNorm)));
  const gradient = encodeOnnxModel(gradientGraph(spec));
  const parts = lanes.length === 1 ? [] : await Promise.all(lanes.map((lane) => lane.open(gradient)));
  const updates: LaneSession[] = [];
  for (let shares = 2; shares <= lanes.length; shares++) {
    updates[shares] = await lanes[0].open(encodeOnnxModel(updateGraph(spec, clipNorm, shares)));
  }

  const shared = async (state: TrainingState, data: TrainingBatch, chunks: readonly Chunk[]) => {
    const results = await Promise.all(
      chunks.map((chunk, k) => {
        return parts[k].run({ ...windowFeeds(spec, data, chunk), weights: vector(state.weights, false) });
      }),
    );
    const feeds: Record<string, Feed> = {};
    for (const [k, { gradients, loss }] of results.entries()) {
      feeds[`gradient_${k}`] = vector(gradients, true);
      feeds[`loss_${k}`] = scalar(loss[0]);
      feeds[`share_${k}`] = scalar(chunks[k].count / data.batch);
    }
    return feeds;
  };

  return {
    async step(state, data, { stepSize, epsilon, decay }) {
      const chunks = shareBatch(data.batch, lanes.length, limits);
      const [session, feeds] =
        chunks.length > 1
          ? [updates[chunks.length], await shared(state, data, chunks)]
          : [whole, windowFeeds(spec, data, { start: 0, count: data.batch })];
      const outputs = await session.run({
        ...feeds,
        weights: vector(state.weights, true),
        first: vector(state.first, true),
        second: vector(state.second, true),
        step_size: scalar(stepSize),
        epsilon: scalar(epsilon),
        decay: scalar(decay),
      });
      return { state: nextState(outputs), loss: outputs.loss[0] };
    },
    async close() {
      for (const session of [whole, ...parts, ...Object.values(updates)]) await session.close();
    },
  };
}

function nextState(outputs: LaneOutputs): TrainingState {
  return {
    weights: own(outputs.next_weights),
    first: own(outputs.next_first),
    second: own(outputs.next_second),
  };
}

function own(data: Float32Array): Float32Array<ArrayBuffer> {
  return data as Float32Array<ArrayBuffer>;
}

export function vector(data: Float32Array, give: boolean): Feed {
  return { data, shape: [data.length], give };
}

function scalar(value: number): Feed {
  return { data: Float32Array.of(value), shape: [], give: false };
}

/** `input` and `target` of a part of the batch. */
export function windowFeeds(
  { window, channels }: NetworkSpec,
  { input, target }: TrainingBatch,
  { start, count }: Chunk,
): Record<string, Feed> {
  const shape = [count, window, channels];
  const size = window * channels;
  const cut = (data: Float32Array): Feed => {
    return { data: data.subarray(start * size, (start + count) * size), shape, give: false };
  };
  return { input: cut(input), target: cut(target) };
}
