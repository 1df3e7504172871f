import { type NetworkSpec, sizeOf, weightShapes } from '../../spec.ts';
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
  transpose,
} from '../graph/operators.ts';
import { lstmAutoencoder } from '../networks/lstm-autoencoder.ts';
import { unrolledLstm } from '../networks/lstm-layers.ts';
import { BETA_1, BETA_2 } from './adam.ts';

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
  graph.output('loss', loss);
  return graph;
}

/** As {@link lossGraph}, and the flat `gradients`. */
export function gradientGraph(spec: NetworkSpec): Graph {
  const network = buildLoss(spec);
  network.graph.output('loss', network.loss);
  network.graph.output('gradients', flatGradients(network));
  return network.graph;
}

/**
 * A whole step of AdamW in one run: `input`, `target`, the flat `weights`, `first` and `second` moments, and the
 * scalars `step_size`, `epsilon` and `decay` of {@link adamScalars}, to `loss` and the next of all three. Gradients
 * whose norm exceeds `clipNorm` are scaled down to it. The parameters are one flat vector, so that the optimiser is a
 * dozen operators for any network and a step passes three tensors in and out.
 */
export function stepGraph(spec: NetworkSpec, clipNorm: number): Graph {
  const network = buildLoss(spec);
  const { graph, flat } = network;
  const first = graph.input('first', flat.shape);
  const second = graph.input('second', flat.shape);
  const stepSize = graph.input('step_size', []);
  const epsilon = graph.input('epsilon', []);
  const decay = graph.input('decay', []);

  const gradient = clip(flatGradients(network), clipNorm);
  const mix = (old: Value, fresh: Value, beta: number): Value =>
    add(multiply(old, graph.scalar(beta)), multiply(fresh, graph.scalar(1 - beta)));
  const nextFirst = mix(first, gradient, BETA_1);
  const nextSecond = mix(second, multiply(gradient, gradient), BETA_2);
  const move = multiply(divide(nextFirst, add(squareRoot(nextSecond), epsilon)), stepSize);
  const kept = multiply(flat, subtract(graph.scalar(1), decay));

  graph.output('loss', network.loss);
  graph.output('next_weights', subtract(kept, move));
  graph.output('next_first', nextFirst);
  graph.output('next_second', nextSecond);
  return graph;
}

function buildLoss(spec: NetworkSpec): LossGraph {
  const graph = new Graph();
  const shapes = weightShapes(spec);
  const sizes = shapes.map(({ shape }) => sizeOf(shape));
  const flat = graph.input('weights', [sizes.reduce((a, b) => a + b)]);
  const parameters = splitAt(flat, sizes, 0).map((part, k) => reshape(part, shapes[k].shape));
  const named = Object.fromEntries(shapes.map(({ name }, k) => [name, parameters[k]]));

  const input = timeMajor(graph.input('input', [{ batches: 1 }, spec.window, spec.channels]));
  const target = timeMajor(graph.input('target', [{ batches: 1 }, spec.window, spec.channels]));
  const residual = subtract(lstmAutoencoder(spec, named, input, unrolledLstm), target);
  return { graph, loss: reduceMean(multiply(residual, residual), [0, 1]), flat, parameters };
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
