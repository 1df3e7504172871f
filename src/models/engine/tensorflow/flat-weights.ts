import type { NamedTensor, Weights } from '../../engine.ts';
import { type NetworkSpec, sizeOf, type WeightShape, weightShapes } from '../../spec.ts';

/** All parameters end to end, with the gates in TensorFlow's order, written into `flat` of `parameterCount`. */
export function flattenWeights(spec: NetworkSpec, weights: Weights, flat: Float32Array): void {
  let offset = 0;
  for (const shape of weightShapes(spec)) {
    const size = sizeOf(shape.shape);
    copySwappingGates(shape, weights[shape.name].data, flat.subarray(offset, offset + size));
    offset += size;
  }
}

/** The inverse of {@link flattenWeights}; the result shares no memory with `flat`. */
export function unflattenWeights(spec: NetworkSpec, flat: Float32Array): Weights {
  const weights: Record<string, NamedTensor> = {};
  let offset = 0;
  for (const shape of weightShapes(spec)) {
    const data = new Float32Array(sizeOf(shape.shape));
    copySwappingGates(shape, flat.subarray(offset, offset + data.length), data);
    weights[shape.name] = { shape: shape.shape, data };
    offset += data.length;
  }
  return weights;
}

/**
 * The weights format has the gates as input, forget, output, candidate; TensorFlow's BlockLSTMV2 wants input, forget,
 * candidate, output. Exchanging the last two blocks of every row goes both ways.
 */
function copySwappingGates({ name, shape }: WeightShape, from: Float32Array, to: Float32Array): void {
  if (!/^(encoder|decoder)\./.test(name)) {
    to.set(from);
    return;
  }
  const columns = shape[shape.length - 1];
  const hidden = columns / 4;
  for (let row = 0; row < from.length; row += columns) {
    const third = row + 2 * hidden;
    const fourth = row + 3 * hidden;
    to.set(from.subarray(row, third), row);
    to.set(from.subarray(fourth, fourth + hidden), third);
    to.set(from.subarray(third, fourth), fourth);
  }
}
