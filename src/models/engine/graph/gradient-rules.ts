import type { Contribution } from './backpropagation.ts';
import { sameDimension } from './dimension.ts';
import type { Attribute, Node, Value } from './graph.ts';
import {
  concat,
  countOf,
  divide,
  matmul,
  multiply,
  reshape,
  split,
  splitAt,
  spread,
  subtract,
  transpose,
} from './operators.ts';

type Passed = Contribution | null;

/** The rule of each operator that has one: the contributions to its inputs in their order. */
const rules: Readonly<
  Record<string, (node: Node, upstream: readonly (Value | null)[]) => readonly Passed[]>
> = {
  Add: single((_, g) => [plain(g), plain(g)]),
  Sub: single((_, g) => [plain(g), plain(multiply(g, g.graph.scalar(-1)))]),
  Mul: single(({ inputs: [a, b] }, g) => [plain(multiply(g, b)), plain(multiply(g, a))]),
  Sum: single(({ inputs }, g) => inputs.map(() => plain(g))),
  MatMul: single(({ inputs: [a, b] }, g) => [
    plain(matmul(g, transpose(b, [1, 0]))),
    { kind: 'product', left: a, right: g },
  ]),
  Gemm: single(({ inputs: [a, b] }, g) => [
    plain(matmul(g, transpose(b, [1, 0]))),
    { kind: 'product', left: a, right: g },
    plain(g),
  ]),
  // s' = s - s^2
  Sigmoid: single(({ outputs: [s] }, g) => [plain(multiply(g, subtract(s, multiply(s, s))))]),
  // t' = 1 - t^2
  Tanh: single(({ outputs: [t] }, g) => [plain(multiply(g, subtract(g.graph.scalar(1), multiply(t, t))))]),
  Transpose: single(({ attributes }, g) => {
    const order = integers(attributes.perm);
    const inverse = order.map((_, axis) => order.indexOf(axis));
    return [plain(transpose(g, inverse))];
  }),
  Reshape: single(({ inputs: [x] }, g) => [plain(reshape(g, x.shape)), null]),
  Split: ({ outputs, attributes }, upstream) => {
    const zero = outputs[0].graph.scalar(0);
    const pieces = upstream.map((g, k) => g ?? multiply(outputs[k], zero));
    return [plain(concat(pieces, integer(attributes.axis))), null];
  },
  Concat: single(({ inputs, attributes }, g) => {
    return splitLike(g, inputs, integer(attributes.axis)).map(plain);
  }),
  ReduceSum: single(({ inputs: [x, axes] }, g) => [plain(spread(g, x, g.graph.indicesOf(axes))), null]),
  ReduceMean: single(({ inputs: [x], outputs: [mean], attributes }, g) => {
    const share = divide(countOf(mean), countOf(x));
    return [plain(spread(multiply(g, share), x, integers(attributes.axes)))];
  }),
};

/**
 * What a node passes on to its inputs, in their order; null, or nothing, for a shape or axes. Throws a plain Error for
 * an operator that has no gradient.
 */
export function contributionsOf(node: Node, upstream: readonly (Value | null)[]): readonly Passed[] {
  const rule = rules[node.operator];
  if (rule === undefined) throw new Error(`Operator ${node.operator} has no gradient`);
  return rule(node, upstream);
}

export function pairUp(
  { inputs }: Node,
  passed: readonly Passed[],
): readonly (readonly [Value, Contribution])[] {
  return passed.flatMap((contribution, k) =>
    contribution === null ? [] : [[inputs[k], contribution] as const],
  );
}

function integer(attribute: Attribute | undefined): number {
  if (typeof attribute !== 'number') throw new Error('An attribute is not an integer');
  return attribute;
}

function integers(attribute: Attribute | undefined): readonly number[] {
  if (!Array.isArray(attribute)) throw new Error('An attribute is not a list of integers');
  return attribute;
}

function plain(value: Value): Contribution {
  return { kind: 'value', value };
}

/** For an operator with one output. */
function single(rule: (node: Node, upstream: Value) => readonly Passed[]) {
  return (node: Node, [upstream]: readonly (Value | null)[]): readonly Passed[] =>
    upstream === null ? [] : rule(node, upstream);
}

/** Pieces of `whole` along `axis` with the sizes of `parts`. */
function splitLike(whole: Value, parts: readonly Value[], axis: number): readonly Value[] {
  const sizes = parts.map(({ shape }) => shape[axis]);
  if (sizes.every((size) => sameDimension(size, sizes[0]))) return split(whole, parts.length, axis);
  const numbers = sizes.filter((size) => typeof size === 'number');
  if (numbers.length === sizes.length) return splitAt(whole, numbers, axis);
  throw new Error('A joint of unequal sizes that depend on the batch has no gradient');
}
