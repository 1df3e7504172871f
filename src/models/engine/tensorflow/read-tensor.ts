import type { Tensor, Tfjs } from './tfjs.ts';

/**
 * Computes one tensor, frees everything else, and gives its values in an array of their own. The values must not be
 * returned from within `tidy`: it searches every result for tensors, element by element, at 100 ns each.
 */
export function readTensor(tf: Tfjs, compute: () => Tensor): Float32Array {
  const tensor = tf.tidy(compute);
  const values = tensor.dataSync();
  tensor.dispose();
  return values;
}
