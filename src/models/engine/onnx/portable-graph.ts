import proto from 'onnx-proto';
import type { ScoringOptions } from '../../engine.ts';
import { weightShapes } from '../../spec.ts';
import { Graph } from '../graph/graph.ts';
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
import { networkOf } from '../networks/networks.ts';
import { encodeOnnxModel } from './onnx-model.ts';
import { timeMajor } from './training-graph.ts';

/**
 * A model as one ONNX file for any runtime: `windows` `[B x T x C]` (float32, raw units, NaN where missing) to
 * `last_residual` and `squared_error` (`[B x C]`, scaled units) and `reconstruction` (`[B x T x C]`, raw units). Plain
 * operators of the standard only, and of its two forms of an LSTM the operator, which more runtimes have than loops.
 * `metadata` becomes the file's `metadata_props`.
 */
export function encodePortableModel(
  model: ScoringOptions,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  const { onnx } = proto;
  const properties = onnx.ModelProto.create({
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
  // Messages of this format that follow one another are read as one message with the fields of both.
  return Buffer.concat([encodeOnnxModel(portableGraph(model)), onnx.ModelProto.encode(properties).finish()]);
}

function portableGraph({ spec, weights, scaling }: ScoringOptions): Graph {
  const { window, channels } = spec;
  const graph = new Graph();
  const center = graph.constant(scaling.center, [channels]);
  const scale = graph.constant(scaling.scale, [channels]);
  const windows = graph.input([{ batches: 1 }, window, channels], 'windows');
  const scaled = replaceMissing(divide(subtract(windows, center), scale));
  const rows = timeMajor(clip(scaled, -scaling.clip, scaling.clip));
  const named = Object.fromEntries(
    weightShapes(spec).map(({ name, shape }) => [name, graph.constant(weights[name].data, shape)]),
  );
  const predicted = networkOf(spec).reconstruct(spec, named, rows, 'small_batch');

  const residual = reshape(subtract(rows, predicted), [window, { batches: 1 }, channels]);
  graph.output(lastOf(residual), 'last_residual');
  graph.output(reduceMean(multiply(residual, residual), [0]), 'squared_error');
  const reconstruction = transpose(reshape(predicted, [window, { batches: 1 }, channels]), [1, 0, 2]);
  graph.output(add(multiply(reconstruction, scale), center), 'reconstruction');
  return graph;
}
