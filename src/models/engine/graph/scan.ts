import { Graph, type Node, type Value } from './graph.ts';

export interface ScanStep {
  /** The next states, of the shapes of the present ones. */
  readonly states: readonly Value[];
  /** What this step adds to each stack. */
  readonly outputs: readonly Value[];
}

export interface ScanResult {
  readonly final: readonly Value[];
  /** Each output of all steps, `[steps x ..]`. */
  readonly stacks: readonly Value[];
}

/** In which order a scan reads a sequence or writes a stack; the numbers are the ONNX format's. */
export type Direction = 0 | 1;
export const FORWARD: Direction = 0;
export const BACKWARD: Direction = 1;

/** What the graph knows of a scan beyond its node. */
export interface Scan {
  readonly node: Node;
  readonly body: Graph;
  readonly steps: number;
  readonly states: number;
  readonly outputDirections: readonly Direction[];
  /** Stacks another value of the body, in the order of the steps. */
  stack(value: Value): Value;
}

const scans = new WeakMap<Node, Scan>();

export function scanOf(node: Node): Scan {
  const found = scans.get(node);
  if (found === undefined) throw new Error('Not a scan');
  return found;
}

export interface ScanOptions {
  readonly steps: number;
  readonly initial: readonly Value[];
  /** `[steps x ..]` each; a step sees one element without the first axis. */
  readonly sequences: readonly Value[];
  /** Order in which the stacks are written. */
  readonly written: Direction;
}

/** A sequence and the order in which a scan reads it. */
export interface Read {
  readonly value: Value;
  readonly direction: Direction;
}

/**
 * Repeats `step`, which may use values of the graph around it: a loop whose graph is as large for 256 steps as for 2,
 * where unrolling took the runtime a minute to load.
 */
export function scan(
  { steps, initial, sequences, written }: ScanOptions,
  step: (states: readonly Value[], elements: readonly Value[]) => ScanStep,
): ScanResult {
  const outer = initial[0].graph;
  const body = new Graph(outer);
  const states = initial.map(({ shape }) => body.input(shape));
  const elements = sequences.map(({ shape }) => body.input(shape.slice(1)));
  const result = step(states, elements);
  const reads = sequences.map((value) => ({ value, direction: FORWARD }));
  return appendScan({ steps, initial, reads, written }, body, result);
}

/** Appends the scan of a finished body, whose inputs are its states and then its elements. */
export function appendScan(
  { steps, initial, reads, written }: Omit<ScanOptions, 'sequences'> & { readonly reads: readonly Read[] },
  body: Graph,
  result: ScanStep,
): ScanResult {
  const outer = initial[0].graph;
  // The format wants at least one sequence to know the number of steps.
  const clock = reads.length > 0 ? [] : [outer.constant(new Float32Array(steps), [steps])];
  for (const { shape } of clock) body.input(shape.slice(1));
  const inputs = [...initial, ...reads.map(({ value }) => value), ...clock];
  const inputDirections = [...reads.map(({ direction }) => direction), ...clock.map(() => FORWARD)];
  const outputDirections: Direction[] = [];
  const addOutput = outer.scanNode(inputs, body, {
    num_scan_inputs: inputDirections.length,
    scan_input_directions: inputDirections,
    scan_output_directions: outputDirections,
  });
  const node = outer.nodes[outer.nodes.length - 1];

  const push = (value: Value, direction: Direction): Value => {
    body.output(value);
    outputDirections.push(direction);
    return addOutput([steps, ...value.shape]);
  };
  const final = result.states.map((state, k) => {
    body.output(state);
    return addOutput(initial[k].shape);
  });
  const stacks = result.outputs.map((output) => push(output, written));
  const stack = (value: Value): Value => push(value, FORWARD);
  scans.set(node, { node, body, steps, states: initial.length, outputDirections, stack });
  return { final, stacks };
}
