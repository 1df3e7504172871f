import type { WeightShape } from '../../spec.ts';
import type { Value } from '../graph/graph.ts';
import { affine } from '../graph/operators.ts';
import type { NamedValues } from './network.ts';

export function denseShapes(name: string, inputs: number, outputs: number): readonly WeightShape[] {
  return [
    { name: `${name}.kernel`, shape: [inputs, outputs], start: 'kernel' },
    { name: `${name}.bias`, shape: [outputs], start: 'zero' },
  ];
}

/** `x * kernel + bias` for rows `x`. */
export function dense(x: Value, weights: NamedValues, name: string): Value {
  return affine(x, weights[`${name}.kernel`], weights[`${name}.bias`]);
}
