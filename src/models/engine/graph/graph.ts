/** A size: a number, or so many times the batch, whose size only the run knows. */
export type Dimension = number | { readonly batches: number };
export type Shape = readonly Dimension[];

/** One integer, several, or a word: the format keeps the three apart. */
export type Attribute = number | readonly number[] | string;
export type Attributes = Readonly<Record<string, Attribute>>;

/** One tensor of a graph: float32, but for shapes and indices. */
export interface Value {
  readonly id: string;
  readonly shape: Shape;
  readonly graph: Graph;
}

/** One application of an ONNX operator. Nodes are in the order of their making, in which each can be computed. */
export interface Node {
  readonly operator: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly attributes: Attributes;
  /** The graph that a Scan repeats, which may use values of the graph around it; null for every other operator. */
  readonly body: Graph | null;
}

export interface Constant {
  readonly value: Value;
  readonly data: Float32Array | BigInt64Array;
}

/**
 * A static computation under construction, to which operators (`operators.ts`) append nodes. Equal nodes are one node,
 * so that rules can ask for the same thing often. A body has a parent and holds no constants of its own.
 */
export class Graph {
  readonly parent: Graph | null;
  readonly inputs: Value[] = [];
  readonly nodes: Node[] = [];
  readonly constants: Constant[] = [];
  readonly outputs: { readonly name: string; readonly value: Value }[] = [];
  readonly #shared = new Map<string, readonly Value[]>();
  #ids = 0;

  constructor(parent: Graph | null = null) {
    this.parent = parent;
  }

  input(shape: Shape, name: string = this.#newId('i')): Value {
    const value = { id: name, shape, graph: this };
    this.inputs.push(value);
    return value;
  }

  output(value: Value, name: string = this.#newId('o')): void {
    this.outputs.push({ name, value });
  }

  constant(data: Float32Array | BigInt64Array, shape: readonly number[]): Value {
    if (this.parent !== null) return this.parent.constant(data, shape);
    const value = { id: this.#newId('c'), shape, graph: this };
    this.constants.push({ value, data });
    return value;
  }

  /** A float32 scalar, one constant for equal numbers. */
  scalar(number: number): Value {
    if (this.parent !== null) return this.parent.scalar(number);
    return this.#once(`scalar ${number}`, () => [this.constant(Float32Array.of(number), [])])[0];
  }

  /** An int64 vector such as a shape or axes, one constant for equal vectors. */
  indices(numbers: readonly number[]): Value {
    if (this.parent !== null) return this.parent.indices(numbers);
    const make = () => [this.constant(BigInt64Array.from(numbers, BigInt), [numbers.length])];
    return this.#once(`indices ${numbers}`, make)[0];
  }

  /** The numbers of a constant made by {@link indices}. */
  indicesOf(value: Value): readonly number[] {
    if (this.parent !== null) return this.parent.indicesOf(value);
    const constant = this.constants.find((candidate) => candidate.value === value);
    if (constant === undefined) throw new Error(`${value.id} is not constant`);
    return Array.from(constant.data, Number);
  }

  /** Appends a node unless there is an equal one, and gives its outputs. */
  node(
    operator: string,
    inputs: readonly Value[],
    shapes: readonly Shape[],
    attributes: Attributes,
  ): readonly Value[] {
    const key = `${operator} ${inputs.map(({ id }) => id)} ${shapes.length} ${JSON.stringify(attributes)}`;
    return this.#once(key, () => {
      const outputs = shapes.map((shape) => this.#newValue(shape));
      this.nodes.push({ operator, inputs, outputs, attributes, body: null });
      return outputs;
    });
  }

  /** Appends a Scan, whose outputs `addOutput` makes, now or later. */
  scanNode(inputs: readonly Value[], body: Graph, attributes: Attributes): (shape: Shape) => Value {
    const outputs: Value[] = [];
    this.nodes.push({ operator: 'Scan', inputs, outputs, attributes, body });
    return (shape) => {
      const value = this.#newValue(shape);
      outputs.push(value);
      return value;
    };
  }

  /** Drops what none of `values` needs, but never the first `fixed` inputs. */
  keepOnly(values: readonly Value[], fixed: number): void {
    const needed = new Set(values);
    const nodes = this.nodes.splice(0).reverse();
    for (const node of nodes) {
      if (!node.outputs.some((output) => needed.has(output))) continue;
      this.nodes.unshift(node);
      for (const input of node.inputs) needed.add(input);
    }
    const inputs = this.inputs.splice(0);
    this.inputs.push(...inputs.filter((input, k) => k < fixed || needed.has(input)));
  }

  #newValue(shape: Shape): Value {
    return { id: this.#newId('v'), shape, graph: this };
  }

  /** Unique over a graph and its bodies, which see each other's names. */
  #newId(kind: string): string {
    return this.parent === null ? `${kind}${this.#ids++}` : this.parent.#newId(kind);
  }

  #once(key: string, make: () => readonly Value[]): readonly Value[] {
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const made = make();
    this.#shared.set(key, made);
    return made;
  }
}

/** Appends a node to the innermost graph that its inputs come from. */
export function apply(
  operator: string,
  inputs: readonly Value[],
  shapes: readonly Shape[],
  attributes: Attributes = {},
): readonly Value[] {
  const body = inputs.find(({ graph }) => graph.parent !== null);
  return (body ?? inputs[0]).graph.node(operator, inputs, shapes, attributes);
}
