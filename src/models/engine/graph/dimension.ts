import type { Dimension, Shape } from './graph.ts';

export function sameDimension(a: Dimension, b: Dimension): boolean {
  if (typeof a === 'number' || typeof b === 'number') return a === b;
  return a.batches === b.batches;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, k) => sameDimension(size, b[k]));
}

export function sumDimensions(a: Dimension, b: Dimension): Dimension {
  if (typeof a === 'number' && typeof b === 'number') return a + b;
  if (typeof a !== 'number' && typeof b !== 'number') return { batches: a.batches + b.batches };
  throw new Error('A size that depends on the batch and one that does not have no sum');
}

/** How many values a shape holds. */
export function timesDimensions(shape: Shape): Dimension {
  return shape.reduce((product: Dimension, size) => {
    if (typeof product === 'number') {
      return typeof size === 'number' ? product * size : { batches: product * size.batches };
    }
    if (typeof size === 'number') return { batches: product.batches * size };
    throw new Error('Two sizes that depend on the batch in one shape');
  }, 1);
}
