import type { NamedTensor, Scaling, Weights } from '../../../src/models/engine.ts';
import type { NetworkSpec } from '../../../src/models/spec.ts';
import { type DoubleWeights, reconstructWindow } from './reference-forward.ts';

export function toDouble(weights: Weights): DoubleWeights {
  return Object.fromEntries(
    Object.entries(weights).map(([name, { data }]) => [name, Float64Array.from(data)]),
  );
}

export function scaleWindow(window: Float32Array, { center, scale, clip }: Scaling): Float64Array {
  return Float64Array.from(window, (value, k) => {
    const channel = k % center.length;
    if (Number.isNaN(value)) return 0;
    return Math.max(-clip, Math.min(clip, (value - center[channel]) / scale[channel]));
  });
}

/** Mean squared error of a batch of scaled windows. */
export function referenceLoss(
  spec: NetworkSpec,
  weights: DoubleWeights,
  input: Float32Array,
  target: Float32Array,
): number {
  const size = spec.window * spec.channels;
  let sum = 0;
  for (let start = 0; start < input.length; start += size) {
    const written = reconstructWindow(spec, weights, Float64Array.from(input.subarray(start, start + size)));
    written.forEach((value, k) => {
      sum += (value - target[start + k]) ** 2;
    });
  }
  return sum / input.length;
}

/** Central differences of {@link referenceLoss} for every single weight. */
export function referenceGradients(
  spec: NetworkSpec,
  weights: DoubleWeights,
  input: Float32Array,
  target: Float32Array,
): DoubleWeights {
  const step = 1e-5;
  const gradients: DoubleWeights = {};
  for (const [name, values] of Object.entries(weights)) {
    gradients[name] = values.map((kept, k) => {
      values[k] = kept + step;
      const above = referenceLoss(spec, weights, input, target);
      values[k] = kept - step;
      const below = referenceLoss(spec, weights, input, target);
      values[k] = kept;
      return (above - below) / (2 * step);
    });
  }
  return gradients;
}

/** AdamW with clipping as the papers write it, on a copy of `weights`; gives the loss before each of its steps. */
export function referenceTraining(
  spec: NetworkSpec,
  start: Weights,
  data: { input: Float32Array; target: Float32Array },
  options: { steps: number; learningRate: number; clipNorm: number; weightDecay: number },
): { losses: number[]; weights: DoubleWeights } {
  const weights = toDouble(start);
  const first: DoubleWeights = {};
  const second: DoubleWeights = {};
  const losses: number[] = [];
  for (let step = 1; step <= options.steps; step++) {
    losses.push(referenceLoss(spec, weights, data.input, data.target));
    const gradients = referenceGradients(spec, weights, data.input, data.target);
    const norm = Math.sqrt(
      Object.values(gradients).reduce((sum, values) => sum + values.reduce((s, g) => s + g * g, 0), 0),
    );
    const factor = Math.min(1, options.clipNorm / norm);
    for (const [name, values] of Object.entries(weights)) {
      first[name] ??= new Float64Array(values.length);
      second[name] ??= new Float64Array(values.length);
      const [m, v] = [first[name], second[name]];
      values.forEach((value, k) => {
        const gradient = gradients[name][k] * factor;
        m[k] = 0.9 * m[k] + 0.1 * gradient;
        v[k] = 0.999 * v[k] + 0.001 * gradient * gradient;
        const move = m[k] / (1 - 0.9 ** step) / (Math.sqrt(v[k] / (1 - 0.999 ** step)) + 1e-7);
        values[k] = value - options.learningRate * (move + options.weightDecay * value);
      });
    }
  }
  return { losses, weights };
}

/** Largest difference, relative where the expected value exceeds 1. */
export function largestError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY;
  let worst = 0;
  for (let k = 0; k < expected.length; k++) {
    const error = Math.abs(actual[k] - expected[k]) / Math.max(1, Math.abs(expected[k]));
    if (!(error <= worst)) worst = error;
  }
  return worst;
}

export function withWeight(weights: Weights, name: string, weight: NamedTensor): Weights {
  return { ...weights, [name]: weight };
}
