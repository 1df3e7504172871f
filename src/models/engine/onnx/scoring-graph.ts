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
import { lstmAutoencoder } from '../networks/lstm-autoencoder.ts';
import { fusedLstm } from '../networks/lstm-layers.ts';
import { timeMajor } from './training-graph.ts';

/** `windows` `[B x T x C]` in raw units to `last_residual` and `squared_error`, `[B x C]` in scaled units. */
export function residualGraph(model: ScoringOptions): Graph {
  const { graph, rows, predicted } = buildForward(model);
  const { window, channels } = model.spec;
  const residual = reshape(subtract(rows, predicted), [window, { batches: 1 }, channels]);
  graph.output('last_residual', lastOf(residual));
  graph.output('squared_error', reduceMean(multiply(residual, residual), [0]));
  return graph;
}

/** `windows` `[B x T x C]` to the network's `reconstruction` of the same shape, both in raw units. */
export function reconstructionGraph(model: ScoringOptions): Graph {
  const { graph, predicted, center, scale } = buildForward(model);
  const { window, channels } = model.spec;
  const raw = add(multiply(predicted, scale), center);
  graph.output('reconstruction', transpose(reshape(raw, [window, { batches: 1 }, channels]), [1, 0, 2]));
  return graph;
}

interface Forward {
  readonly graph: Graph;
  /** Scaled, `[T*B x C]`. */
  readonly rows: Value;
  readonly predicted: Value;
  readonly center: Value;
  readonly scale: Value;
}

function buildForward({ spec, weights, scaling }: ScoringOptions): Forward {
  const graph = new Graph();
  const windows = graph.input('windows', [{ batches: 1 }, spec.window, spec.channels]);
  const center = graph.constant(scaling.center, [spec.channels]);
  const scale = graph.constant(scaling.scale, [spec.channels]);
  const scaled = replaceMissing(divide(subtract(timeMajor(windows), center), scale));
  const rows = clip(scaled, -scaling.clip, scaling.clip);
  const named = Object.fromEntries(
    weightShapes(spec).map(({ name, shape }) => {
      const { data } = weights[name];
      return [name, graph.constant(data.subarray(0, sizeOf(shape)), shape)];
    }),
  );
  return { graph, rows, predicted: lstmAutoencoder(spec, named, rows, fusedLstm), center, scale };
}
