import type { NamedTensor, Weights } from '../engine.ts';
import { type NetworkSpec, sizeOf, weightShapes } from '../spec.ts';

/** Number of parameters of a network. */
export function parameterCount(spec: NetworkSpec): number {
  return weightShapes(spec).reduce((sum, { shape }) => sum + sizeOf(shape), 0);
}

/** All weights in the order of `weightShapes`, end to end; copies. */
export function flatten(spec: NetworkSpec, weights: Weights): Float32Array<ArrayBuffer> {
  const flat = new Float32Array(parameterCount(spec));
  let offset = 0;
  for (const { name, shape } of weightShapes(spec)) {
    flat.set(weights[name].data, offset);
    offset += sizeOf(shape);
  }
  return flat;
}

/** The inverse of {@link flatten}; copies. */
export function unflatten(spec: NetworkSpec, flat: Float32Array): Weights {
  const weights: Record<string, NamedTensor> = {};
  let offset = 0;
  for (const { name, shape } of weightShapes(spec)) {
    const length = sizeOf(shape);
    weights[name] = { shape, data: flat.slice(offset, offset + length) };
    offset += length;
  }
  return weights;
}
