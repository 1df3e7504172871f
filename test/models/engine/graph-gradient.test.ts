import fc from 'fast-check';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { gradientsOf } from '../../../src/models/engine/graph/gradient.ts';
import { Graph, type Shape, type Value } from '../../../src/models/engine/graph/graph.ts';
import {
  add,
  affine,
  concat,
  divide,
  matmul,
  multiply,
  reduceMean,
  reduceSum,
  reshape,
  sigmoid,
  split,
  splitAt,
  subtract,
  sum,
  tanh,
  transpose,
} from '../../../src/models/engine/graph/operators.ts';
import { BACKWARD, FORWARD, scan } from '../../../src/models/engine/graph/scan.ts';
import { encodeOnnxModel } from '../../../src/models/engine/onnx/onnx-model.ts';
import { createRandom, type Random } from '../../../src/models/random.ts';

const batch = { batches: 1 };

/** A network of one operator: the shapes of its inputs, for sizes n and m, and its output. */
interface Case {
  readonly name: string;
  readonly shapes: (n: number, m: number) => readonly Shape[];
  readonly build: (inputs: readonly Value[], n: number, m: number) => Value;
}

const cases: readonly Case[] = [
  {
    name: 'add',
    shapes: (n) => [
      [batch, n],
      [batch, n],
    ],
    build: ([a, b]) => add(a, b),
  },
  { name: 'add a bias', shapes: (n, m) => [[m, batch, n], [n]], build: ([a, b]) => add(a, b) },
  { name: 'add to itself', shapes: (n) => [[batch, n]], build: ([a]) => add(a, a) },
  { name: 'subtract', shapes: (n) => [[batch, n], [n]], build: ([a, b]) => subtract(b, a) },
  {
    name: 'multiply',
    shapes: (n) => [
      [batch, n],
      [batch, n],
    ],
    build: ([a, b]) => multiply(a, b),
  },
  { name: 'multiply by a row', shapes: (n) => [[batch, n], [n]], build: ([a, b]) => multiply(a, b) },
  { name: 'square', shapes: (n) => [[batch, n]], build: ([a]) => multiply(a, a) },
  {
    name: 'sum',
    shapes: (n) => [
      [batch, n],
      [batch, n],
      [batch, n],
    ],
    build: (values) => sum(values),
  },
  {
    name: 'matmul',
    shapes: (n, m) => [
      [batch, n],
      [n, m],
    ],
    build: ([a, b]) => matmul(a, b),
  },
  {
    name: 'matmul with a shared right factor',
    shapes: (n) => [
      [batch, n],
      [n, n],
    ],
    build: ([a, b]) => matmul(tanh(matmul(a, b)), b),
  },
  {
    name: 'affine with a row',
    shapes: (n, m) => [[batch, n], [n, m], [m]],
    build: ([a, b, c]) => affine(a, b, c),
  },
  {
    name: 'affine with a matrix',
    shapes: (n, m) => [
      [batch, n],
      [n, m],
      [batch, m],
    ],
    build: ([a, b, c]) => affine(a, b, c),
  },
  { name: 'sigmoid', shapes: (n) => [[batch, n]], build: ([a]) => sigmoid(a) },
  { name: 'tanh', shapes: (n) => [[batch, n]], build: ([a]) => tanh(a) },
  { name: 'transpose', shapes: (n, m) => [[n, batch, m]], build: ([a]) => transpose(a, [1, 2, 0]) },
  {
    name: 'reshape',
    shapes: (n, m) => [[n, batch, m]],
    build: ([a], n, m) => reshape(a, [{ batches: n }, m]),
  },
  {
    name: 'split, and use one piece of it',
    shapes: (n, m) => [[batch, n * m]],
    build: ([a], n) => split(a, n, 1)[n - 1],
  },
  {
    name: 'split along the batch',
    shapes: (n, m) => [[{ batches: n }, m]],
    build: ([a], n) => split(a, n, 0).reduce((x, y) => multiply(x, y)),
  },
  {
    name: 'split at sizes',
    shapes: (n, m) => [[batch, n + m]],
    build: ([a], n, m) => concat(splitAt(a, [n, m], 1).map(tanh), 1),
  },
  {
    name: 'concat',
    shapes: (n, m) => [
      [batch, n],
      [batch, m],
      [batch, n],
    ],
    build: (values) => concat(values, 1),
  },
  {
    name: 'concat along the batch',
    shapes: (n) => [
      [batch, n],
      [batch, n],
    ],
    build: (values) => concat(values, 0),
  },
  { name: 'reduce a sum', shapes: (n, m) => [[n, batch, m]], build: ([a]) => reduceSum(a, [0, 1]) },
  { name: 'reduce a mean', shapes: (n, m) => [[n, batch, m]], build: ([a]) => reduceMean(a, [1]) },
  {
    name: 'a scan with a state, a sequence and values from around',
    shapes: (n, m) => [[batch, n], [m, batch, n], [n, n], [n]],
    build: ([start, sequence, weight, bias], _n, m) => {
      const options = { steps: m, initial: [start], sequences: [sequence], written: FORWARD };
      const { final, stacks } = scan(options, ([state], [element]) => {
        const next = tanh(add(affine(state, weight, element), bias));
        return { states: [next], outputs: [multiply(next, element)] };
      });
      return add(stacks[0], final[0]);
    },
  },
  {
    name: 'a scan without a sequence that writes backward',
    shapes: (n) => [
      [batch, 2 * n],
      [batch, 2 * n],
    ],
    build: ([start, added], n, m) => {
      const options = { steps: m, initial: [start], sequences: [], written: BACKWARD };
      const { stacks } = scan(options, ([state]) => {
        const [a, b] = split(sigmoid(add(state, added)), 2, 1);
        return { states: [concat([multiply(a, b), tanh(b)], 1)], outputs: [a] };
      });
      return reshape(stacks[0], [{ batches: m }, n]);
    },
  },
];

function random(shape: Shape, batches: number, source: Random): Tensor {
  const dims = shape.map((size) => (typeof size === 'number' ? size : size.batches * batches));
  const length = dims.reduce((a, b) => a * b, 1);
  return new Tensor(
    'float32',
    Float32Array.from({ length }, () => 0.8 * source.gaussian()),
    dims,
  );
}

function moved(tensor: Tensor, direction: Float32Array, step: number): Tensor {
  const data = (tensor.data as Float32Array).map((value, k) => value + step * direction[k]);
  return new Tensor('float32', data, tensor.dims);
}

/** Scaled to a norm of 1 over all arrays. */
function unit(arrays: readonly Float32Array[]): readonly Float32Array[] {
  const norm = Math.sqrt(arrays.flatMap((array) => [...array]).reduce((sum, value) => sum + value ** 2, 0));
  return arrays.map((array) => array.map((value) => value / norm));
}

/** The loss is smooth and treats every value of the output differently. */
function lossOf(output: Value): Value {
  const weighted = multiply(output, add(output, output.graph.scalar(0.3)));
  return reduceMean(tanh(weighted), [...output.shape.keys()]);
}

describe('the gradient of every operator', () => {
  it.each(cases)('$name', async ({ shapes, build }) => {
    const sizes = { n: fc.integer({ min: 1, max: 4 }), m: fc.integer({ min: 1, max: 3 }) };
    const property = fc.asyncProperty(
      fc.record({ ...sizes, batches: fc.integer({ min: 1, max: 3 }), seed: fc.integer() }),
      async ({ n, m, batches, seed }) => {
        const graph = new Graph();
        const inputs = shapes(n, m).map((shape, k) => graph.input(shape, `x${k}`));
        const loss = lossOf(build(inputs, n, m));
        graph.output(loss, 'loss');
        gradientsOf(loss, inputs).forEach((gradient, k) => {
          graph.output(gradient, `g${k}`);
        });
        const session = await InferenceSession.create(encodeOnnxModel(graph), { logSeverityLevel: 3 });

        const source = createRandom(seed);
        const tensors = inputs.map(({ shape }) => random(shape, batches, source));
        const directions = unit(
          tensors.map(({ data }) => new Float32Array(data.length).map(() => source.gaussian())),
        );
        const at = async (step: number) => {
          const feeds = tensors.map((tensor, k) => [`x${k}`, moved(tensor, directions[k], step)] as const);
          return session.run(Object.fromEntries(feeds));
        };
        const here = await at(0);
        const slope = directions
          .flatMap((direction, k) => {
            expect(here[`g${k}`].dims).toEqual(tensors[k].dims);
            return Array.from(here[`g${k}`].data as Float32Array, (g, i) => g * direction[i]);
          })
          .reduce((a, b) => a + b, 0);
        const difference = async (step: number): Promise<number> => {
          const [above, below] = [await at(step), await at(-step)];
          return (Number(above.loss.data[0]) - Number(below.loss.data[0])) / (2 * step);
        };
        // Two steps, so that the curvature cancels (Richardson): what is left is the rounding of the loss, about 1e-5.
        const measured = (4 * (await difference(1e-2)) - (await difference(2e-2))) / 3;
        await session.release();
        expect(Math.abs(slope - measured)).toBeLessThan(5e-4);
      },
    );
    await fc.assert(property, { numRuns: 25 });
  });

  it('is 0 for a parameter without influence', async () => {
    const graph = new Graph();
    const [x, unused] = [graph.input([2], 'x'), graph.input([2], 'unused')];
    const [gradient] = gradientsOf(lossOf(x), [unused]);
    graph.output(gradient, 'gradient');
    const session = await InferenceSession.create(encodeOnnxModel(graph));
    const ones = new Tensor('float32', new Float32Array([1, 1]), [2]);
    expect((await session.run({ x: ones, unused: ones })).gradient.data).toEqual(Float32Array.of(0, 0));
  });

  it('is refused for an operator without a rule', () => {
    const graph = new Graph();
    const x = graph.input([2], 'x');
    expect(() => gradientsOf(lossOf(divide(x, graph.scalar(2))), [x])).toThrow(
      'Operator Div has no gradient',
    );
  });
});

describe('shapes that do not fit', () => {
  it.each<[string, (x: Value, y: Value) => Value]>([
    ['add', (x, y) => add(x, y)],
    ['matmul', (x, y) => matmul(x, y)],
    ['affine', (x, y) => affine(x, y, x)],
    ['reshape', (x) => reshape(x, [batch, 4])],
    ['split', (x) => split(x, 2, 1)[0]],
  ])('%s', (_operator, build) => {
    const graph = new Graph();
    expect(() => build(graph.input([batch, 3]), graph.input([2, 2]))).toThrow(/of shapes/);
  });
});
