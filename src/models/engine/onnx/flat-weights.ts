import type { NamedTensor, Weights } from '../../engine.ts';
import { type NetworkSpec, sizeOf, weightShapes } from '../../spec.ts';

/** All weights in the order of `weightShapes`, end to end; copies. */
export function flatten(spec: NetworkSpec, weights: Weights): Float32Array<ArrayBuffer> {
  const parts = weightShapes(spec).map(({ name }) => weights[name].data);
  const flat = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    flat.set(part, offset);
    offset += part.length;
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
