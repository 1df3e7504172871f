import { ForewarnError, messageOf } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Clock, Verdict, Window } from '../../types.ts';
import type { FitProgress } from '../fit.ts';
import type { Model } from '../model.ts';
import type { Registry } from '../registry.ts';
import { type ChallengeOptions, challenge } from './challenge.ts';
import { createChronicle } from './chronicle.ts';
import type { EpisodeCounts } from './episode-counter.ts';
import type { Judgements } from './judgement.ts';
import type { LifeEvent, LifeLog } from './life-log.ts';
import { decideAfterShadow, fewestWindows, type PromotionDecision } from './promotion.ts';
import type { RunCause, Schedule } from './schedule.ts';
import type { Shadow } from './shadow.ts';

export interface RetrainerOptions extends ChallengeOptions {
  readonly className: string;
  /** Versions kept beside the champion. */
  readonly keep: number;
  readonly registry: Registry;
  readonly life: LifeLog;
  readonly schedule: Schedule;
  readonly clock: Clock;
  readonly log: Logger;
  openShadow(model: Model): Promise<Shadow>;
  /** The model in use; null while the class has none, and then nothing happens here. */
  champion(): Model | null;
  /** Makes it the champion, on disk and live, or rejects and changes nothing. */
  adopt(model: Model): Promise<void>;
  /** Whether what the class does has moved away from what its model knows. */
  drifting(): boolean;
}

export interface RetrainerStatus {
  readonly phase:
    | 'idle'
    /** Reads the past. */
    | 'gathering'
    /** Trains, or waits for the trainings of other classes. */
    | 'training'
    /** A challenger scores live windows, without alerts. */
    | 'shadowing'
    /** A person is to decide. */
    | 'waiting';
  /** The version that is tried or that waits. */
  readonly challenger: string | null;
  readonly training: FitProgress | null;
  readonly shadow: { readonly champion: EpisodeCounts; readonly challenger: EpisodeCounts } | null;
  readonly nextRunAt: number | null;
  readonly lastRunAt: number | null;
  /** What came of the last run; null when there was none. */
  readonly last: Pick<LifeEvent, 'at' | 'kind' | 'model' | 'reason' | 'sentence'> | null;
}

/**
 * Renews the model of a class that has one: trains a challenger when it is due, has it judged beside the champion on rows
 * that neither was fitted on and then on live windows, and promotes or refuses it, with the reason on disk.
 */
export interface Retrainer {
  /** Takes up what the last process left: what was tried is tried anew, what waited waits. */
  start(): Promise<void>;
  /** Begins and ends what is due; called every second or so. Never throws. */
  tick(): void;
  onWindow(window: Window): void;
  onVerdict(verdict: Verdict): void;
  /** Trains now; what waits or is tried is given up for it. False while it trains already, or has no model. */
  retrain(withAlerted: boolean): boolean;
  /** A person has put another model in use: what is tried or waits is given up. */
  overtaken(): Promise<void>;
  status(): RetrainerStatus;
  /** Resolves when nothing is under way. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

/** A quiet class gets longer to score enough live windows: this many times `shadowForMs`, or a day. */
const shadowPatience = 4;
const dayMs = 86_400_000;
const replaced = { reason: 'replaced', sentence: 'A newer challenger takes its place.' };

export function createRetrainer(options: RetrainerOptions): Retrainer {
  const { className, settings, registry, schedule, clock, log } = options;
  const chronicle = createChronicle(options);
  const abort = new AbortController();
  let phase: RetrainerStatus['phase'] = 'idle';
  let challenger: string | null = null;
  let progress: FitProgress | null = null;
  let shadow: Shadow | null = null;
  let shadowSince = 0;
  let driftSeenAt: number | null = null;
  let underWay: Promise<void> | null = null;

  const toIdle = (): void => {
    phase = 'idle';
    challenger = null;
    progress = null;
  };

  const closeShadow = async (): Promise<void> => {
    const closing = shadow;
    shadow = null;
    await closing?.stop();
  };

  const refuse = (
    model: string,
    why: Pick<LifeEvent, 'reason' | 'sentence'>,
    judged?: Partial<Judgements>,
  ): void => {
    chronicle.forgetRefused(model);
    chronicle.note('refused', model, why, judged);
    toIdle();
  };

  const follow = async (
    decision: PromotionDecision,
    model: Model,
    judged?: Partial<Judgements>,
  ): Promise<void> => {
    const { id } = model.card;
    if (decision.kind === 'refused') return refuse(id, decision, judged);
    if (decision.kind === 'needs_shadow') {
      chronicle.note('shadowing', id, decision, judged);
      return beginShadow(model);
    }
    const pinned = registry.list(className).some((one) => one.champion && one.pinned);
    if (settings.mode === 'manual' || pinned) {
      chronicle.note('waiting', id, decision, judged);
      phase = 'waiting';
      return;
    }
    await options.adopt(model);
    chronicle.note('promoted', id, decision, judged);
    registry.prune(className, options.keep);
    toIdle();
  };

  const beginShadow = async (model: Model): Promise<void> => {
    shadow = await options.openShadow(model);
    shadowSince = clock();
    challenger = model.card.id;
    phase = 'shadowing';
  };

  const endShadow = async ({ model, counts }: Shadow): Promise<void> => {
    const seen = counts();
    await closeShadow();
    await follow(decideAfterShadow(seen.champion, seen.challenger), model);
  };

  const shadowIsOver = ({ counts }: Shadow): boolean => {
    const waited = clock() - shadowSince;
    if (waited < settings.shadowForMs) return false;
    const patience = Math.max(dayMs, shadowPatience * settings.shadowForMs);
    return counts().challenger.windows >= fewestWindows || waited >= patience;
  };

  const run = async (champion: Model, cause: RunCause, withAlerted: boolean): Promise<void> => {
    const before = phase === 'waiting' ? challenger : null;
    if (phase === 'shadowing' && challenger !== null) {
      await closeShadow();
      refuse(challenger, replaced);
    }
    phase = 'gathering';
    challenger = null;
    schedule.begin();
    const outcome = await challenge(options, {
      champion,
      number: registry.nextNumber(className),
      now: clock(),
      withAlerted,
      signal: abort.signal,
      onTraining(rows) {
        phase = 'training';
        log.info({ class: className, cause, rows }, 'retraining started');
      },
      onProgress(seen) {
        progress = seen;
      },
    });
    if (outcome.kind === 'skipped') {
      chronicle.note('skipped', null, outcome);
      phase = before === null ? 'idle' : 'waiting';
      challenger = before;
      return;
    }
    if (before !== null) refuse(before, replaced);
    const { model, student, decision, judgements } = outcome;
    challenger = model.card.id;
    registry.save(model);
    if (student !== null) registry.save(student);
    if (options.champion()?.card.id === champion.card.id) return follow(decision, model, judgements);
    const sentence = 'Another model was put in use while it was trained.';
    refuse(model.card.id, { reason: 'overtaken', sentence }, judgements);
  };

  /** One thing at a time; what goes wrong is written down and leaves the champion as it is. */
  const begin = (act: () => Promise<void>): void => {
    underWay = act()
      .catch(async (error: unknown) => {
        if (abort.signal.aborted) return;
        await closeShadow().catch(() => undefined);
        const reason = error instanceof ForewarnError ? error.code.toLowerCase() : 'failed';
        const failed = challenger;
        toIdle();
        chronicle.note('failed', failed, { reason, sentence: messageOf(error) });
      })
      // Even the note can fail, on a full disk; it is in the log and the status.
      .catch((error: unknown) => log.error({ class: className, error: messageOf(error) }, 'not written down'))
      .finally(() => {
        underWay = null;
      });
  };

  const dueCause = (): RunCause | null => {
    driftSeenAt = options.drifting() ? (driftSeenAt ?? clock()) : null;
    return phase === 'idle' || phase === 'waiting' ? schedule.due(driftSeenAt) : null;
  };

  return {
    async start() {
      schedule.start();
      const champion = options.champion();
      if (champion === null) return;
      chronicle.noteChampion(champion);
      const left = chronicle.open();
      if (left === null) return;
      challenger = left.model;
      begin(async () => {
        const model = registry.load(className, left.model);
        if (left.kind === 'shadowing') await beginShadow(model);
        else phase = 'waiting';
      });
      await underWay;
    },
    tick() {
      const champion = options.champion();
      if (underWay !== null || champion === null || abort.signal.aborted) return;
      chronicle.noteChampion(champion);
      if (shadow !== null) {
        const ending = shadow;
        if (shadowIsOver(ending)) begin(() => endShadow(ending));
        return;
      }
      const cause = dueCause();
      if (cause !== null) begin(() => run(champion, cause, false));
    },
    onWindow: (window) => shadow?.accept(window),
    onVerdict: (verdict) => shadow?.onVerdict(verdict),
    retrain(withAlerted) {
      const champion = options.champion();
      if (underWay !== null || champion === null || abort.signal.aborted) return false;
      begin(() => run(champion, 'asked', withAlerted));
      return true;
    },
    async overtaken() {
      if (phase !== 'shadowing' && phase !== 'waiting') return;
      const given = challenger;
      await closeShadow();
      if (given !== null && given !== options.champion()?.card.id)
        refuse(given, { reason: 'overtaken', sentence: 'A person put another model in use.' });
      else toIdle();
    },
    status: () => ({
      phase,
      challenger,
      training: phase === 'training' ? progress : null,
      shadow: shadow?.counts() ?? null,
      nextRunAt: schedule.nextRunAt(),
      lastRunAt: schedule.lastRunAt(),
      last: chronicle.last(),
    }),
    async settled() {
      while (underWay !== null) await underWay;
    },
    async stop() {
      abort.abort();
      await underWay;
      await closeShadow();
    },
  };
}
