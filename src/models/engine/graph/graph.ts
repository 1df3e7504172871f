/** A size: a number, or so many times the batch, whose size only the run knows. */
export type Dimension = number | { readonly batches: number };
export type Shape = readonly Dimension[];

/** One integer, several, or a float: the format keeps the three apart. */
export type Attribute = number | readonly number[] | { readonly float: number };
export type Attributes = Readonly<Record<string, Attribute>>;

/** One tensor of the graph: float32, but for shapes and indices. */
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
  /** Empty for the standard operators. */
  readonly domain: string;
}

export interface Constant {
  readonly value: Value;
  readonly data: Float32Array | BigInt64Array;
}

/**
 * A static computation under construction. Operators (`operators.ts`) append nodes; nothing is ever removed, and
 * equal nodes are one node, so that rules can ask for the same thing often.
 */
export class Graph {
  readonly inputs: Value[] = [];
  readonly constants: Constant[] = [];
  readonly nodes: Node[] = [];
  readonly outputs: { name: string; value: Value }[] = [];
  readonly #sharedConstants = new Map<string, Value>();
  readonly #sharedNodes = new Map<string, readonly Value[]>();

  input(name: string, shape: Shape): Value {
    const value = { id: name, shape, graph: this };
    this.inputs.push(value);
    return value;
  }

  output(name: string, value: Value): void {
    this.outputs.push({ name, value });
  }

  constant(data: Float32Array | BigInt64Array, shape: readonly number[]): Value {
    const value = { id: `c${this.constants.length}`, shape, graph: this };
    this.constants.push({ value, data });
    return value;
  }

  /** A float32 scalar, one constant for equal numbers. */
  scalar(number: number): Value {
    return once(this.#sharedConstants, `scalar ${number}`, () => this.constant(Float32Array.of(number), []));
  }

  /** An int64 vector such as a shape or axes, one constant for equal vectors. */
  indices(numbers: readonly number[]): Value {
    const make = () => this.constant(BigInt64Array.from(numbers, BigInt), [numbers.length]);
    return once(this.#sharedConstants, `indices ${numbers}`, make);
  }

  /** The numbers of a constant made by {@link indices}. */
  indicesOf(value: Value): readonly number[] {
    const constant = this.constants.find((candidate) => candidate.value === value);
    if (constant === undefined) throw new Error(`${value.id} is not constant`);
    return Array.from(constant.data, Number);
  }

  node(
    operator: string,
    inputs: readonly Value[],
    outputShapes: readonly Shape[],
    attributes: Attributes = {},
    domain = '',
  ): readonly Value[] {
    const key = `${operator} ${inputs.map(({ id }) => id)} ${outputShapes.length} ${JSON.stringify(attributes)}`;
    return once(this.#sharedNodes, key, () => {
      const prefix = `n${this.nodes.length}`;
      const outputs = outputShapes.map((shape, k) => ({ id: `${prefix}_${k}`, shape, graph: this }));
      this.nodes.push({ operator, inputs, outputs, attributes, domain });
      return outputs;
    });
  }
}

function once<Made>(known: Map<string, Made>, key: string, make: () => Made): Made {
  const before = known.get(key);
  if (before !== undefined) return before;
  const made = make();
  known.set(key, made);
  return made;
}
