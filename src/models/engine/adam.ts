/** Adam's decay rates of the first and second moment, and what keeps its quotient finite. */
export const BETA_1 = 0.9;
export const BETA_2 = 0.999;
const EPSILON = 1e-7;

/**
 * The numbers of step `step` (from 1) of AdamW, bias correction folded in (Kingma and Ba 2015, end of section 2;
 * Loshchilov and Hutter 2019): `w' = w (1 - decay) - stepSize m / (sqrt(v) + epsilon)`.
 */
export function adamScalars(
  step: number,
  learningRate: number,
  weightDecay: number,
): { readonly stepSize: number; readonly epsilon: number; readonly decay: number } {
  const root = Math.sqrt(1 - BETA_2 ** step);
  return {
    stepSize: (learningRate * root) / (1 - BETA_1 ** step),
    epsilon: EPSILON * root,
    decay: learningRate * weightDecay,
  };
}
