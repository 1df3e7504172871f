import type { Score } from '../../types.ts';
import type { BaselineOptions } from '../decision/moving-baseline.ts';
import type { Engine } from '../engine.ts';
import type { Model } from '../model.ts';
import { createScorer } from '../scorer.ts';
import { type AssetRows, windowStarts } from '../training-set.ts';

/** How windows are cut and judged; the same as live. */
export interface ScoreRowsOptions {
  readonly channels: number;
  readonly windowLength: number;
  readonly stride: number;
  readonly sampleEveryMs: number;
  readonly minCoverage: number;
  /** How an asset's usual residual moves; models are compared without. */
  readonly baseline?: BaselineOptions | null;
}

/** The score of one window. */
export interface ScoredWindow {
  /** Which of the rows given. */
  readonly asset: number;
  /** Position of the window's last row among them. */
  readonly row: number;
  /** As live windows have it. */
  readonly score: Score;
}

const batch = 256;
/** Windows handed over before their scores are awaited. */
const together = 2048;

/**
 * Scores recorded rows with the scorer that scores live ones, so that what is measured is what would happen. Every
 * element of `assets` counts as an asset of its own. Rejects with what the engine failed with.
 */
export async function scoreRows(
  model: Model,
  assets: readonly AssetRows[],
  options: ScoreRowsOptions,
  engine: Engine,
  onScore: (scored: ScoredWindow) => void,
): Promise<void> {
  const { channels, windowLength, stride, sampleEveryMs } = options;
  const rowAt = assets.map(({ at }) => new Map<number, number>(Array.from(at, (time, row) => [time, row])));
  let failure: Error | null = null;
  const scorer = createScorer({
    ...options,
    forgetAfterMs: windowLength * sampleEveryMs,
    raise: 1,
    batch,
    waitMs: 1,
    mostWaiting: 2 * together,
    onVerdict(verdict) {
      if (verdict.kind === 'unknown') return;
      const { asset, at, score } = verdict;
      onScore({ asset: asset.index, row: rowAt[asset.index].get(at)!, score });
    },
    onFailure(error) {
      failure ??= error;
    },
  });
  await scorer.use(model, engine);
  try {
    const starts = windowStarts(assets, { ...options, length: windowLength }, (rows) => [0, rows]);
    const size = windowLength * channels;
    let handed = 0;
    for (const { asset, row } of starts) {
      if (row % stride !== 0) continue;
      const { assetId, at, values, measured } = assets[asset];
      const from = row * channels;
      scorer.accept({
        asset: { index: asset, id: assetId, className: model.card.className, labels: {} },
        at: at[row + windowLength - 1],
        values: values.subarray(from, from + size),
        measured: measured.subarray(from, from + size),
        // What covers too little is not among the starts.
        coverage: 1,
      });
      handed++;
      if (handed % together === 0) await scorer.settled();
      if (failure !== null) throw failure;
    }
    await scorer.settled();
    if (failure !== null) throw failure;
  } finally {
    await scorer.stop();
  }
}
