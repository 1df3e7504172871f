import { ForewarnError } from '../errors.ts';
import type { Clock } from '../types.ts';
import { type BudgetOrder, keepBudget } from './decision/budget-level.ts';
import { calibrate } from './decision/calibration.ts';
import type { SourceKind } from './decision/detector.ts';
import { detectorPlans } from './decision/detector-plan.ts';
import type { Engine, Scaling } from './engine.ts';
import { type FitProgress, type FittedNetwork, fitNetwork } from './fit.ts';
import { modelHash } from './hash.ts';
import type { Model } from './model.ts';
import { normalResiduals, scoresFrom } from './normal-residuals.ts';
import { fitScaling } from './scaling.ts';
import { fitLinearSources } from './sources/fit-sources.ts';
import type { NetworkSpec } from './spec.ts';
import { type AssetRows, type WindowStart, windowStarts } from './training-set.ts';
import { type Predecessor, type Start, startOf } from './warm-start.ts';

/** What to train and how; cloneable. */
export interface TrainingOrder {
  readonly className: string;
  readonly number: number;
  readonly channels: readonly string[];
  readonly sampleEveryMs: number;
  readonly windowLength: number;
  /** Rows from one live window to the next: residuals are smoothed at this pace. */
  readonly stride: number;
  readonly minCoverage: number;
  readonly network: NetworkSpec['kind'];
  readonly hidden: number;
  readonly latent: number;
  /** Hidden units of the student that goes with the model; 0 makes none. */
  readonly student: number;
  /** Share of each asset's rows, the latest, that fitting does not see. */
  readonly holdout: number;
  readonly steps: number;
  readonly batch: number;
  readonly seed: number;
  /** What predicts beside each other; the network always does. */
  readonly sources: readonly SourceKind[];
  readonly smoothing: number;
  readonly quantile: number;
  readonly margin: number;
  /** False alerts that are tolerated; null leaves the threshold to quantile and margin. */
  readonly alertBudget: BudgetOrder | null;
  readonly codeVersion: string;
  /** A model to start from, where network, channels and scaling allow; random weights by the seed when absent. */
  readonly start?: Predecessor;
  readonly assets: readonly AssetRows[];
}

/** With fewer held-out windows than this a quantile of their scores means nothing. */
const fewestHeldOut = 30;

export interface TrainingContext {
  readonly engine: Engine;
  readonly clock: Clock;
  onProgress(progress: FitProgress): void;
}

/** Windows that the weights are fitted on, and later ones that they never see. */
export interface SplitWindows {
  readonly fit: readonly WindowStart[];
  readonly heldOut: readonly WindowStart[];
}

/**
 * Makes a model version: scaling, network, calibration and threshold. The threshold and early stopping use the latest
 * rows of each asset, which the weights never saw. Throws TRAINING_DATA_TOO_SHORT, or the engine's errors.
 */
export async function train(order: TrainingOrder, context: TrainingContext): Promise<Model> {
  const startedAt = context.clock();
  const { assets, channels: names } = order;
  const split = splitWindows(order);
  const scaling = fitScaling(
    joinRows(assets, names.length, (rows) => fitEnd(rows, order.holdout)),
    names.length,
  );
  const spec = specOf(order);
  const start = startOf(order, spec, scaling);
  const fitted = await fitNetwork({ ...order, spec, scaling, start: start.weights, ...split }, context);
  return completeModel(order, { spec, scaling, split, fitted, startedAt, start }, context);
}

/** From fitted weights to a model version: calibration, threshold, hash and card. */
export async function completeModel(
  order: TrainingOrder,
  made: {
    readonly spec: NetworkSpec;
    readonly scaling: Scaling;
    readonly split: SplitWindows;
    readonly fitted: FittedNetwork;
    readonly startedAt: number;
    /** Absent for a student, which starts from its teacher. */
    readonly start?: Start;
  },
  context: TrainingContext,
): Promise<Model> {
  const { spec, scaling, fitted } = made;
  const names = order.channels;
  const channels = names.length;
  const wanted = order.sources.filter((kind) => kind !== 'network');
  const linear = fitLinearSources(wanted, order.assets, { ...order, channels, scaling });
  const predictors = { spec, weights: fitted.weights, scaling, linear };
  const runs = await normalResiduals(order, context.engine, predictors);
  const sources: SourceKind[] = ['network', ...linear.map(({ kind }) => kind)];
  const plans = detectorPlans(sources, spec.kind, order.smoothing);
  const calibrated = calibrate(runs, { ...order, channels, plans });
  const rowEveryMs = order.sampleEveryMs * order.stride;
  const { calibration, budget } =
    order.alertBudget === null
      ? { calibration: calibrated.calibration, budget: null }
      : keepBudget(calibrated, runs, order.alertBudget, { rowEveryMs, seed: order.seed });
  const parts = { ...predictors, calibration };
  const hash = modelHash(names, parts);
  return {
    weights: fitted.weights,
    scaling,
    linear,
    calibration,
    card: {
      id: `${order.className}-${order.number}-${hash.slice(0, 8)}`,
      className: order.className,
      number: order.number,
      hash,
      createdAt: context.clock(),
      codeVersion: order.codeVersion,
      channels: names,
      sampleEveryMs: order.sampleEveryMs,
      spec,
      data: describeData(order.assets, made.split),
      training: {
        seed: order.seed,
        steps: fitted.steps,
        bestStep: fitted.bestStep,
        fitLoss: fitted.fitLoss,
        heldOutLoss: fitted.heldOutLoss,
        seconds: (context.clock() - made.startedAt) / 1000,
        engine: context.engine.kind,
        ...(made.start === undefined ? {} : { startedFrom: made.start.from, startReason: made.start.reason }),
      },
      threshold: {
        detectors: calibration.detectors.map(({ source, kind, threshold }) => ({
          source,
          kind,
          value: Number.isFinite(threshold) ? threshold : null,
        })),
        quantile: order.quantile,
        margin: order.margin,
        smoothing: order.smoothing,
        budget,
        heldOutExceeded: shareExceeding(scoresFrom(runs, 1 - order.holdout, calibration)),
      },
      student: null,
    },
  };
}

function shareExceeding(scores: readonly number[]): number {
  return scores.length === 0 ? 0 : scores.filter((score) => score >= 1).length / scores.length;
}

function specOf({ network, channels, windowLength, hidden, latent }: TrainingOrder): NetworkSpec {
  const sizes = { window: windowLength, channels: channels.length, hidden };
  if (network === 'lstm_forecaster') return { kind: network, ...sizes };
  if (network === 'conv_autoencoder') return { kind: network, ...sizes, latent };
  return { kind: network, ...sizes, latent, reverse: true };
}

function fitEnd(rows: number, holdout: number): number {
  return Math.floor(rows * (1 - holdout));
}

/** The windows of both parts of each asset's rows. Throws TRAINING_DATA_TOO_SHORT. */
export function splitWindows(order: TrainingOrder): SplitWindows {
  const options = { ...order, channels: order.channels.length, length: order.windowLength };
  const fit = windowStarts(order.assets, options, (rows) => [0, fitEnd(rows, order.holdout)]);
  const heldOut = windowStarts(order.assets, options, (rows) => [fitEnd(rows, order.holdout), rows]);
  if (heldOut.length >= fewestHeldOut && fit.length >= fewestHeldOut) return { fit, heldOut };
  throw new ForewarnError(
    'TRAINING_DATA_TOO_SHORT',
    `Class ${order.className} has ${fit.length} unbroken windows of ${order.windowLength} rows to fit and ${heldOut.length} to hold out; ${fewestHeldOut} of each are needed.`,
    {
      retryable: true,
      hint: 'It trains again with more rows; gaps in the data and many assets with few rows each make it wait longer.',
    },
  );
}

/** Rows before `end(n)` of every asset, one after the other, NaN where not measured. */
function joinRows(
  assets: readonly AssetRows[],
  channels: number,
  end: (rows: number) => number,
): Float32Array {
  const total = assets.reduce((sum, { at }) => sum + end(at.length), 0);
  const joined = new Float32Array(total * channels);
  let offset = 0;
  for (const { at, values, measured } of assets) {
    const length = end(at.length) * channels;
    for (let i = 0; i < length; i++) joined[offset + i] = measured[i] === 1 ? values[i] : Number.NaN;
    offset += length;
  }
  return joined;
}

function describeData(assets: readonly AssetRows[], split: SplitWindows) {
  return {
    assets: assets.map(({ assetId }) => assetId),
    rows: assets.reduce((sum, { at }) => sum + at.length, 0),
    fitWindows: split.fit.length,
    heldOutWindows: split.heldOut.length,
    // Not `Math.min(...)`: a call takes fewer arguments than a class may have assets.
    fromAt: assets.reduce((first, { at }) => Math.min(first, at[0]), Number.POSITIVE_INFINITY),
    toAt: assets.reduce((last, { at }) => Math.max(last, at[at.length - 1]), Number.NEGATIVE_INFINITY),
  };
}
