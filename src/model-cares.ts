import type { ModelCommands, ModelView } from './api/model-commands.ts';
import type { StatusBody } from './api/status-schema.ts';
import type { Timed } from './api/timed.ts';
import type { ClassConfig } from './config.ts';
import { createModelCare, type ModelCare, type ModelCareParts } from './model-care.ts';
import type { Learner } from './models/learner.ts';
import type { VersionView } from './models/retraining/model-desk.ts';

/** What looks after the models of all classes. */
export interface ModelCares {
  connect(config: ClassConfig, learner: Learner): ModelCare;
  of(className: string): ModelCare;
  readonly commands: Omit<ModelCommands, 'acceptLevel'>;
}

export function createModelCares(parts: ModelCareParts): ModelCares {
  const cares = new Map<string, ModelCare>();
  /** The desk of the class that a version is of: ids begin with it, but are looked up all the same. */
  const deskOf = (id: string) =>
    [...cares.values()].find(({ desk }) => desk.versions().some((version) => version.id === id))?.desk;
  const noModel = { ok: false, refusal: 'no_such_model' } as const;

  return {
    connect(config, learner) {
      const care = createModelCare(config, learner, parts);
      cares.set(config.name, care);
      return care;
    },
    of: (className) => cares.get(className)!,
    commands: {
      list: () => [...cares.values()].flatMap(({ desk }) => desk.versions().map(viewOf)),
      promote: async (id, order) => shown((await deskOf(id)?.promote(id, order)) ?? noModel),
      restore: async (id, order) => shown((await deskOf(id)?.restore(id, order)) ?? noModel),
      pin: (id, order) => shown(deskOf(id)?.pin(id, order) ?? noModel),
      unpin: (id, order) => shown(deskOf(id)?.unpin(id, order) ?? noModel),
      retrain: (className, withAlerted, order) =>
        cares.get(className)?.desk.retrain(withAlerted, order) ?? { ok: false, refusal: 'no_such_class' },
    },
  };
}

type Result = ReturnType<ModelCare['desk']['pin']>;

function shown(result: Result): ReturnType<ModelCommands['pin']> {
  return result.ok ? { ok: true, value: viewOf(result.value) } : result;
}

/** A version as the API shows it. */
export function viewOf({ id, className, state, champion, pinned, last, card }: VersionView): ModelView {
  return {
    id,
    class: className,
    state,
    champion,
    pinned,
    reason: last?.sentence ?? null,
    by: last?.by ?? null,
    changedAt: last?.at ?? null,
    card,
  };
}

/** How the model of a class is renewed, for the status. */
export function retrainingStatus({
  retrainer,
  drift,
}: Pick<ModelCare, 'retrainer' | 'drift'>): Timed<StatusBody>['classes'][number]['retraining'] {
  const { phase, challenger, shadow, nextRunAt, lastRunAt, last } = retrainer.status();
  const { moved, sinceAt } = drift.status();
  return {
    state: phase,
    challenger,
    shadow:
      shadow === null
        ? null
        : {
            windows: shadow.challenger.windows,
            alerts: shadow.challenger.episodes,
            championAlerts: shadow.champion.episodes,
          },
    nextRunAt,
    lastRunAt,
    lastResult: last?.kind ?? null,
    lastReason: last?.sentence ?? null,
    drift: { moved, sinceAt },
  };
}
