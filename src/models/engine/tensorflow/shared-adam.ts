import { adamScalars, BETA_1, BETA_2 } from '../adam.ts';

/**
 * AdamW on weights in shared memory, in plain arithmetic, which costs less than to send the gradients to every thread
 * and have a dozen TensorFlow ops apply them there.
 */
export class SharedAdam {
  readonly #weights: Float32Array;
  readonly #clipNorm: number;
  readonly #weightDecay: number;
  readonly #first: Float32Array;
  readonly #second: Float32Array;
  #steps = 0;

  constructor(weights: Float32Array, clipNorm: number, weightDecay: number) {
    this.#weights = weights;
    this.#clipNorm = clipNorm;
    this.#weightDecay = weightDecay;
    this.#first = new Float32Array(weights.length);
    this.#second = new Float32Array(weights.length);
  }

  /** One step; a gradient whose norm exceeds `clipNorm` counts as scaled down to it. */
  step(gradients: Float32Array, learningRate: number): void {
    this.#steps += 1;
    const { stepSize, epsilon, decay } = adamScalars(this.#steps, learningRate, this.#weightDecay);
    const unlimited = this.#clipNorm === Number.POSITIVE_INFINITY;
    const clip = unlimited ? 1 : this.#clipNorm / Math.max(this.#clipNorm, norm(gradients));
    const weights = this.#weights;
    const first = this.#first;
    const second = this.#second;
    for (let k = 0; k < weights.length; k++) {
      const gradient = gradients[k] * clip;
      const m = BETA_1 * first[k] + (1 - BETA_1) * gradient;
      const v = BETA_2 * second[k] + (1 - BETA_2) * gradient * gradient;
      first[k] = m;
      second[k] = v;
      weights[k] = weights[k] * (1 - decay) - (stepSize * m) / (Math.sqrt(v) + epsilon);
    }
  }
}

function norm(values: Float32Array): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k] * values[k];
  return Math.sqrt(sum);
}
