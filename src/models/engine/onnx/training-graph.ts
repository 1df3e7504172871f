import { type NetworkSpec, sizeOf, weightShapes } from '../../spec.ts';
import { BETA_1, BETA_2 } from '../adam.ts';
import { gradientsOf } from '../graph/gradient.ts';
import { Graph, type Value } from '../graph/graph.ts';
import {
  add,
  concat,
  divide,
  maximum,
  multiply,
  reduceMean,
  reduceSum,
  reshape,
  splitAt,
  squareRoot,
  subtract,
  sum,
  transpose,
} from '../graph/operators.ts';
import { networkOf } from '../networks/networks.ts';

interface LossGraph {
  readonly graph: Graph;
  readonly loss: Value;
  /** All parameters in the order of `weightShapes`, end to end. */
  readonly flat: Value;
  readonly parameters: readonly Value[];
}

/** `input`, `target` and `weights` (flat) to `loss`. */
export function lossGraph(spec: NetworkSpec): Graph {
  const { graph, loss } = buildLoss(spec);
  graph.output(loss, 'loss');
  return graph;
}

/** As {@link lossGraph}, and the flat `gradients`. */
export function gradientGraph(spec: NetworkSpec): Graph {
  const network = buildLoss(spec);
  network.graph.output(network.loss, 'loss');
  network.graph.output(flatGradients(network), 'gradients');
  return network.graph;
}

/**
 * A whole step of AdamW in one run: `input`, `target`, the flat `weights`, `first` and `second` moments, and the
 * scalars `step_size`, `epsilon` and `decay` of `adamScalars`, to `loss` and the next of all three. Gradients whose
 * norm exceeds `clipNorm` are scaled down to it. The parameters are one flat vector, so that the optimiser is a dozen
 * operators for any network and a step passes three tensors in and out.
 */
export function stepGraph(spec: NetworkSpec, clipNorm: number): Graph {
  const network = buildLoss(spec);
  network.graph.output(network.loss, 'loss');
  appendAdam(network.flat, flatGradients(network), clipNorm);
  return network.graph;
}

/**
 * The end of a step whose batch was shared: as {@link stepGraph}, but from the flat `gradient_k` and `loss_k` of each
 * share and what part `share_k` of the batch it was.
 */
export function updateGraph(spec: NetworkSpec, clipNorm: number, shares: number): Graph {
  const graph = new Graph();
  const flat = graph.input([parameterCount(spec)], 'weights');
  const weighted = Array.from({ length: shares }, (_, k) => {
    const share = graph.input([], `share_${k}`);
    const loss = multiply(graph.input([], `loss_${k}`), share);
    return { loss, gradient: multiply(graph.input(flat.shape, `gradient_${k}`), share) };
  });
  graph.output(sum(weighted.map(({ loss }) => loss)), 'loss');
  appendAdam(flat, sum(weighted.map(({ gradient }) => gradient)), clipNorm);
  return graph;
}

function appendAdam(flat: Value, gradients: Value, clipNorm: number): void {
  const { graph } = flat;
  const first = graph.input(flat.shape, 'first');
  const second = graph.input(flat.shape, 'second');
  const stepSize = graph.input([], 'step_size');
  const epsilon = graph.input([], 'epsilon');
  const decay = graph.input([], 'decay');

  const gradient = clip(gradients, clipNorm);
  const mix = (old: Value, fresh: Value, beta: number): Value =>
    add(multiply(old, graph.scalar(beta)), multiply(fresh, graph.scalar(1 - beta)));
  const nextFirst = mix(first, gradient, BETA_1);
  const nextSecond = mix(second, multiply(gradient, gradient), BETA_2);
  const move = multiply(divide(nextFirst, add(squareRoot(nextSecond), epsilon)), stepSize);
  const kept = multiply(flat, subtract(graph.scalar(1), decay));
  graph.output(subtract(kept, move), 'next_weights');
  graph.output(nextFirst, 'next_first');
  graph.output(nextSecond, 'next_second');
}

function buildLoss(spec: NetworkSpec): LossGraph {
  const graph = new Graph();
  const shapes = weightShapes(spec);
  const sizes = shapes.map(({ shape }) => sizeOf(shape));
  const flat = graph.input([parameterCount(spec)], 'weights');
  const parameters = splitAt(flat, sizes, 0).map((part, k) => reshape(part, shapes[k].shape));
  const named = Object.fromEntries(shapes.map(({ name }, k) => [name, parameters[k]]));

  const input = timeMajor(graph.input([{ batches: 1 }, spec.window, spec.channels], 'input'));
  const target = timeMajor(graph.input([{ batches: 1 }, spec.window, spec.channels], 'target'));
  const residual = subtract(networkOf(spec).reconstruct(spec, named, input, 'training'), target);
  return { graph, loss: reduceMean(multiply(residual, residual), [0, 1]), flat, parameters };
}

function parameterCount(spec: NetworkSpec): number {
  return weightShapes(spec).reduce((count, { shape }) => count + sizeOf(shape), 0);
}

/** `[B x T x C]` to `[T*B x C]`. */
export function timeMajor(windows: Value): Value {
  const [, window, channels] = windows.shape;
  return reshape(transpose(windows, [1, 0, 2]), [{ batches: Number(window) }, channels]);
}

function flatGradients({ loss, parameters }: LossGraph): Value {
  const gradients = gradientsOf(loss, parameters);
  return concat(
    gradients.map((gradient) => reshape(gradient, [sizeOf(gradient.shape.map(Number))])),
    0,
  );
}

function clip(gradient: Value, clipNorm: number): Value {
  if (clipNorm === Number.POSITIVE_INFINITY) return gradient;
  const { graph } = gradient;
  const norm = squareRoot(reduceSum(multiply(gradient, gradient), [0]));
  const limit = graph.scalar(clipNorm);
  return multiply(gradient, divide(limit, maximum(norm, limit)));
}
