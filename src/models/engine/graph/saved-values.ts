import { apply, type Graph, type Node, type Value } from './graph.ts';
import { BACKWARD, type Direction, type Read, type Scan } from './scan.ts';

interface Source {
  /** The sequence to read, made when it turns out to be needed. */
  sequence(): Value;
  readonly direction: Direction;
}

/** What the backward steps of a scan see of its forward steps. */
export class SavedValues {
  readonly #forward: Scan;
  readonly #backward: Graph;
  readonly #locals = new Map<Value, Value>();
  readonly #sources = new Map<Value, Source>();
  readonly #producers = new Map<Value, Node>();

  constructor(forward: Scan, backward: Graph) {
    this.#forward = forward;
    this.#backward = backward;
    for (const node of forward.body.nodes)
      for (const output of node.outputs) this.#producers.set(output, node);
  }

  /** An element of a sequence of the graph around, for the backward steps. */
  read(sequence: Value, direction: Direction): Value {
    return this.#input(sequence.shape.slice(1), { sequence: () => sequence, direction });
  }

  /** The backward steps' name for a value of the forward steps; values from the graph around keep theirs. */
  local(value: Value): Value {
    if (value.graph !== this.#forward.body) return value;
    const known = this.#locals.get(value);
    if (known !== undefined) return known;
    const made = this.#make(value);
    this.#locals.set(value, made);
    return made;
  }

  /** The whole sequence, in the order of the steps, of which `local` is an element; null when it is none. */
  sequenceOf(local: Value): Value | null {
    const source = this.#sources.get(local);
    return source?.direction === BACKWARD ? source.sequence() : null;
  }

  /** The sequences that the inputs of the backward body stand for. */
  reads(): readonly Read[] {
    return this.#backward.inputs.flatMap((input) => {
      const source = this.#sources.get(input);
      return source === undefined ? [] : [{ value: source.sequence(), direction: source.direction }];
    });
  }

  #make(value: Value): Value {
    const producer = this.#producers.get(value);
    if (producer?.operator === 'Split') {
      // A piece is cheaper to cut again than to store beside the whole.
      const inputs = producer.inputs.map((input) => this.local(input));
      const shapes = producer.outputs.map(({ shape }) => shape);
      return apply('Split', inputs, shapes, producer.attributes)[producer.outputs.indexOf(value)];
    }
    const { inputs } = this.#forward.body;
    const element = inputs.indexOf(value) - this.#forward.states;
    const sequence = element >= 0 ? this.#forward.node.inputs[this.#forward.states + element] : null;
    let saved: Value | null = sequence;
    return this.#input(value.shape, {
      sequence: () => {
        saved ??= this.#forward.stack(value);
        return saved;
      },
      direction: BACKWARD,
    });
  }

  #input(shape: Value['shape'], source: Source): Value {
    const input = this.#backward.input(shape);
    this.#sources.set(input, source);
    return input;
  }
}
