import { join } from 'node:path';
import type { ClassConfig } from './config.ts';
import { createConfirmedFaults } from './confirmed-faults.ts';
import type { Logger } from './log.ts';
import type { Engine } from './models/engine.ts';
import type { Learner } from './models/learner.ts';
import type { Model } from './models/model.ts';
import type { Registry } from './models/registry.ts';
import type { ChallengeOptions } from './models/retraining/challenge.ts';
import { nextCronRun } from './models/retraining/cron.ts';
import { createDriftWatch, type DriftWatch } from './models/retraining/drift-watch.ts';
import type { EpisodeRule } from './models/retraining/episode-counter.ts';
import { createLifeLog, type LifeLog } from './models/retraining/life-log.ts';
import { createModelDesk, type ModelDesk } from './models/retraining/model-desk.ts';
import { createRetrainer, type Retrainer } from './models/retraining/retrainer.ts';
import { createSchedule } from './models/retraining/schedule.ts';
import { openShadow } from './models/retraining/shadow.ts';
import { trainingOrderOf } from './pipeline.ts';
import { createTrainingRows, type TrainingRowsParts } from './training-rows.ts';
import type { Clock, Row, Verdict, Window } from './types.ts';

export interface ModelCareParts extends Pick<TrainingRowsParts, 'history' | 'journal' | 'plannedWork'> {
  /** The registry's folder. */
  readonly directory: string;
  readonly registry: Registry;
  readonly keep: number;
  readonly engine: Engine;
  readonly gate: ChallengeOptions['gate'];
  readonly train: ChallengeOptions['train'];
  readonly clock: Clock;
  readonly log: Logger;
}

/** What looks after the model of one class from its first day on. */
export interface ModelCare {
  readonly retrainer: Retrainer;
  readonly drift: DriftWatch;
  readonly desk: ModelDesk;
  /** A model was put in use. */
  onModel(model: Model): void;
  onRow(row: Row): void;
  onWindow(window: Window): void;
  onVerdict(verdict: Verdict): void;
}

export function createModelCare(config: ClassConfig, learner: Learner, parts: ModelCareParts): ModelCare {
  const { registry, engine, clock, log } = parts;
  const { schedule: expression, timeZone, jitterMs } = config.retrain;
  const className = config.name;
  const order = trainingOrderOf(config);
  const rule = episodeRuleOf(config);
  const life = createLifeLog(parts.directory);
  const drift = createDriftWatch(order.channels);
  const schedule = createSchedule({
    directory: join(parts.directory, className),
    className,
    cron: expression === null ? null : { expression, timeZone },
    jitterMs,
    clock,
    nextRun: nextCronRun,
  });
  const retrainer = createRetrainer({
    className,
    settings: config.retrain,
    order,
    rule,
    keep: parts.keep,
    registry,
    life,
    schedule,
    gate: parts.gate,
    clock,
    log,
    gather: createTrainingRows({ ...parts, config, normalAlerts: () => acceptedIn(life, className) }),
    confirmedFaults: createConfirmedFaults({ ...parts, config }),
    train: parts.train,
    openShadow: (model) =>
      openShadow(model, engine, {
        windowLength: config.windowLength,
        channels: config.channels.length,
        minCoverage: config.minCoverage,
        forgetAfterMs: config.windowLength * config.sampleEveryMs,
        rule,
        onFailure: (error) =>
          log.warn({ class: className, error: error.message }, 'a challenger did not score'),
      }),
    champion: learner.champion,
    adopt: learner.adopt,
    drifting: () => drift.status().sinceAt !== null,
  });
  const desk = createModelDesk({ ...parts, className, order, life, learner, retrainer });
  return {
    retrainer,
    drift,
    desk,
    onModel: ({ scaling }) => drift.begin(scaling),
    onRow: drift.onRow,
    onWindow: retrainer.onWindow,
    onVerdict(verdict) {
      drift.onVerdict(verdict);
      retrainer.onVerdict(verdict);
    },
  };
}

/** Alerts of which a person, or time, has said that what they were about is normal. */
function acceptedIn(life: LifeLog, className: string): ReadonlySet<string> {
  return new Set(life.events(className).flatMap(({ level }) => (level === undefined ? [] : [level.alert])));
}

function episodeRuleOf({ alert: { raise, clear, raiseOn, clearAfter } }: ClassConfig): EpisodeRule {
  return { raise, clear, raiseOn, clearAfter };
}
