import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Detector } from '../../../src/models/decision/detector.ts';
import { modelHash } from '../../../src/models/hash.ts';
import type { Model } from '../../../src/models/model.ts';
import { createRandom } from '../../../src/models/random.ts';
import { initialWeights, type NetworkSpec } from '../../../src/models/spec.ts';
import type { TrainingOrder } from '../../../src/models/trainer.ts';
import type { AssetRows } from '../../../src/models/training-set.ts';
import type { Asset, Window } from '../../../src/types.ts';

/** Removed when the test ends. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'forewarn-models-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

export function assetAt(index: number, className = 'pump'): Asset {
  return { index, id: `hall/${index}`, className, labels: {} };
}

/** A window of one value throughout; `missing` lists the channels that its last row lacks. */
export function windowOf(
  asset: Asset,
  at: number,
  options: { length: number; channels: number; value?: number; coverage?: number; missing?: number[] },
): Window {
  const { length, channels, value = 0, coverage = 1, missing = [] } = options;
  const measured = new Uint8Array(length * channels).fill(1);
  for (const channel of missing) measured[(length - 1) * channels + channel] = 0;
  return { asset, at, values: new Float32Array(length * channels).fill(value), measured, coverage };
}

/** A detector of the network's shifts by which nothing is smoothed or whitened: `sqrt(mean of r^2) / threshold`. */
export function plainDetector(channels: number, changes: Partial<Detector> = {}): Detector {
  return {
    source: 'network',
    kind: 'shift',
    smoothing: 1,
    energySmoothing: 1,
    mean: new Float32Array(channels),
    precision: new Float32Array(channels * channels).map((_, i) => (i % (channels + 1) === 0 ? 1 : 0)),
    threshold: 1,
    ...changes,
  };
}

/** A model without linear sources, whose one detector is the plain one. */
export function plainModel(
  options: {
    id?: string;
    number?: number;
    className?: string;
    channels?: number;
    length?: number;
    threshold?: number;
    smoothing?: number;
    seed?: number;
  } = {},
): Model {
  const { number = 1, className = 'pump', channels = 1, length = 4, threshold = 1, smoothing = 1 } = options;
  const spec: NetworkSpec = {
    kind: 'lstm_autoencoder',
    window: length,
    channels,
    hidden: 4,
    latent: 2,
    reverse: true,
  };
  const names = Array.from({ length: channels }, (_, i) => `channel-${i}`);
  const parts = {
    spec,
    weights: initialWeights(spec, options.seed ?? 1),
    scaling: {
      center: new Float32Array(channels),
      scale: new Float32Array(channels).fill(1),
      clip: 10,
    },
    linear: [],
    calibration: { detectors: [plainDetector(channels, { smoothing, threshold })] },
  };
  const hash = modelHash(names, parts);
  return {
    ...parts,
    card: {
      id: options.id ?? `${className}-${number}-${hash.slice(0, 8)}`,
      className,
      number,
      hash,
      createdAt: 0,
      codeVersion: 'test',
      channels: names,
      sampleEveryMs: 1000,
      spec,
      data: { assets: [], rows: 0, fitWindows: 0, heldOutWindows: 0, fromAt: 0, toAt: 0 },
      training: { seed: 1, steps: 1, bestStep: 1, fitLoss: [], heldOutLoss: [], seconds: 0, engine: 'onnx' },
      threshold: {
        detectors: [{ source: 'network', kind: 'shift', value: threshold }],
        quantile: 0.99,
        margin: 1,
        smoothing,
        heldOutExceeded: 0,
      },
    },
  };
}

/** A healthy machine: three channels driven by one slow load, with noise; `[n x 3]` at one row a second. */
export function healthyRows(assetId: string, rows: number, seed: number): AssetRows {
  const random = createRandom(seed);
  const values = new Float32Array(rows * 3);
  const phase = 6 * random.uniform();
  for (let row = 0; row < rows; row++) {
    const load = Math.sin(phase + row / 7) + 0.5 * Math.sin(phase + row / 3);
    values[row * 3] = 50 + 5 * load + 0.3 * random.gaussian();
    values[row * 3 + 1] = 3 + 0.4 * load + 0.03 * random.gaussian();
    values[row * 3 + 2] = 1000 - 80 * load + 5 * random.gaussian();
  }
  return {
    assetId,
    at: Float64Array.from({ length: rows }, (_, i) => 1_700_000_000_000 + i * 1000),
    values,
    measured: new Uint8Array(rows * 3).fill(1),
  };
}

/** Small enough to train in about a second. */
export function smallOrder(changes: Partial<TrainingOrder> = {}): TrainingOrder {
  return {
    className: 'pump',
    number: 1,
    channels: ['current', 'pressure', 'speed'],
    sampleEveryMs: 1000,
    windowLength: 8,
    minCoverage: 0.7,
    network: 'lstm_autoencoder',
    stride: 1,
    hidden: 8,
    latent: 4,
    student: 0,
    holdout: 0.25,
    steps: 120,
    batch: 32,
    seed: 7,
    sources: ['network', 'vector_autoregression'],
    smoothing: 0.3,
    quantile: 0.99,
    margin: 1.5,
    alertBudget: null,
    codeVersion: 'test',
    assets: [healthyRows('a', 400, 1), healthyRows('b', 400, 2)],
    ...changes,
  };
}

/** Waits for a condition; the deadline is long because the machine may be busy, not because it takes long. */
export async function until(reached: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!reached()) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen within 10 s`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
