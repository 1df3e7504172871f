import { sameShape } from './dimension.ts';
import { type Contribution, gradientRules } from './gradient-rules.ts';
import type { Node, Value } from './graph.ts';
import { concat, matmul, multiply, reduceSum, sum, transpose } from './operators.ts';

/**
 * Appends to the graph what computes the gradient of `loss`, a scalar, with respect to each of `parameters`
 * (reverse-mode differentiation: one walk from the last node to the first). A parameter without influence has
 * gradient 0.
 */
export function gradientsOf(loss: Value, parameters: readonly Value[]): readonly Value[] {
  if (loss.shape.length > 0) throw new Error('Only a scalar has gradients');
  const { graph } = loss;
  const needed = dependents(graph.nodes, parameters);
  const contributions = new Map<Value, Contribution[]>([[loss, [{ kind: 'value', value: graph.scalar(1) }]]]);

  const settled = (value: Value): Value | null => {
    const parts = contributions.get(value);
    return parts === undefined ? null : total(parts, value);
  };
  for (const node of graph.nodes.slice().reverse()) {
    if (!node.outputs.some((output) => contributions.has(output))) continue;
    const rule = gradientRules[node.operator];
    if (rule === undefined) throw new Error(`Operator ${node.operator} has no gradient`);
    const passed = rule(node, node.outputs.map(settled));
    node.inputs.forEach((input, k) => {
      const contribution = passed[k];
      if (contribution === null || contribution === undefined || !needed.has(input)) return;
      const known = contributions.get(input);
      if (known === undefined) contributions.set(input, [contribution]);
      else known.push(contribution);
    });
  }
  return parameters.map((parameter) => settled(parameter) ?? multiply(parameter, graph.scalar(0)));
}

/** All values that change when a parameter changes. */
function dependents(nodes: readonly Node[], parameters: readonly Value[]): ReadonlySet<Value> {
  const found = new Set<Value>(parameters);
  for (const node of nodes) {
    if (!node.inputs.some((input) => found.has(input))) continue;
    for (const output of node.outputs) found.add(output);
  }
  return found;
}

/**
 * Adds up what reached a value. Products that share a recurrent weight, one a time step, become one large product
 * of their stacked factors: `sum_t A_t' G_t = [A_1; A_2; ..]' [G_1; G_2; ..]`.
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

/** Sums a gradient over the axes along which `value` was repeated. */
function unbroadcast(gradient: Value, value: Value): Value {
  const extra = gradient.shape.length - value.shape.length;
  if (sameShape(gradient.shape.slice(Math.max(0, extra)), value.shape)) {
    return extra <= 0 ? gradient : reduceSum(gradient, [...Array(extra).keys()]);
  }
  throw new Error(
    `A gradient of shape ${JSON.stringify(gradient.shape)} reached ${JSON.stringify(value.shape)}`,
  );
}
