import { quantileOfSorted } from '../../dist/models/scaling.js';

export function quantile(values, q) {
  return quantileOfSorted(Float64Array.from(values).sort(), q);
}

export function median(values) {
  return quantile(values, 0.5);
}
