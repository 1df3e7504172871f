import { sameShape } from './dimension.ts';
import type { Node, Value } from './graph.ts';
import { concat, matmul, reduceSum, sum, transpose } from './operators.ts';

/** A part of a value's gradient: itself, or `left' * right`, kept apart so that parts can be multiplied at once. */
export type Contribution =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'product'; readonly left: Value; readonly right: Value };

/**
 * From the gradients of a node's outputs (null where nothing depends on one) to those of its inputs (none for a shape
 * or axes). A gradient may have more leading axes than its input when the input was repeated along them.
 */
export type GradientRule = (
  node: Node,
  upstream: readonly (Value | null)[],
  needed: (value: Value) => boolean,
) => Iterable<readonly [Value, Contribution]>;

/** What is known of the gradients of a graph's values during the walk. */
export class Gradients {
  readonly #parts = new Map<Value, Contribution[]>();

  add(value: Value, contribution: Contribution): void {
    const known = this.#parts.get(value);
    if (known === undefined) this.#parts.set(value, [contribution]);
    else known.push(contribution);
  }

  has(value: Value): boolean {
    return this.#parts.has(value);
  }

  partsOf(value: Value): readonly Contribution[] {
    return this.#parts.get(value) ?? [];
  }

  /** The gradient, added up; null when the outputs do not depend on the value. */
  of(value: Value): Value | null {
    const parts = this.#parts.get(value);
    return parts === undefined ? null : total(parts, value);
  }
}

/**
 * One walk from the last node to the first, which completes `gradients` from what they hold for the last values
 * (reverse-mode differentiation).
 */
export function backpropagate(
  nodes: readonly Node[],
  gradients: Gradients,
  rule: GradientRule,
  needed: (value: Value) => boolean,
): void {
  for (const node of nodes.slice().reverse()) {
    if (!node.outputs.some((output) => gradients.has(output))) continue;
    const upstream = node.outputs.map((output) => gradients.of(output));
    for (const [value, contribution] of rule(node, upstream, needed)) {
      if (needed(value)) gradients.add(value, contribution);
    }
  }
}

/** Operators whose result does not depend on what their input holds. */
const BLIND = new Set(['Shape', 'Size']);

/** All values that change when one of `sources` changes. */
export function dependents(nodes: readonly Node[], sources: readonly Value[]): ReadonlySet<Value> {
  const found = new Set<Value>(sources);
  for (const node of nodes) {
    if (BLIND.has(node.operator)) continue;
    if (![...node.inputs, ...capturedBy(node)].some((input) => found.has(input))) continue;
    for (const output of node.outputs) found.add(output);
  }
  return found;
}

/** Values that a node's body takes from the graph around it. */
export function capturedBy({ body }: Node): readonly Value[] {
  if (body === null) return [];
  return [...new Set(body.nodes.flatMap(({ inputs }) => inputs).filter(({ graph }) => graph !== body))];
}

/**
 * Products that share a weight become one large product of their stacked factors:
 * `sum_t A_t' G_t = [A_1; A_2; ..]' [G_1; G_2; ..]`.
 */
function total(parts: readonly Contribution[], value: Value): Value {
  const values = parts.flatMap((part) => (part.kind === 'value' ? [unbroadcast(part.value, value)] : []));
  const products = parts.flatMap((part) => (part.kind === 'product' ? [part] : []));
  if (products.length > 0) {
    const left = concat(
      products.map((product) => product.left),
      0,
    );
    const right = concat(
      products.map((product) => product.right),
      0,
    );
    values.push(matmul(transpose(left, [1, 0]), right));
  }
  return sum(values);
}

/** Sums a gradient over the leading axes along which `value` was repeated. */
function unbroadcast(gradient: Value, value: Value): Value {
  const extra = gradient.shape.length - value.shape.length;
  if (extra < 0 || !sameShape(gradient.shape.slice(extra), value.shape))
    throw new Error(
      `A gradient of shape ${JSON.stringify(gradient.shape)} for ${JSON.stringify(value.shape)}`,
    );
  return extra === 0 ? gradient : reduceSum(gradient, [...Array(extra).keys()]);
}
