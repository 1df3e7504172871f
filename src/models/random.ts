/** A seeded source of pseudo-random numbers: the same seed gives the same sequence on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  readonly uniform: () => number;
  /** Standard normal. */
  readonly gaussian: () => number;
  /** Uniform integer in [0, bound). */
  readonly integer: (bound: number) => number;
  /** Reorders `items` in place, all orders equally likely. */
  readonly shuffle: (items: { readonly length: number; [index: number]: number }) => void;
}

/**
 * xoshiro128** (Blackman and Vigna, 2018), its state filled from `seed` by splitmix32 so that near seeds give
 * unrelated sequences.
 */
export function createRandom(seed: number): Random {
  let mixed = seed >>> 0;
  const splitmix = (): number => {
    mixed = (mixed + 0x9e3779b9) >>> 0;
    let z = mixed;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) >>> 0;
  };
  let a = splitmix();
  let b = splitmix();
  let c = splitmix();
  let d = splitmix();
  let spare: number | null = null;

  const next = (): number => {
    const product = Math.imul(b, 5);
    const result = Math.imul((product << 7) | (product >>> 25), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  const uniform = (): number => next() / 0x1_0000_0000;
  const integer = (bound: number): number => Math.floor(uniform() * bound);

  return {
    uniform,
    integer,
    // Box-Muller; each pair of uniforms gives two normals.
    gaussian() {
      if (spare !== null) {
        const kept = spare;
        spare = null;
        return kept;
      }
      const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
      const angle = 2 * Math.PI * uniform();
      spare = radius * Math.sin(angle);
      return radius * Math.cos(angle);
    },
    shuffle(items) {
      for (let last = items.length - 1; last > 0; last--) {
        const other = integer(last + 1);
        const kept = items[last];
        items[last] = items[other];
        items[other] = kept;
      }
    },
  };
}
