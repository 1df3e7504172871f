import { type ForewarnError, messageOf } from '../errors.ts';
import type { Verdict, Window } from '../types.ts';
import { createDecider, type Decider, type ResidualsBySource } from './decision/decider.ts';
import type { SourceKind } from './decision/detector.ts';
import type { BaselineOptions, Baselines } from './decision/moving-baseline.ts';
import type { Engine, Residuals, ScoringSession } from './engine.ts';
import { lastRowOf } from './last-row.ts';
import type { Model } from './model.ts';
import type { LinearSource } from './sources/linear-source.ts';
import { createWindowResiduals, type WindowResiduals } from './sources/window-residuals.ts';
import { createWindowBatch, type WindowBatch } from './window-batch.ts';

export interface ScorerOptions {
  readonly windowLength: number;
  readonly channels: number;
  readonly minCoverage: number;
  /** An asset without a score for longer than this, in its own time, starts with a fresh running mean. */
  readonly forgetAfterMs: number;
  /** Score from which a verdict is anomalous. */
  readonly raise: number;
  /** How an asset's usual residual moves; not at all when absent or null. */
  readonly baseline?: BaselineOptions | null;
  /** How far it had moved under a model before; it starts where the training put it when absent or null. */
  readonly movedBefore?: (model: string) => Baselines | null;
  /** Most windows of one call of the engine, and how long a window may wait for company. */
  readonly batch: number;
  readonly waitMs: number;
  /** Most windows waiting; beyond that the oldest batch is given up as `overloaded`. */
  readonly mostWaiting: number;
  onVerdict(verdict: Verdict): void;
  onBatch?(windows: number, ms: number): void;
  onFailure(error: ForewarnError | Error): void;
}

export interface ScorerStats {
  scored: number;
  overloaded: number;
  failed: number;
  waiting: number;
}

/**
 * Scores the windows of one asset class, all assets together. Verdicts come in the order of the windows, but those of
 * windows given up as `overloaded`, which come at once, ahead of what the engine is busy with.
 */
export interface Scorer {
  /** Takes a window (copied); its verdict comes later, or at once while there is no model. */
  accept(window: Window): void;
  /** Puts a model in use from the next batch on; null takes it away. Running means start afresh. */
  use(model: Model | null, engine: Engine): Promise<void>;
  /**
   * Scores the past windows that `feed` hands to `accept`, for the running means that live ones go on from: they are not
   * counted, and their verdicts go to `onVerdict` of this call. To be called before live windows come.
   */
  replay(feed: () => Promise<void>, onVerdict: (verdict: Verdict) => void): Promise<void>;
  /** Resolves when every accepted window has its verdict. */
  settled(): Promise<void>;
  stats(): Readonly<ScorerStats>;
  /** How far baselines have moved under the model in use; null without a model or without a baseline that moves. */
  baselines(): { readonly model: string; readonly moved: Baselines } | null;
  stop(): Promise<void>;
}

interface InUse {
  readonly model: Model;
  readonly session: ScoringSession;
  readonly decider: Decider;
  readonly windowResiduals: WindowResiduals;
  /** Each linear source with the array that its residual of one window after the other is written into. */
  readonly linear: readonly (readonly [source: LinearSource, residual: Float32Array])[];
}

/** With 256 windows each, what an engine does in some 25 ms. */
const batchesTogether = 8;

export function createScorer(options: ScorerOptions): Scorer {
  const { channels, windowLength } = options;
  const stats: ScorerStats = { scored: 0, overloaded: 0, failed: 0, waiting: 0 };
  /** Time of each asset's last score, by asset index. */
  const scoredAt: number[] = [];
  /** Ids by asset index: a model has values of its own for assets that it was trained on. */
  const ids: string[] = [];
  const waiting: WindowBatch[] = [];
  const spare: WindowBatch[] = [];
  const mostBatches = Math.max(2, Math.ceil(options.mostWaiting / options.batch));
  let current: InUse | null = null;
  let timer: NodeJS.Timeout | null = null;
  let running: Promise<void> | null = null;
  let stopped = false;
  let replaying: ((verdict: Verdict) => void) | null = null;
  const tell = (verdict: Verdict): void => (replaying ?? options.onVerdict)(verdict);

  const take = (): WindowBatch => spare.pop() ?? createWindowBatch(options.batch, windowLength, channels);

  const release = (batch: WindowBatch): void => {
    stats.waiting -= batch.count;
    batch.clear();
    if (spare.length < batchesTogether) spare.push(batch);
  };

  const run = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (running !== null || waiting.length === 0) return;
    running = drain().finally(() => {
      running = null;
      if (waiting.length > 0) schedule();
    });
  };

  const schedule = (): void => {
    if (running !== null) return;
    if (waiting.length > 1 || waiting[0].full()) run();
    else timer ??= setTimeout(run, options.waitMs);
  };

  // Batches are computed together and decided one after the other: an asset's verdicts must come in the order of its
  // windows. One at a time would leave the engine idle for as long as a flood keeps the event loop busy between two.
  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const inUse = current;
      const batches = waiting.splice(0, batchesTogether);
      const computed = batches.map((batch) => (inUse === null ? null : residualsOf(inUse, batch)));
      for (const [i, batch] of batches.entries()) {
        const startedAt = performance.now();
        try {
          const residuals = await computed[i];
          if (inUse === null) giveUp(batch, 'learning');
          else if (residuals === null) giveUp(batch, 'engine_failed');
          else {
            decide(batch, inUse, residuals);
            if (replaying === null) options.onBatch?.(batch.count, performance.now() - startedAt);
          }
        } finally {
          release(batch);
        }
      }
    }
  }

  // Only the engine's own failures count as such: what the taker of verdicts throws is not hidden among them.
  const residualsOf = async ({ session }: InUse, batch: WindowBatch): Promise<Residuals | null> => {
    try {
      return await session.score(batch.values(), batch.count);
    } catch (error) {
      stats.failed += batch.count;
      options.onFailure(error instanceof Error ? error : new Error(messageOf(error)));
      return null;
    }
  };

  const giveUp = (batch: WindowBatch, reason: 'overloaded' | 'engine_failed' | 'learning'): void => {
    for (let i = 0; i < batch.count; i++) {
      tell({ kind: 'unknown', asset: batch.assets[i], at: batch.at[i], reason });
    }
  };

  const decide = (batch: WindowBatch, inUse: InUse, { lastResidual }: Residuals): void => {
    const { model, decider } = inUse;
    for (let i = 0; i < batch.count; i++) {
      const asset = batch.assets[i];
      const at = batch.at[i];
      if (batch.coverage[i] < options.minCoverage || !batch.lastRowMeasured(i, null)) {
        tell({ kind: 'unknown', asset, at, reason: 'low_coverage' });
        continue;
      }
      const residuals = residualsBySource(
        batch,
        i,
        inUse,
        lastResidual.subarray(i * channels, (i + 1) * channels),
      );
      const sinceMs = at - (scoredAt[asset.index] ?? at);
      const goesOn = sinceMs >= 0 && sinceMs <= options.forgetAfterMs;
      if (!goesOn) decider.reset(asset.index);
      scoredAt[asset.index] = at;
      ids[asset.index] = asset.id;
      const attribution = new Float32Array(channels);
      // Baselines have followed a replayed window once before.
      const followedMs = goesOn && replaying === null ? sinceMs : 0;
      const { value, detector } = decider.decide(asset.index, residuals, attribution, followedMs);
      const { expected, actual } = lastRowOf(batch, i, residuals[detector.source]!, model.scaling);
      if (replaying === null) stats.scored++;
      const kind = value >= options.raise ? 'anomalous' : 'normal';
      tell({
        kind,
        asset,
        at,
        score: { asset, at, value, attribution, expected, actual, model: model.card.id, detector },
      });
    }
  };

  /**
   * Valid until the next window. A missing reading has no residual of its own: what the channel was before keeps standing
   * for it. Nor has what is predicted from a row that is missing: what changed in a gap would count as one step.
   */
  const residualsBySource = (
    batch: WindowBatch,
    i: number,
    { linear, windowResiduals }: InUse,
    network: Float32Array,
  ): ResidualsBySource => {
    const residuals: Partial<Record<SourceKind, Float32Array>> = { network };
    for (const [source, residual] of linear) {
      if (source.before === null || batch.rowBeforeMeasured(i))
        windowResiduals.write(source, batch.values(), i, residual);
      else residual.fill(Number.NaN);
      residuals[source.kind] = residual;
    }
    for (let channel = 0; channel < channels; channel++) {
      if (batch.lastRowMeasured(i, channel)) continue;
      for (const residual of Object.values(residuals)) residual[channel] = Number.NaN;
    }
    return residuals;
  };

  return {
    accept(window) {
      if (current === null && waiting.length === 0 && running === null) {
        options.onVerdict({ kind: 'unknown', asset: window.asset, at: window.at, reason: 'learning' });
        return;
      }
      let last = waiting[waiting.length - 1];
      if (last === undefined || last.full()) {
        if (waiting.length >= mostBatches) {
          const oldest = waiting.shift()!;
          stats.overloaded += oldest.count;
          giveUp(oldest, 'overloaded');
          release(oldest);
        }
        last = take();
        waiting.push(last);
      }
      last.add(window);
      stats.waiting++;
      schedule();
    },
    async use(model, engine) {
      const next = model === null ? null : await prepare(model, engine, ids, options);
      // Nothing is awaited between taking the old one out and putting the new one in, so that none is lost.
      const before = stopped ? next : current;
      if (!stopped) current = next;
      await before?.session.dispose();
    },
    async replay(feed, onVerdict) {
      replaying = onVerdict;
      try {
        await feed();
        await this.settled();
      } finally {
        replaying = null;
      }
    },
    async settled() {
      while (running !== null || waiting.length > 0) {
        if (running === null) run();
        await running;
      }
    },
    stats: () => stats,
    baselines() {
      if (current === null || (options.baseline ?? null) === null) return null;
      return { model: current.model.card.id, moved: current.decider.baselines() };
    },
    async stop() {
      stopped = true;
      await this.settled();
      const last = current;
      current = null;
      await last?.session.dispose();
    },
  };
}

async function prepare(
  model: Model,
  engine: Engine,
  ids: readonly string[],
  { baseline = null, movedBefore }: Pick<ScorerOptions, 'baseline' | 'movedBefore'>,
): Promise<InUse> {
  const { card, weights, scaling, calibration } = model;
  const session = await engine.createScoring({ spec: card.spec, weights, scaling });
  const windowResiduals = createWindowResiduals(scaling, card.spec.window);
  const moved = baseline === null ? null : (movedBefore?.(card.id) ?? null);
  const decider = createDecider(calibration, (index) => ids[index], baseline, moved);
  const linear = model.linear.map((source) => [source, new Float32Array(scaling.center.length)] as const);
  return { model, session, decider, windowResiduals, linear };
}
