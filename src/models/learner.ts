import { ForewarnError, messageOf } from '../errors.ts';
import type { Logger } from '../log.ts';
import type { Clock, Row } from '../types.ts';
import type { FitProgress } from './fit.ts';
import type { Model } from './model.ts';
import type { Registry } from './registry.ts';
import { fits } from './retraining/model-fit.ts';
import type { TrainingOrder } from './trainer.ts';
import type { TrainedModels } from './training-process.ts';
import { type AssetRows, createRowCollector } from './training-set.ts';

export type LearnerPhase =
  /** Collecting rows of normal operation. */
  | 'collecting'
  | 'training'
  /** A model is in use. */
  | 'ready';

export interface LearnerStatus {
  readonly phase: LearnerPhase;
  readonly rows: number;
  readonly rowsNeeded: number;
  /** Of collecting and training together, 0 to 1. */
  readonly progress: number;
  /** Until the model is in use, at the rate seen so far; null while there is no rate yet, 0 when ready. */
  readonly etaMs: number | null;
  readonly training: FitProgress | null;
  readonly model: string | null;
  readonly lastFailure: string | null;
  readonly trained: number;
  readonly failed: number;
}

export interface LearnerOptions {
  readonly className: string;
  /** Everything of the order but the rows and the version number. */
  readonly order: Omit<TrainingOrder, 'assets' | 'number'>;
  /** Rows after which training starts. */
  readonly after: number;
  /** Model versions kept beside the champion. */
  readonly keep: number;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly log: Logger;
  train(
    order: TrainingOrder,
    onProgress: (progress: FitProgress) => void,
    signal: AbortSignal,
  ): Promise<TrainedModels>;
  /** Puts the model in use; training counts as done when it resolves. */
  onModel(model: Model): Promise<void>;
}

/** Makes the first model of a class by itself: collects rows, trains, registers, hands the model over. */
export interface Learner {
  /** Loads the champion if there is one. */
  start(): Promise<void>;
  accept(row: Row): void;
  /** Takes up rows that a run before collected, while this one has none of its own; nothing happens when it has a model. */
  resume(assets: readonly AssetRows[]): void;
  /** Trains now on what was collected, without waiting for `after` rows; resolves when that has ended, well or not. */
  trainNow(): Promise<void>;
  /** The model in use; null while there is none. */
  champion(): Model | null;
  /** Makes a version of the registry the champion, on disk and in use. Rejects when it cannot be, and changes nothing. */
  adopt(next: Model): Promise<void>;
  status(): LearnerStatus;
  stop(): void;
}

/** Collecting is most of the wait; the share of the bar that training gets is a guess and only for people. */
const collectingShare = 0.7;
/** Failed training is tried with more rows up to this many values (80 MB); then collecting starts afresh. */
const mostValues = 16_000_000;

export function createLearner(options: LearnerOptions): Learner {
  const { className, registry, clock, log } = options;
  const abort = new AbortController();
  let needed = options.after;
  const width = options.order.channels.length;
  const mostRows = Math.max(options.after, Math.floor(mostValues / width));
  const collector = createRowCollector(width);
  let phase: LearnerPhase = 'collecting';
  let firstRowAt: number | null = null;
  /** Rows that were there at the start, which say nothing of how fast rows come. */
  let resumed = 0;
  let trainingSince = 0;
  let progress: FitProgress | null = null;
  let model: Model | null = null;
  let adopting: Promise<void> = Promise.resolve();
  let lastFailure: string | null = null;
  let trained = 0;
  let failed = 0;

  const use = async (next: Model): Promise<void> => {
    await options.onModel(next);
    model = next;
    phase = 'ready';
    collector.clear();
  };

  /** Swaps on disk first: a kill in between costs nothing, and what cannot be put in use is taken back. */
  const swap = async (next: Model): Promise<void> => {
    const before = model;
    registry.promote(className, next.card.id);
    try {
      await use(next);
    } catch (error) {
      if (before !== null) registry.promote(className, before.card.id);
      throw error;
    }
  };

  const adopt = (next: Model): Promise<void> => {
    const done = adopting.then(() => swap(next));
    adopting = done.catch(() => undefined);
    return done;
  };

  /** A damaged model must not keep the daemon from watching the other classes. */
  const refuseChampion = (error: unknown): void => {
    lastFailure = messageOf(error);
    const hint = error instanceof ForewarnError ? error.hint : undefined;
    log.error(
      { class: className, error: lastFailure, hint },
      'the model in use cannot be loaded; the class learns anew',
    );
  };

  const loadChampion = (): Model | null => {
    try {
      return registry.champion(className);
    } catch (error) {
      refuseChampion(error);
      return null;
    }
  };

  const runTraining = async (): Promise<void> => {
    phase = 'training';
    trainingSince = clock();
    progress = null;
    log.info({ class: className, rows: collector.rows() }, 'training started');
    try {
      const number = registry.nextNumber(className);
      const assets = collector.snapshot();
      const {
        model: next,
        student,
        studentFailure,
      } = await options.train(
        { ...options.order, number, assets },
        (seen) => {
          progress = seen;
        },
        abort.signal,
      );
      registry.save(next);
      // It is kept beside the model, for gateways; nothing here scores with it.
      if (student !== null) registry.save(student);
      await adopt(next);
      registry.prune(className, options.keep);
      trained++;
      lastFailure = null;
      if (studentFailure !== null)
        log.warn({ class: className, model: next.card.id, error: studentFailure }, 'no student was made');
      const { training, threshold } = next.card;
      log.info(
        {
          class: className,
          model: next.card.id,
          seconds: Math.round(training.seconds),
          steps: training.steps,
          heldOutExceeded: Math.round(threshold.heldOutExceeded * 1e4) / 1e4,
          ...(student === null ? {} : { student: student.card.id }),
        },
        'model in use',
      );
    } catch (error) {
      if (abort.signal.aborted) return;
      failed++;
      lastFailure = messageOf(error);
      // More rows can mend too little data; the rows already there are kept.
      needed = Math.ceil(needed * 1.25);
      if (needed > mostRows) {
        // What failed up to here fails with more rows as well, and memory has an end.
        collector.clear();
        needed = options.after;
        firstRowAt = null;
        resumed = 0;
      }
      phase = 'collecting';
      const hint = error instanceof ForewarnError ? error.hint : undefined;
      log.error(
        { class: className, error: lastFailure, hint, rowsNeeded: needed },
        'training failed; it is tried again with more rows',
      );
    }
  };

  const fraction = (): number => {
    if (phase === 'ready') return 1;
    if (phase === 'collecting') return collectingShare * Math.min(1, collector.rows() / needed);
    return collectingShare + (1 - collectingShare) * (progress === null ? 0 : progress.step / progress.steps);
  };

  const etaMs = (): number | null => {
    if (phase === 'ready') return 0;
    if (phase === 'training') {
      if (progress === null || progress.step === 0) return null;
      return ((clock() - trainingSince) * (progress.steps - progress.step)) / progress.step;
    }
    const rows = collector.rows();
    const came = rows - resumed;
    if (firstRowAt === null || came < 2 || clock() === firstRowAt) return null;
    return ((clock() - firstRowAt) * Math.max(0, needed - rows)) / came;
  };

  return {
    async start() {
      const champion = loadChampion();
      if (champion === null) return;
      if (!fits(champion.card, options.order)) {
        log.warn(
          { class: className, model: champion.card.id },
          'channels, window or sampling changed since the model was trained; the class learns anew',
        );
        return;
      }
      try {
        await use(champion);
      } catch (error) {
        return refuseChampion(error);
      }
      log.info({ class: className, model: champion.card.id }, 'model loaded');
    },
    accept(row) {
      if (phase !== 'collecting') return;
      firstRowAt ??= clock();
      collector.add(row);
      if (collector.rows() >= needed) void runTraining();
    },
    resume(assets) {
      if (phase !== 'collecting') return;
      for (const { assetId, at, values, measured } of assets) {
        for (const [row, time] of at.entries()) {
          const [from, to] = [row * width, (row + 1) * width];
          const reading = { values: values.subarray(from, to), measured: measured.subarray(from, to) };
          collector.add({ asset: { id: assetId }, at: time, ...reading });
        }
      }
      resumed = collector.rows();
    },
    champion: () => model,
    adopt,
    trainNow: () => (phase === 'collecting' ? runTraining() : Promise.resolve()),
    status: () => ({
      phase,
      rows: phase === 'ready' ? needed : collector.rows(),
      rowsNeeded: needed,
      progress: fraction(),
      etaMs: etaMs(),
      training: phase === 'training' ? progress : null,
      model: model?.card.id ?? null,
      lastFailure,
      trained,
      failed,
    }),
    stop() {
      abort.abort();
    },
  };
}
