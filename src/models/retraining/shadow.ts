import type { Verdict, Window } from '../../types.ts';
import type { Engine } from '../engine.ts';
import type { Model } from '../model.ts';
import { createScorer, type ScorerOptions } from '../scorer.ts';
import { createEpisodeCounter, type EpisodeCounts, type EpisodeRule } from './episode-counter.ts';

export interface ShadowOptions
  extends Pick<ScorerOptions, 'windowLength' | 'channels' | 'minCoverage' | 'forgetAfterMs'> {
  readonly rule: EpisodeRule;
  onFailure: ScorerOptions['onFailure'];
}

/**
 * A challenger that scores live windows beside the champion. What it makes of them is counted and goes nowhere else: no
 * alert, no metric, no view of an asset.
 */
export interface Shadow {
  readonly model: Model;
  accept(window: Window): void;
  /** A verdict of the champion, for its own count. */
  onVerdict(verdict: Verdict): void;
  counts(): { readonly champion: EpisodeCounts; readonly challenger: EpisodeCounts };
  stop(): Promise<void>;
}

const batching = { batch: 256, waitMs: 50 };
/** In a flood the shadow gives way: it drops windows long before the champion has to. */
const mostWaiting = 2048;

/** Rejects with the engine's errors. */
export async function openShadow(model: Model, engine: Engine, options: ShadowOptions): Promise<Shadow> {
  const champion = createEpisodeCounter(options.rule);
  const challenger = createEpisodeCounter(options.rule);
  const scorer = createScorer({
    ...options,
    ...batching,
    mostWaiting,
    raise: options.rule.raise,
    onVerdict(verdict) {
      if (verdict.kind !== 'unknown') challenger.see(verdict.asset.index, verdict.score.value);
    },
  });
  await scorer.use(model, engine);
  return {
    model,
    accept: scorer.accept,
    onVerdict(verdict) {
      if (verdict.kind !== 'unknown') champion.see(verdict.asset.index, verdict.score.value);
    },
    counts: () => ({ champion: champion.counts(), challenger: challenger.counts() }),
    stop: () => scorer.stop(),
  };
}
