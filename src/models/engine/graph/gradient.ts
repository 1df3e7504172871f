import { backpropagate, dependents, type GradientRule, Gradients } from './backpropagation.ts';
import { contributionsOf, pairUp } from './gradient-rules.ts';
import type { Value } from './graph.ts';
import { multiply } from './operators.ts';
import { scanRule } from './scan-gradient.ts';

/**
 * Appends to the graph what computes the gradient of `loss`, a scalar, with respect to each of `parameters`. A
 * parameter without influence has gradient 0.
 */
export function gradientsOf(loss: Value, parameters: readonly Value[]): readonly Value[] {
  if (loss.shape.length > 0) throw new Error('Only a scalar has gradients');
  const { graph } = loss;
  const needed = dependents(graph.nodes, parameters);
  const gradients = new Gradients();
  gradients.add(loss, { kind: 'value', value: graph.scalar(1) });
  backpropagate(graph.nodes, gradients, rule, (value) => needed.has(value));
  return parameters.map((parameter) => gradients.of(parameter) ?? multiply(parameter, graph.scalar(0)));
}

const rule: GradientRule = (node, upstream, needed) =>
  node.operator === 'Scan' ? scanRule(node, upstream, needed) : pairUp(node, contributionsOf(node, upstream));
