import type { Engine } from '../engine.ts';
import type { Model } from '../model.ts';
import type { AssetRows } from '../training-set.ts';
import { createEpisodeCounter, type EpisodeRule } from './episode-counter.ts';
import { type ScoreRowsOptions, scoreRows } from './score-rows.ts';

/** A fault that an operator confirmed; cloneable. */
export interface ConfirmedFault {
  /** Of its asset, from some windows before its alert to the alert's end. */
  readonly rows: AssetRows;
  /** Epoch ms of the alert's first anomalous window. */
  readonly from: number;
}

/** Faults that operators confirmed, and how many of them each model finds. Plain JSON. */
export interface LabelledFaults {
  readonly tried: number;
  readonly champion: number;
  readonly challenger: number;
}

/**
 * How many of the faults the model would have raised an alert for, from their first anomalous window on: one that was
 * alerting before has not found them by that. Rejects with the engine's errors.
 */
export async function countFound(
  model: Model,
  faults: readonly ConfirmedFault[],
  options: ScoreRowsOptions & { readonly rule: EpisodeRule },
  engine: Engine,
): Promise<number> {
  const counters = faults.map(() => createEpisodeCounter(options.rule));
  const rows = faults.map((fault) => fault.rows);
  await scoreRows(model, rows, options, engine, ({ asset, row, score }) => {
    if (rows[asset].at[row] >= faults[asset].from) counters[asset].see(0, score.value);
  });
  return counters.filter((counter) => counter.counts().episodes > 0).length;
}
