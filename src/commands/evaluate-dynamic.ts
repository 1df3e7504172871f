import type { StreamTrace } from '../evaluation/trace.ts';
import { dynamicThreshold } from '../models/decision/dynamic-threshold.ts';

/** Scores that a threshold is made from: the authors' batches of 70 rows, 30 of them at a time. */
const history = 2100;
/** With fewer nothing stands out. */
const fewest = 100;

/**
 * What the non-parametric dynamic threshold would flag of the same scores: each row by the scores up to it, with no alert
 * state behind. Rows without a score are left out of the history and not flagged.
 */
export function dynamicFlags({ score }: Pick<StreamTrace, 'score'>): Uint8Array {
  const flagged = new Uint8Array(score.length);
  const seen = new Float32Array(score.length);
  let count = 0;
  for (const [row, value] of score.entries()) {
    if (!Number.isFinite(value)) continue;
    seen[count++] = value;
    const recent = seen.subarray(Math.max(0, count - history), count);
    if (recent.length < fewest) continue;
    flagged[row] = dynamicThreshold(recent).sequences.at(-1)?.to === recent.length ? 1 : 0;
  }
  return flagged;
}
