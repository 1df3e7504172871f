import type { SentTensor, WireTensor } from './lane-protocol.ts';

/** A tensor of so few bytes is cheaper to clone than to move. */
const CLONED_BYTES = 1024;

/**
 * Memory in which the tensors of one session travel to the thread and which it sends back: otherwise every run waits
 * for the system to find and clear what the run before has freed. One piece is kept a tensor, the largest so far; a
 * run that overlaps another makes its own.
 */
export class SpareMemory {
  readonly #spares = new Map<string, ArrayBuffer>();

  /** A copy, to be moved when it is lent. */
  copy(name: string, { shape, data }: WireTensor): SentTensor {
    // Cloning a view would clone all that it looks into.
    if (data.byteLength <= CLONED_BYTES) return { shape, data: data.slice(), lent: false };
    const spare = this.#spares.get(name);
    this.#spares.delete(name);
    const fits = spare !== undefined && spare.byteLength >= data.byteLength;
    const memory = new Float32Array(fits ? spare : new ArrayBuffer(data.byteLength), 0, data.length);
    memory.set(data);
    return { shape, data: memory, lent: true };
  }

  takeBack(returned: Readonly<Record<string, ArrayBuffer>>): void {
    for (const [name, memory] of Object.entries(returned)) {
      const known = this.#spares.get(name);
      if (known === undefined || known.byteLength < memory.byteLength) this.#spares.set(name, memory);
    }
  }
}
