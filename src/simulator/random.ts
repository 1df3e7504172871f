/** A seeded source of numbers; two with the same seed and stream give the same numbers for ever. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Normal with mean 0 and standard deviation 1. */
  normal(): number;
}

/**
 * Small fast counter generator (sfc32, Chris Doty-Humphrey, PractRand): 128 bits of state, so that the streams of
 * thousands of pumps under one seed do not overlap. `seed` and `stream` are taken as unsigned 32-bit numbers.
 */
export function createRandom(seed: number, stream: number): Random {
  let a = seed >>> 0;
  let b = stream >>> 0;
  let c = 0x9e3779b9;
  let counter = 1;
  let spare = Number.NaN;

  function uniform(): number {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return (sum >>> 0) / 0x1_0000_0000;
  }

  /** Polar method of Marsaglia (1964): two normals a draw, the second kept for the next call. */
  function normal(): number {
    if (!Number.isNaN(spare)) {
      const kept = spare;
      spare = Number.NaN;
      return kept;
    }
    for (;;) {
      const x = 2 * uniform() - 1;
      const y = 2 * uniform() - 1;
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const scale = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * scale;
      return x * scale;
    }
  }

  // Neighbouring seeds start with similar state: the author's own seeding discards the first 12 numbers.
  for (let discarded = 0; discarded < 12; discarded++) uniform();
  return { uniform, normal };
}
