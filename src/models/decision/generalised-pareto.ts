import { ForewarnError } from '../../errors.ts';

/**
 * What is known about the tail of a statistic from its excesses over a high level: generalised Pareto distributions
 * `P(X > x) = (1 + shape x / scale)^(-1/shape)`, each with its weight given the data. Weights sum to 1.
 */
export interface GeneralisedPareto {
  /** Weighted mean shape: 0 = exponential tail, above 0 heavier, below 0 with an end. */
  readonly shape: number;
  /** Weighted mean scale, in the statistic's unit, above 0. */
  readonly scale: number;
  readonly candidates: readonly Candidate[];
}

interface Candidate {
  readonly shape: number;
  readonly scale: number;
  readonly weight: number;
}

/**
 * What is believed of the shape before any data: slightly heavier than exponential, as residuals of machines are.
 * With 30 excesses it weighs about as much as they do, which is the shrinking that a moment estimate would need too.
 */
const priorShape = 0.1;
const priorDeviation = 0.1;
const shapeRange = { low: -0.3, high: 0.8 };
/** Logarithm of scale over mean excess: with shapes in the range above it lies well within. */
const logScaleRange = { low: -1.6, high: 0.8 };
const gridPoints = 17;
/** Candidates of less than this share of the likeliest one's weight change no probability that anyone acts on. */
const leastWeight = 1e-3;

/**
 * Fits excesses (numbers from 0, any order, at most a few thousand) by Bayes' rule on a grid of shape and scale, so
 * that few excesses give a tail that is heavier because it is uncertain, where one best estimate would be too sure
 * of itself. Gives null where there is no tail to fit: no excess, or all of them 0.
 *
 * @throws ForewarnError TAIL_INVALID for an excess that is negative or not finite.
 */
export function fitGeneralisedPareto(excesses: ArrayLike<number>): GeneralisedPareto | null {
  let sum = 0;
  for (let i = 0; i < excesses.length; i++) {
    if (!(excesses[i] >= 0 && Number.isFinite(excesses[i]))) {
      throw new ForewarnError('TAIL_INVALID', `excess ${i} is ${excesses[i]}`, {
        hint: 'Excesses are the values above a level, less that level: finite and at least 0.',
      });
    }
    sum += excesses[i];
  }
  if (sum === 0) return null;
  const logMean = Math.log(sum / excesses.length);
  const coarse = posterior(excesses, shapeRange, {
    low: logMean + logScaleRange.low,
    high: logMean + logScaleRange.high,
  });
  // With many excesses nearly all weight lies on a few cells, so the grid is drawn once more around them.
  const fine = posterior(
    excesses,
    around(coarse, ({ shape }) => shape, shapeRange),
    around(coarse, ({ scale }) => Math.log(scale)),
  );
  return {
    shape: fine.reduce((mean, { shape, weight }) => mean + weight * shape, 0),
    scale: fine.reduce((mean, { scale, weight }) => mean + weight * scale, 0),
    candidates: fine,
  };
}

/** Probability that an excess is greater than `excess`, averaged over what the parameters may be; 1 below 0. */
export function tailProbability(fit: GeneralisedPareto, excess: number): number {
  if (excess <= 0) return 1;
  let probability = 0;
  for (const candidate of fit.candidates) probability += candidate.weight * tailOf(candidate, excess);
  return probability;
}

/** Tail probability of one candidate. */
export function tailOf({ shape, scale }: Candidate, excess: number): number {
  if (excess <= 0) return 1;
  if (Math.abs(shape) < 1e-9) return Math.exp(-excess / scale);
  return Math.max(0, 1 + (shape * excess) / scale) ** (-1 / shape);
}

/**
 * The excess that is exceeded with `probability`, above 0 up to 1.
 *
 * @throws ForewarnError TAIL_INVALID for a probability outside of that.
 */
export function tailQuantile(fit: GeneralisedPareto, probability: number): number {
  if (!(probability > 0 && probability <= 1)) {
    throw new ForewarnError('TAIL_INVALID', `probability is ${probability}`, {
      hint: 'Ask for a probability above 0 and at most 1.',
    });
  }
  let high = fit.scale;
  while (tailProbability(fit, high) > probability) high *= 2;
  let low = 0;
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (tailProbability(fit, middle) > probability) low = middle;
    else high = middle;
  }
  return high;
}

interface Range {
  readonly low: number;
  readonly high: number;
}

function posterior(excesses: ArrayLike<number>, shapes: Range, logScales: Range): Candidate[] {
  const cells: { shape: number; scale: number; logDensity: number }[] = [];
  for (const shape of gridOf(shapes)) {
    const prior = -0.5 * ((shape - priorShape) / priorDeviation) ** 2;
    for (const logScale of gridOf(logScales)) {
      const scale = Math.exp(logScale);
      cells.push({ shape, scale, logDensity: prior + logLikelihood(excesses, shape, scale) });
    }
  }
  const most = cells.reduce((max, { logDensity }) => Math.max(max, logDensity), Number.NEGATIVE_INFINITY);
  const likely = cells
    .map(({ shape, scale, logDensity }) => ({ shape, scale, weight: Math.exp(logDensity - most) }))
    .filter(({ weight }) => weight > leastWeight);
  const total = likely.reduce((sum, { weight }) => sum + weight, 0);
  return likely.map(({ shape, scale, weight }) => ({ shape, scale, weight: weight / total }));
}

function logLikelihood(excesses: ArrayLike<number>, shape: number, scale: number): number {
  let sum = -excesses.length * Math.log(scale);
  for (let i = 0; i < excesses.length; i++) {
    const ratio = excesses[i] / scale;
    if (Math.abs(shape) < 1e-9) sum -= ratio;
    else sum -= (1 + 1 / shape) * Math.log(Math.max(0, 1 + shape * ratio));
    if (Number.isNaN(sum) || sum === Number.NEGATIVE_INFINITY) return Number.NEGATIVE_INFINITY;
  }
  return sum;
}

/** Four deviations to either side of the weighted mean; at least a hair, so that a grid never falls together. */
function around(cells: readonly Candidate[], of: (cell: Candidate) => number, within?: Range): Range {
  const mean = cells.reduce((sum, cell) => sum + cell.weight * of(cell), 0);
  const variance = cells.reduce((sum, cell) => sum + cell.weight * (of(cell) - mean) ** 2, 0);
  const reach = 4 * Math.max(Math.sqrt(variance), 0.01);
  return {
    low: Math.max(mean - reach, within?.low ?? Number.NEGATIVE_INFINITY),
    high: Math.min(mean + reach, within?.high ?? Number.POSITIVE_INFINITY),
  };
}

function gridOf({ low, high }: Range): number[] {
  return Array.from({ length: gridPoints }, (_, i) => low + ((high - low) * i) / (gridPoints - 1));
}
