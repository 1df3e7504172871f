import { expect, onTestFinished } from 'vitest';
import { createScorer, type Scorer, type ScorerOptions } from '../../../src/models/scorer.ts';
import type { Verdict } from '../../../src/types.ts';
import { assetAt, plainModel, windowOf } from './fixtures.ts';
import { type ScriptedEngine, scriptedEngine } from './scripted-engine.ts';

export const shape = { length: 4, channels: 2 };
export const model = plainModel(shape);
export const slow = plainModel({ ...shape, smoothing: 0.5 });
export const pump = assetAt(0);
export const press = assetAt(7);

export interface Bench {
  readonly scorer: Scorer;
  readonly scripted: ScriptedEngine;
  readonly verdicts: Verdict[];
  readonly failures: Error[];
  readonly calls: number[];
}

/** How windows of this shape are judged. */
export const windowOptions = {
  windowLength: shape.length,
  channels: shape.channels,
  minCoverage: 0.7,
  forgetAfterMs: 1e12,
  raise: 1,
};

export function benchOf(changes: Partial<ScorerOptions> = {}): Bench {
  const scripted = scriptedEngine(shape.channels, shape.length);
  const verdicts: Verdict[] = [];
  const failures: Error[] = [];
  const calls: number[] = [];
  const scorer = createScorer({
    ...windowOptions,
    batch: 4,
    waitMs: 1,
    mostWaiting: 12,
    onVerdict: (verdict) => verdicts.push(verdict),
    onBatch: (windows) => calls.push(windows),
    onFailure: (error) => failures.push(error),
    ...changes,
  });
  onTestFinished(async () => {
    scripted.release();
    await scorer.stop();
    expect(scripted.open()).toBe(0);
  });
  return { scorer, scripted, verdicts, failures, calls };
}

export const brief = (verdicts: readonly Verdict[]) =>
  verdicts.map((verdict) =>
    verdict.kind === 'unknown'
      ? `${verdict.at} ${verdict.reason}`
      : `${verdict.at} ${verdict.score.value.toFixed(2)}`,
  );
export const window = (at: number, value = 0.5, more: Partial<Parameters<typeof windowOf>[2]> = {}) =>
  windowOf(pump, at, { ...shape, value, ...more });
