import { ForewarnError } from '../errors.ts';
import type { Engine, Scaling, TrainingSession, Weights } from './engine.ts';
import { createRandom } from './random.ts';
import { scaleValue } from './scaling.ts';
import type { NetworkSpec } from './spec.ts';
import type { AssetRows, WindowStart } from './training-set.ts';

export interface FitProgress {
  readonly step: number;
  readonly steps: number;
  readonly fitLoss: number;
  readonly heldOutLoss: number;
}

export interface FitOptions {
  readonly spec: NetworkSpec;
  readonly scaling: Scaling;
  readonly start: Weights;
  readonly assets: readonly AssetRows[];
  readonly fit: readonly WindowStart[];
  readonly heldOut: readonly WindowStart[];
  readonly steps: number;
  readonly batch: number;
  readonly seed: number;
  /** What to give for scaled windows `[B x T x C]`, the same shape; without it the windows themselves. */
  readonly targetOf?: (windows: Float32Array, batch: number) => Promise<Float32Array>;
}

export interface FittedNetwork {
  readonly weights: Weights;
  readonly steps: number;
  readonly bestStep: number;
  readonly fitLoss: readonly number[];
  readonly heldOutLoss: readonly number[];
}

// Measured recipe (window 30, hidden 64), also from another model's weights (`npm run bench -- warm-start`): AdamW at 3e-3
// falling as a cosine, clip 1, input noise 0.1.
const peakLearningRate = 3e-3;
const clipNorm = 1;
const weightDecay = 1e-4;
const inputNoise = 0.1;
/** How often the held-out loss is taken, and after how many looks without improvement fitting stops. */
const looks = 20;
const patience = 5;
/** The held-out loss is a mean over at most this many windows, evenly spread. */
const mostHeldOut = 2048;

/**
 * Fits the network by minibatches of shuffled windows and keeps the weights with the lowest held-out loss. Noise on
 * the input but not on the target keeps it from learning to copy. The held-out loss is against the windows themselves,
 * whatever the targets. All randomness comes from `seed`. Throws TRAINING_DIVERGED, or the engine's errors.
 */
export async function fitNetwork(
  options: FitOptions,
  context: { engine: Engine; onProgress(progress: FitProgress): void },
): Promise<FittedNetwork> {
  const { spec, steps } = options;
  const random = createRandom(options.seed);
  const scaled = options.assets.map(({ values }) => scaleRows(values, options.scaling));
  const held = assemble(scaled, spread(options.heldOut, mostHeldOut), spec);
  const batch = Math.min(options.batch, options.fit.length);
  const order = Uint32Array.from({ length: options.fit.length }, (_, i) => i);
  const noise = Float32Array.from({ length: 65_536 }, () => inputNoise * random.gaussian());
  const windows = new Float32Array(batch * spec.window * spec.channels);
  const input = new Float32Array(windows.length);
  const fitLoss: number[] = [];
  const heldOutLoss: number[] = [];
  const lookEvery = Math.max(1, Math.round(steps / looks));
  const session = await context.engine.createTraining({
    spec,
    weights: options.start,
    clipNorm,
    weightDecay,
  });
  try {
    let best = { weights: options.start, loss: Number.POSITIVE_INFINITY, step: 0 };
    let next = order.length;
    let sum = 0;
    let step = 0;
    while (step < steps) {
      if (next + batch > order.length) {
        random.shuffle(order);
        next = 0;
      }
      for (let i = 0; i < batch; i++) copyWindow(windows, i, scaled, options.fit[order[next + i]], spec);
      next += batch;
      const target = (await options.targetOf?.(windows, batch)) ?? windows;
      addNoise(input, windows, noise, random.integer(noise.length));
      sum += await session.step(input, target, batch, learningRate(step, steps));
      step++;
      if (step % lookEvery !== 0 && step !== steps) continue;
      fitLoss.push(sum / (step % lookEvery || lookEvery));
      sum = 0;
      const loss = await lossOf(session, held, spec);
      heldOutLoss.push(loss);
      context.onProgress({ step, steps, fitLoss: fitLoss[fitLoss.length - 1], heldOutLoss: loss });
      if (loss < best.loss) best = { weights: session.weights(), loss, step };
      else if (step - best.step >= patience * lookEvery) break;
    }
    if (best.step === 0)
      throw new ForewarnError('TRAINING_DIVERGED', 'The held-out loss was never a finite number.', {
        hint: 'Look for channels with extreme values in the training data.',
      });
    return { weights: best.weights, steps: step, bestStep: best.step, fitLoss, heldOutLoss };
  } finally {
    await session.dispose();
  }
}

/** Half a cosine from the peak down to 0 (Loshchilov and Hutter 2017), after a short linear rise. */
function learningRate(step: number, steps: number): number {
  const rise = Math.min(1, (step + 1) / (0.05 * steps));
  return peakLearningRate * rise * 0.5 * (1 + Math.cos((Math.PI * step) / steps));
}

function scaleRows(values: Float32Array, scaling: Scaling): Float32Array {
  const channels = scaling.center.length;
  return values.map((value, i) => scaleValue(value, i % channels, scaling));
}

function copyWindow(
  batch: Float32Array,
  position: number,
  scaled: readonly Float32Array[],
  start: WindowStart,
  spec: NetworkSpec,
): void {
  const size = spec.window * spec.channels;
  const from = start.row * spec.channels;
  batch.set(scaled[start.asset].subarray(from, from + size), position * size);
}

function assemble(
  scaled: readonly Float32Array[],
  starts: readonly WindowStart[],
  spec: NetworkSpec,
): Float32Array {
  const windows = new Float32Array(starts.length * spec.window * spec.channels);
  for (const [i, start] of starts.entries()) copyWindow(windows, i, scaled, start, spec);
  return windows;
}

/** At most `most` of the items, evenly spread. */
function spread<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  return Array.from({ length: most }, (_, i) => items[Math.floor((i * items.length) / most)]);
}

function addNoise(input: Float32Array, windows: Float32Array, noise: Float32Array, offset: number): void {
  for (let i = 0; i < windows.length; i++) input[i] = windows[i] + noise[(offset + i) % noise.length];
}

async function lossOf(session: TrainingSession, windows: Float32Array, spec: NetworkSpec): Promise<number> {
  return session.loss(windows, windows, windows.length / (spec.window * spec.channels));
}
