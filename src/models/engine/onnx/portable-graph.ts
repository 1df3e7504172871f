import proto from 'onnx-proto';
import type { ScoringOptions } from '../../engine.ts';
import { encodeOnnxModel } from './onnx-model.ts';
import { wholeGraph } from './scoring-graph.ts';

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
  return Buffer.concat([
    encodeOnnxModel(wholeGraph(model, 'small_batch')),
    onnx.ModelProto.encode(properties).finish(),
  ]);
}
