import { ForewarnError } from '../../errors.ts';
import type { Logger } from '../../log.ts';
import type { Clock, ModelRefusal, OperatorOrder } from '../../types.ts';
import type { Engine } from '../engine.ts';
import type { Learner } from '../learner.ts';
import type { Model } from '../model.ts';
import type { Registry } from '../registry.ts';
import type { TrainingOrder } from '../trainer.ts';
import { acceptLevel as acceptLevelOf, type LevelRows } from './level-shift.ts';
import { type LifeEvent, type LifeEventKind, type LifeLog, lastOfEach } from './life-log.ts';
import { fits } from './model-fit.ts';
import type { Retrainer } from './retrainer.ts';

type ModelResult<T> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly refusal: ModelRefusal;
      /** Why, where the word alone does not say it. */
      readonly sentence?: string;
    };

/** Where a version stands. */
export type VersionState =
  | 'in_use'
  /** It scores live rows beside the model in use. */
  | 'shadowing'
  /** A person is to decide. */
  | 'waiting'
  | 'refused'
  /** It was in use, or could be: it can be restored. */
  | 'kept'
  /** The small copy that goes with a version. */
  | 'student';

export interface VersionView {
  readonly id: string;
  readonly className: string;
  readonly state: VersionState;
  readonly champion: boolean;
  readonly pinned: boolean;
  /** The last that happened to it; null when nothing is known of it. */
  readonly last: LifeEvent | null;
  readonly card: Model['card'];
}

export interface ModelDeskOptions {
  readonly className: string;
  readonly order: Pick<
    TrainingOrder,
    'channels' | 'windowLength' | 'sampleEveryMs' | 'stride' | 'minCoverage'
  >;
  /** Versions kept beside the champion. */
  readonly keep: number;
  readonly engine: Engine;
  readonly registry: Registry;
  readonly life: LifeLog;
  readonly learner: Learner;
  readonly retrainer: Retrainer;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What people do with the models of one class; what was done is on disk when it resolves. */
export interface ModelDesk {
  versions(): VersionView[];
  /** Puts a version in use, whatever was found against it. */
  promote(id: string, order: OperatorOrder): Promise<ModelResult<VersionView>>;
  /** The same, in the words for one that was in use before. */
  restore(id: string, order: OperatorOrder): Promise<ModelResult<VersionView>>;
  /** Keeps a version from being pruned; while the champion is pinned no other takes its place by itself. */
  pin(id: string, order: OperatorOrder): ModelResult<VersionView>;
  unpin(id: string, order: OperatorOrder): ModelResult<VersionView>;
  /** Begins it. With `withAlerted` it learns from rows of alerts as well: they are normal from now on. */
  retrain(withAlerted: boolean, order: OperatorOrder): ModelResult<null>;
  /**
   * Takes what an asset does in these rows, because of which the alert fires, for its normal operation: a version of its own,
   * in use from now on.
   */
  acceptLevel(rows: LevelRows, alert: string, order: OperatorOrder): Promise<ModelResult<VersionView>>;
  /** Whether a level of the asset was accepted by them since the class was last trained. */
  levelAcceptedBy(by: string, assetId: string): boolean;
}

export function createModelDesk(options: ModelDeskOptions): ModelDesk {
  const { className, registry, life, learner, retrainer, clock, log } = options;

  const versions = (): VersionView[] => {
    const fates = lastOfEach(life.events(className));
    return registry.list(className).map(({ card, champion, pinned }) => {
      const last = fates.get(card.id) ?? null;
      const state = card.student ? 'student' : stateOf(champion, last);
      return { id: card.id, className, state, champion, pinned, last, card };
    });
  };

  const viewOf = (id: string): VersionView | null => versions().find((one) => one.id === id) ?? null;

  const note = (
    kind: LifeEventKind,
    model: string,
    { by, comment }: OperatorOrder,
    what: Pick<LifeEvent, 'reason' | 'sentence' | 'level'> = {
      reason: 'asked',
      sentence: comment ?? 'No reason was given.',
    },
  ): void => {
    life.add(className, { at: clock(), kind, model, by, ...what });
    log.info({ class: className, model, by }, `model ${kind.replaceAll('_', ' ')}: ${what.sentence}`);
  };

  const done = (id: string): ModelResult<VersionView> => {
    const view = viewOf(id);
    return view === null ? refused('no_such_model') : { ok: true, value: view };
  };

  const putInUse = async (
    id: string,
    kind: 'promoted' | 'restored',
    order: OperatorOrder,
  ): Promise<ModelResult<VersionView>> => {
    const view = viewOf(id);
    if (view === null) return refused('no_such_model');
    if (view.champion) return refused('in_use_already');
    if (!fits(view.card, options.order)) return refused('does_not_fit');
    const model = loaded(registry, className, id);
    if (model === null) return refused('model_damaged');
    await learner.adopt(model);
    note(kind, id, order);
    await retrainer.overtaken();
    return done(id);
  };

  const setPinned = (id: string, wanted: boolean, order: OperatorOrder): ModelResult<VersionView> => {
    const view = viewOf(id);
    if (view === null) return refused('no_such_model');
    if (view.pinned === wanted) return refused(wanted ? 'pinned_already' : 'not_pinned');
    if (wanted) registry.pin(className, id);
    else registry.unpin(className, id);
    note(wanted ? 'pinned' : 'unpinned', id, order);
    return done(id);
  };

  const acceptLevel: ModelDesk['acceptLevel'] = async (rows, alert, order) => {
    const champion = learner.champion();
    if (champion === null) return refused('still_learning');
    // A training that is under way has the next number already.
    const { phase } = retrainer.status();
    const number = registry.nextNumber(className) + (phase === 'gathering' || phase === 'training' ? 1 : 0);
    const cut = { ...options.order, channels: options.order.channels.length, number };
    const decision = await acceptLevelOf(champion, rows, cut, options);
    if (decision.kind === 'refused') return { ...refused('no_new_level'), sentence: decision.sentence };
    const { model } = decision;
    registry.save(model);
    await learner.adopt(model);
    note('level_accepted', model.card.id, order, {
      reason: 'new_level',
      sentence: order.comment === null ? decision.sentence : `${decision.sentence} ${order.comment}`,
      level: { assetId: rows.since.assetId, alert },
    });
    registry.prune(className, options.keep);
    await retrainer.overtaken();
    return done(model.card.id);
  };

  return {
    versions,
    acceptLevel,
    levelAcceptedBy(by, assetId) {
      const trainedAt = learner.champion()?.card.data.toAt ?? Number.NEGATIVE_INFINITY;
      return life
        .events(className)
        .some((event) => event.by === by && event.level?.assetId === assetId && event.at >= trainedAt);
    },
    promote: (id, order) => putInUse(id, 'promoted', order),
    restore: (id, order) => putInUse(id, 'restored', order),
    pin: (id, order) => setPinned(id, true, order),
    unpin: (id, order) => setPinned(id, false, order),
    retrain(withAlerted, { by, comment }) {
      if (learner.champion() === null) return refused('still_learning');
      if (!retrainer.retrain(withAlerted)) return refused('training_already');
      log.info({ class: className, by, comment, withAlerted }, 'retraining asked for');
      return { ok: true, value: null };
    },
  };
}

function refused(refusal: ModelRefusal): { readonly ok: false; readonly refusal: ModelRefusal } {
  return { ok: false, refusal };
}

function stateOf(champion: boolean, last: LifeEvent | null): VersionState {
  if (champion) return 'in_use';
  return last?.kind === 'shadowing' || last?.kind === 'waiting' || last?.kind === 'refused'
    ? last.kind
    : 'kept';
}

function loaded(registry: Registry, className: string, id: string): Model | null {
  try {
    return registry.load(className, id);
  } catch (error) {
    if (error instanceof ForewarnError && error.code === 'MODEL_MALFORMED') return null;
    throw error;
  }
}
