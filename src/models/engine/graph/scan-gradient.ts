import {
  backpropagate,
  type Contribution,
  capturedBy,
  dependents,
  type GradientRule,
  Gradients,
} from './backpropagation.ts';
import { contributionsOf, pairUp } from './gradient-rules.ts';
import { Graph, type Value } from './graph.ts';
import { multiply, reshape } from './operators.ts';
import { SavedValues } from './saved-values.ts';
import { appendScan, BACKWARD, FORWARD, scanOf } from './scan.ts';

/**
 * The gradient of a scan is a scan over the same steps from the last to the first (backpropagation through time). Its
 * states are the gradients of the states; it reads what the forward steps left, which are made to stack just what it
 * needs; and it stacks what each step contributes to the sequences and to values from the graph around, so that
 * those are added up, or multiplied, once for all steps.
 */
export const scanRule: GradientRule = (node, upstream, needed) => {
  const forward = scanOf(node);
  const outer = node.inputs[0].graph;
  const backward = new Graph(outer);
  const saved = new SavedValues(forward, backward);

  const gradients = new Gradients();
  const states = forward.body.inputs.slice(0, forward.states);
  const stateGradients = states.map((state, k) => {
    const gradient = backward.input(state.shape);
    gradients.add(forward.body.outputs[k].value, { kind: 'value', value: gradient });
    return gradient;
  });
  upstream.slice(forward.states).forEach((stack, k) => {
    if (stack === null) return;
    const { value } = forward.body.outputs[forward.states + k];
    const direction = forward.outputDirections[k] === FORWARD ? BACKWARD : FORWARD;
    gradients.add(value, { kind: 'value', value: saved.read(stack, direction) });
  });

  const elements = forward.body.inputs.slice(forward.states);
  const sequences = node.inputs.slice(forward.states);
  const neededElements = elements.filter((_, k) => needed(sequences[k]));
  const captured = capturedBy(node).filter(needed);
  const within = dependents(forward.body.nodes, [...states, ...neededElements, ...captured]);
  // Rules see the names of the backward steps; what they pass on goes to the values themselves.
  const localRule: GradientRule = (original, received) => {
    const inputs = original.inputs.map((value) => saved.local(value));
    const outputs = original.outputs.map((value) => saved.local(value));
    return pairUp(original, contributionsOf({ ...original, inputs, outputs }, received));
  };
  backpropagate(forward.body.nodes, gradients, localRule, (value) => within.has(value));

  const zero = outer.scalar(0);
  const stacked = new Map<Value, number>();
  const stack = (value: Value): number => {
    const place = stacked.get(value) ?? stacked.size;
    stacked.set(value, place);
    return place;
  };
  const passed: { target: Value; parts: readonly StackedPart[] }[] = [];
  const pass = (target: Value, parts: readonly Contribution[]): void => {
    passed.push({
      target,
      parts: parts.map((part) =>
        part.kind === 'value'
          ? { kind: 'value', value: stack(part.value) }
          : {
              kind: 'product',
              left: saved.sequenceOf(part.left) ?? stack(part.left),
              right: saved.sequenceOf(part.right) ?? stack(part.right),
            },
      ),
    });
  };
  neededElements.forEach((element) => {
    const gradient = gradients.of(element);
    if (gradient !== null) pass(sequences[elements.indexOf(element)], [{ kind: 'value', value: gradient }]);
  });
  for (const value of captured) pass(value, gradients.partsOf(value));
  const nextStates = states.map((state, k) => gradients.of(state) ?? multiply(stateGradients[k], zero));

  backward.keepOnly([...nextStates, ...stacked.keys()], forward.states);
  const { final, stacks } = appendScan(
    {
      steps: forward.steps,
      initial: node.inputs
        .slice(0, forward.states)
        .map((initial, k) => upstream[k] ?? multiply(initial, zero)),
      reads: saved.reads(),
      written: BACKWARD,
    },
    backward,
    { states: nextStates, outputs: [...stacked.keys()] },
  );
  const find = (place: number | Value): Value => (typeof place === 'number' ? stacks[place] : place);
  return [
    ...final.map((gradient, k) => [node.inputs[k], { kind: 'value', value: gradient }] as const),
    ...passed.flatMap(({ target, parts }) => parts.map((part) => [target, unstack(part, find)] as const)),
  ];
};

/** A contribution whose values are places among the stacks of the backward scan, or whole sequences. */
type StackedPart =
  | { readonly kind: 'value'; readonly value: number | Value }
  | { readonly kind: 'product'; readonly left: number | Value; readonly right: number | Value };

function unstack(part: StackedPart, find: (place: number | Value) => Value): Contribution {
  if (part.kind === 'value') return { kind: 'value', value: find(part.value) };
  return { kind: 'product', left: flatten(find(part.left)), right: flatten(find(part.right)) };
}

/** `[steps x B x N]` to `[steps*B x N]`. */
function flatten(stack: Value): Value {
  const [steps, rows, columns] = stack.shape;
  if (typeof steps !== 'number') throw new Error('A stack has a fixed number of steps');
  const count = typeof rows === 'number' ? steps * rows : { batches: steps * rows.batches };
  return reshape(stack, [count, columns]);
}
