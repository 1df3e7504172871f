import { InferenceSession, Tensor } from 'onnxruntime-node';
import { Graph } from '../../dist/models/engine/graph/graph.js';
import { lastOf, matmul } from '../../dist/models/engine/graph/operators.js';
import { encodeOnnxModel } from '../../dist/models/engine/onnx/onnx-model.js';

const size = 2048;

/** Operations of one product. */
export const productFlops = 2 * size ** 3;

/**
 * What the machine can do: a product of square float32 matrices on all cores, the second one constant, as weights are.
 * Only one row comes back, so that copying the result is not counted.
 */
export async function createMatrixProduct(cores) {
  const values = Float32Array.from({ length: size * size }, (_, i) => Math.sin(i));
  const graph = new Graph();
  const left = graph.input([size, size], 'left');
  graph.output(lastOf(matmul(left, graph.constant(values, [size, size]))), 'row');
  const session = await InferenceSession.create(encodeOnnxModel(graph), { intraOpNumThreads: cores });
  const feeds = { left: new Tensor('float32', values, [size, size]) };
  return {
    createScoring: async () => ({ score: () => session.run(feeds), dispose: () => session.release() }),
  };
}
