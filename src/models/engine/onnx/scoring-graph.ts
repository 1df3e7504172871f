import type { ScoringOptions } from '../../engine.ts';
import { sizeOf, weightShapes } from '../../spec.ts';
import { Graph, type Value } from '../graph/graph.ts';
import {
  add,
  clip,
  divide,
  lastOf,
  multiply,
  reduceMean,
  replaceMissing,
  reshape,
  subtract,
  transpose,
} from '../graph/operators.ts';
import type { Form } from '../networks/network.ts';
import { networkOf } from '../networks/networks.ts';
import { timeMajor } from './training-graph.ts';

/** `windows` `[B x T x C]` in raw units to `last_residual` and `squared_error`, `[B x C]` in scaled units. */
export function residualGraph(model: ScoringOptions, form: Form): Graph {
  const forward = buildForward(model, form);
  addResiduals(forward, model);
  return forward.graph;
}

/** `windows` `[B x T x C]` to the network's `reconstruction` of the same shape, both in raw units. */
export function reconstructionGraph(model: ScoringOptions, form: Form): Graph {
  const forward = buildForward(model, form);
  addReconstruction(forward, model);
  return forward.graph;
}

/** All outputs of the two graphs above. */
export function wholeGraph(model: ScoringOptions, form: Form): Graph {
  const forward = buildForward(model, form);
  addResiduals(forward, model);
  addReconstruction(forward, model);
  return forward.graph;
}

function addResiduals({ graph, rows, predicted }: Forward, { spec }: ScoringOptions): void {
  const residual = reshape(subtract(rows, predicted), [spec.window, { batches: 1 }, spec.channels]);
  graph.output(lastOf(residual), 'last_residual');
  graph.output(reduceMean(multiply(residual, residual), [0]), 'squared_error');
}

function addReconstruction({ graph, predicted, center, scale }: Forward, { spec }: ScoringOptions): void {
  const windows = transpose(reshape(predicted, [spec.window, { batches: 1 }, spec.channels]), [1, 0, 2]);
  graph.output(add(multiply(windows, scale), center), 'reconstruction');
}

interface Forward {
  readonly graph: Graph;
  /** Scaled, `[T*B x C]`. */
  readonly rows: Value;
  readonly predicted: Value;
  /** Both repeated for each row, `[T x C]`. */
  readonly center: Value;
  readonly scale: Value;
}

function buildForward({ spec, weights, scaling }: ScoringOptions, form: Form): Forward {
  const graph = new Graph();
  // One constant for the whole window: a row of a few channels is too short for vector instructions.
  const eachRow = (row: Float32Array): Value =>
    graph.constant(repeat(row, spec.window), [spec.window, spec.channels]);
  const center = eachRow(scaling.center);
  const scale = eachRow(scaling.scale);
  const windows = graph.input([{ batches: 1 }, spec.window, spec.channels], 'windows');
  const scaled = divide(subtract(windows, center), scale);
  const rows = timeMajor(clip(replaceMissing(scaled), -scaling.clip, scaling.clip));
  const named = Object.fromEntries(
    weightShapes(spec).map(({ name, shape }) => {
      const { data } = weights[name];
      return [name, graph.constant(data.subarray(0, sizeOf(shape)), shape)];
    }),
  );
  return { graph, rows, predicted: networkOf(spec).reconstruct(spec, named, rows, form), center, scale };
}

function repeat(row: Float32Array, times: number): Float32Array {
  const all = new Float32Array(row.length * times);
  for (let start = 0; start < all.length; start += row.length) all.set(row, start);
  return all;
}
