import { sameDimension, sameShape, sumDimensions, timesDimensions } from './dimension.ts';
import { apply, type Dimension, type Shape, type Value } from './graph.ts';

/** `TensorProto.DataType.FLOAT` of the ONNX format. */
const FLOAT = 1;

/*
 * The operators of a network, each the ONNX operator of the same name with its output shape derived. Shapes that do
 * not fit are a mistake in a network's code and throw a plain Error while the graph is built.
 */

export const add = (a: Value, b: Value): Value => elementwise('Add', a, b);
export const subtract = (a: Value, b: Value): Value => elementwise('Sub', a, b);
export const multiply = (a: Value, b: Value): Value => elementwise('Mul', a, b);
export const divide = (a: Value, b: Value): Value => elementwise('Div', a, b);
export const maximum = (a: Value, b: Value): Value => elementwise('Max', a, b);

export const sigmoid = (x: Value): Value => unary('Sigmoid', x);
export const tanh = (x: Value): Value => unary('Tanh', x);
export const squareRoot = (x: Value): Value => unary('Sqrt', x);

/** The sum of values of one shape in one pass over memory. */
export function sum(values: readonly Value[]): Value {
  if (values.length === 1) return values[0];
  if (values.length === 2) return add(values[0], values[1]);
  return apply('Sum', values, [values[0].shape])[0];
}

/** `[n x k] * [k x m]`. */
export function matmul(a: Value, b: Value): Value {
  if (a.shape.length !== 2 || b.shape.length !== 2 || !sameDimension(a.shape[1], b.shape[0]))
    throw misfit('MatMul', a, b);
  return apply('MatMul', [a, b], [[a.shape[0], b.shape[1]]])[0];
}

/** `a * b + c` in one pass; `c` is a row for all, or of the product's shape. */
export function affine(a: Value, b: Value, c: Value): Value {
  const shape = [a.shape[0], b.shape[1]];
  const fits = sameShape(c.shape, shape) || sameShape(c.shape, shape.slice(1));
  if (!fits || a.shape.length !== 2 || b.shape.length !== 2 || !sameDimension(a.shape[1], b.shape[0]))
    throw misfit('Gemm', a, b, c);
  return apply('Gemm', [a, b, c], [shape])[0];
}

export function transpose(x: Value, order: readonly number[]): Value {
  const shape = order.map((axis) => x.shape[axis]);
  return apply('Transpose', [x], [shape], { perm: order })[0];
}

/** The same values in the same order under another shape, which holds at most one size that depends on the batch. */
export function reshape(x: Value, shape: Shape): Value {
  if (!sameDimension(timesDimensions(x.shape), timesDimensions(shape))) throw misfit('Reshape', x);
  const target = x.graph.indices(shape.map((size) => (typeof size === 'number' ? size : -1)));
  return apply('Reshape', [x, target], [shape])[0];
}

/** `parts` equal pieces along an axis. */
export function split(x: Value, parts: number, axis: number): readonly Value[] {
  if (parts === 1) return [x];
  const whole = x.shape[axis];
  const piece: Dimension = typeof whole === 'number' ? whole / parts : { batches: whole.batches / parts };
  if (!Number.isInteger(typeof piece === 'number' ? piece : piece.batches)) throw misfit('Split', x);
  const shape = x.shape.map((size, k) => (k === axis ? piece : size));
  return apply('Split', [x], Array(parts).fill(shape), { axis });
}

/** Pieces of the given numeric sizes along an axis. */
export function splitAt(x: Value, sizes: readonly number[], axis: number): readonly Value[] {
  const shapes = sizes.map((piece) => x.shape.map((size, k) => (k === axis ? piece : size)));
  return apply('Split', [x, x.graph.indices(sizes)], shapes, { axis });
}

export function concat(values: readonly Value[], axis: number): Value {
  if (values.length === 1) return values[0];
  const joined = values.map((value) => value.shape[axis]).reduce(sumDimensions);
  const shape = values[0].shape.map((size, k) => (k === axis ? joined : size));
  return apply('Concat', values, [shape], { axis })[0];
}

/** Sums over `axes`, which disappear. */
export function reduceSum(x: Value, axes: readonly number[]): Value {
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  return apply('ReduceSum', [x, x.graph.indices(axes)], [shape], { keepdims: 0 })[0];
}

/** Mean over `axes`, which disappear. */
export function reduceMean(x: Value, axes: readonly number[]): Value {
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  const attributes = { axes: axes, keepdims: 0 };
  return apply('ReduceMean', [x], [shape], attributes)[0];
}

/** The last of the first axis, which disappears. */
export function lastOf(x: Value): Value {
  const index = x.graph.constant(BigInt64Array.of(-1n), []);
  return apply('Gather', [x, index], [x.shape.slice(1)], { axis: 0 })[0];
}

/** Limits values to `[low, high]`. */
export function clip(x: Value, low: number, high: number): Value {
  return apply('Clip', [x, x.graph.scalar(low), x.graph.scalar(high)], [x.shape])[0];
}

/** 0 where `x` is NaN. */
export function replaceMissing(x: Value): Value {
  const [missing] = apply('IsNaN', [x], [x.shape]);
  return apply('Where', [missing, x.graph.scalar(0), x], [x.shape])[0];
}

/** Undoes a reduction of `like` over `axes`: the value repeated along them. */
export function spread(reduced: Value, like: Value, axes: readonly number[]): Value {
  const kept = reshape(
    reduced,
    like.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)),
  );
  const [shape] = apply('Shape', [like], [[like.shape.length]]);
  return apply('Expand', [kept, shape], [like.shape])[0];
}

/** A matrix of zeros with one row a window, `like` being `[batch x anything]`. */
export function zeros(like: Value, columns: number): Value {
  const { graph } = like;
  const [shape] = apply('Shape', [like], [[like.shape.length]]);
  const [rows] = apply('Gather', [shape, graph.indices([0])], [[1]], { axis: 0 });
  const [target] = apply('Concat', [rows, graph.indices([columns])], [[2]], { axis: 0 });
  return apply('Expand', [graph.scalar(0), target], [[like.shape[0], columns]])[0];
}

/** `times` copies along a new first axis. */
export function repeat(x: Value, times: number): Value {
  const target = x.graph.indices([times, ...x.shape.map(() => 1)]);
  return apply('Expand', [x, target], [[times, ...x.shape]])[0];
}

/** How many values `x` holds at run time, as a float scalar. */
export function countOf(x: Value): Value {
  const [count] = apply('Size', [x], [[]]);
  return apply('Cast', [count], [[]], { to: FLOAT })[0];
}

function unary(operator: string, x: Value): Value {
  return apply(operator, [x], [x.shape])[0];
}

/** Equal shapes, or the one with fewer axes fits the last axes of the other (a bias, a scalar). */
function elementwise(operator: string, a: Value, b: Value): Value {
  const [large, small] = a.shape.length >= b.shape.length ? [a, b] : [b, a];
  const tail = large.shape.slice(large.shape.length - small.shape.length);
  if (!sameShape(tail, small.shape)) throw misfit(operator, a, b);
  return apply(operator, [a, b], [large.shape])[0];
}

function misfit(operator: string, ...values: readonly Value[]): Error {
  return new Error(`${operator} of shapes ${values.map(({ shape }) => JSON.stringify(shape)).join(' and ')}`);
}
