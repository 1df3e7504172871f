import { type AlertOutputs, sinkNames } from './alert-outputs.ts';
import { isLimitRule, isWatchdogRule } from './alerts/alert-rule.ts';
import { type Alerting, createAlerting } from './alerts/alerting.ts';
import type { ClassAlerts } from './alerts/alerting-options.ts';
import { type DeviationGate, deviationGate } from './alerts/deviation.ts';
import type { Training } from './alerts/influx/event-lines.ts';
import type { InfluxOutput } from './alerts/influx/influx-output.ts';
import type { Journal } from './alerts/journal.ts';
import { LimitWatch } from './alerts/limit-watch.ts';
import { NoiseControl } from './alerts/noise/noise-control.ts';
import { SilenceDesk } from './alerts/noise/silence-desk.ts';
import { watchdogAlerts, watchdogAsset } from './alerts/watchdog.ts';
import type { ClassConfig, Config } from './config.ts';
import type { Fleet } from './fleet.ts';
import type { History } from './history/history.ts';
import { createIngest, type Ingest } from './ingest/ingest.ts';
import type { KeptBaselines } from './kept-baselines.ts';
import type { Logger } from './log.ts';
import { budgetShortfall } from './models/decision/budget-level.ts';
import type { Engine } from './models/engine.ts';
import { createLearner, type Learner, type LearnerOptions } from './models/learner.ts';
import type { Model } from './models/model.ts';
import { createOnlineModel, type OnlineModel } from './models/online/online-model.ts';
import type { Registry } from './models/registry.ts';
import { createScorer, type Scorer } from './models/scorer.ts';
import type { Alert, Clock, Row, Verdict, Window } from './types.ts';
import { version } from './version.ts';

export interface PipelineParts {
  readonly config: Config;
  readonly registry: Registry;
  readonly journal: Journal;
  readonly engine: Engine;
  readonly fleet: Fleet;
  /** Hears of rows, verdicts and models, and is a sink of alerts. */
  readonly influx?: InfluxOutput | null;
  /** Hears of verdicts; the sinks of alerts beside InfluxDB. */
  readonly outputs?: Pick<AlertOutputs, 'onVerdict'>;
  /** Keeps every row. */
  readonly history?: Pick<History, 'append'>;
  /** Knows how far baselines had moved before; nothing had when absent. */
  readonly baselines?: Pick<KeptBaselines, 'of'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly train: LearnerOptions['train'];
  /** What looks after the model of a class once it has one; nothing does when absent. */
  connectCare?(config: ClassConfig, learner: Learner): ClassCare;
  /** After an alert was raised or resolved and is safe in the journal. */
  onAlert(alert: Alert): void;
  onBatch(windows: number, ms: number): void;
}

/** Hears of all that a class does. */
export interface ClassCare {
  onModel(model: Model): void;
  onRow(row: Row): void;
  onWindow(window: Window): void;
  onVerdict(verdict: Verdict): void;
}

/** One asset class: where its model comes from, and what scores with it. */
export interface ClassLine {
  readonly config: ClassConfig;
  readonly learner: Learner;
  readonly scorer: Scorer;
  /** Scores until the learner has a model; null when the class does not want that. */
  readonly online: OnlineModel | null;
  readonly limits: LimitWatch;
  /** Of alerts beyond a limit, which has delays of its own. */
  readonly limitAlert: ClassAlerts;
  /** Null when every deviation matters. */
  readonly gate: DeviationGate | null;
  /** Takes the verdicts of the class. */
  judged(verdict: Verdict): void;
  readonly care: ClassCare | null;
}

export interface Pipeline {
  readonly ingest: Ingest;
  readonly lines: ReadonlyMap<string, ClassLine>;
  readonly alerting: Alerting;
  /** What keeps alerts few. */
  readonly noise: NoiseControl;
  readonly silences: SilenceDesk;
}

/** The data path, top to bottom: message -> row -> window -> score -> verdict -> alert. Nothing is started here. */
export function connectPipeline(parts: PipelineParts): Pipeline {
  const { config, fleet, influx = null } = parts;
  const lines = new Map<string, ClassLine>();
  const line = (className: string): ClassLine => lines.get(className)!;

  const ingest = createIngest({
    classes: config.classes,
    clock: parts.clock,
    limits: { payloadBytes: config.limits.payloadBytes, assets: config.limits.assets },
    sinks: {
      onAsset(asset) {
        fleet.onAsset(asset);
        noise.onAsset(asset);
        line(asset.className).limits.onAsset(asset);
      },
      onRow(row) {
        fleet.onRow(row);
        noise.onRow(row);
        influx?.onRow(row);
        parts.history?.append(row);
        const { learner, online, limits, care } = line(row.asset.className);
        limits.onRow(row);
        if (learner.champion() === null) {
          online?.onRow(row);
          // What is alerted on is no example of normal operation.
          if ((alerting.current(row.asset.id, 'anomaly')?.alert ?? null) === null) learner.accept(row);
        }
        care?.onRow(row);
      },
      onWindow(window) {
        const { learner, online, scorer, judged, care } = line(window.asset.className);
        if (online !== null && learner.champion() === null) judged(online.judge(window));
        else scorer.accept(window);
        care?.onWindow(window);
      },
    },
  });

  const onVerdict = (verdict: Verdict): void => {
    fleet.onVerdict(verdict);
    influx?.onVerdict(verdict);
    parts.outputs?.onVerdict(verdict);
    alerting.onVerdict(verdict);
    line(verdict.asset.className).care?.onVerdict(verdict);
  };

  for (const classConfig of config.classes) {
    const { clear, consequence } = classConfig.alert;
    const gate = deviationGate({
      rules: classConfig.channels.map(({ deviation }) => deviation),
      from: clear,
    });
    const limits = new LimitWatch({
      channels: classConfig.channels,
      consequence,
      alerting: () => alerting,
      clock: parts.clock,
    });
    const limitAlert = { ...classConfig.alert, forMs: 0, keepFiringForMs: 0 };
    const judged = gate === null ? onVerdict : (verdict: Verdict) => onVerdict(gate.judge(verdict));
    const scorer = connectScorer(classConfig, parts, judged);
    const online = connectOnline(classConfig);
    const onModel = (model: Model): void => {
      online?.clear();
      const closed = alerting.handOver(classConfig.name);
      if (closed > 0)
        parts.log.info({ class: classConfig.name, closed }, 'alerts of the online model are closed');
      line(classConfig.name).care?.onModel(model);
    };
    const learner = connectLearner(classConfig, parts, scorer, onModel);
    const care = parts.connectCare?.(classConfig, learner) ?? null;
    const made = { learner, scorer, online, limits, limitAlert, gate, judged, care };
    lines.set(classConfig.name, { config: classConfig, ...made });
  }

  const noise = new NoiseControl({
    config: config.noise,
    silences: parts.journal.silences,
    flaps: parts.journal.flaps,
    // An alert from before the start may be of a class that is no longer there.
    channels: (className) => lines.get(className)?.config.channels ?? [],
    firing: () => alerting.firing(),
    clock: parts.clock,
  });
  const alerting = createAlerting({
    journal: parts.journal,
    sinks: [...sinkNames(config), ...(influx === null ? [] : [influx.sink.name])],
    escalation: config.escalation,
    policies: (className, rule) => {
      if (isWatchdogRule(rule)) return watchdogAlerts;
      const { config, limitAlert } = line(className);
      return isLimitRule(rule) ? limitAlert : config.alert;
    },
    channels: (className) => line(className).config.channels,
    knows: {
      asset: (id) => id === watchdogAsset.id || fleet.asset(id) !== null,
      class: (name) => name === watchdogAsset.className || lines.has(name),
    },
    mutes: noise,
    clock: parts.clock,
    log: parts.log,
    onChange: parts.onAlert,
  });

  return { ingest, lines, alerting, noise, silences: new SilenceDesk(noise.silences, alerting) };
}

// A batch of 256 is where the engine's speed levels off; 5 ms of waiting for company is not felt by anybody.
const batching = { batch: 256, waitMs: 5 };

function connectScorer(
  config: ClassConfig,
  parts: PipelineParts,
  onVerdict: (verdict: Verdict) => void,
): Scorer {
  return createScorer({
    ...batching,
    windowLength: config.windowLength,
    channels: config.channels.length,
    minCoverage: config.minCoverage,
    forgetAfterMs: config.windowLength * config.sampleEveryMs,
    raise: config.alert.raise,
    baseline: config.baseline,
    movedBefore: (model) => parts.baselines?.of(config.name, model) ?? null,
    mostWaiting: parts.config.limits.windowsWaiting,
    onVerdict,
    onBatch: parts.onBatch,
    onFailure: (error) => parts.log.error({ class: config.name, error: error.message }, 'scoring failed'),
  });
}

function connectOnline(config: ClassConfig): OnlineModel | null {
  if (!config.online) return null;
  return createOnlineModel({
    channels: config.channels.length,
    forgetAfterMs: config.windowLength * config.sampleEveryMs,
    minCoverage: config.minCoverage,
    raise: config.alert.raise,
  });
}

function connectLearner(
  config: ClassConfig,
  parts: PipelineParts,
  scorer: Scorer,
  onModel: (model: Model) => void,
): Learner {
  return createLearner({
    className: config.name,
    after: config.train.after,
    keep: parts.config.retention.models,
    registry: parts.registry,
    clock: parts.clock,
    log: parts.log,
    train: parts.train,
    async onModel(model) {
      await scorer.use(model, parts.engine);
      const shortfall = budgetShortfall(model.card.threshold.budget);
      if (shortfall !== null)
        parts.log.warn({ class: config.name, model: model.card.id }, `${shortfall} The margin rule stands`);
      parts.influx?.onTraining(trainingOf(model));
      onModel(model);
    },
    order: trainingOrderOf(config),
  });
}

const sourceKinds = ['vector_autoregression', 'pca', 'robust_z'] as const;

/** How the class trains, whoever asks for it; all of the order but the rows and the version number. */
export function trainingOrderOf(config: ClassConfig): LearnerOptions['order'] {
  return {
    className: config.name,
    channels: config.channels.map(({ name }) => name),
    sampleEveryMs: config.sampleEveryMs,
    windowLength: config.windowLength,
    stride: config.stride,
    minCoverage: config.minCoverage,
    ...config.train,
    // By name: an order is handed on to what scores with it, and what else the class says of scores is none of its.
    smoothing: config.score.smoothing,
    quantile: config.score.quantile,
    margin: config.score.margin,
    sources: ['network', ...sourceKinds.filter((kind) => config.score.sources[kind])],
    alertBudget:
      config.score.alert_budget === null
        ? null
        : { alertsPerWeek: config.score.alert_budget, ...config.alert },
    codeVersion: version,
  };
}

function trainingOf({ card }: Model): Training {
  const { seconds, steps, fitLoss, heldOutLoss } = card.training;
  return {
    className: card.className,
    model: card.id,
    at: card.createdAt,
    seconds,
    steps,
    fitLoss: fitLoss.at(-1) ?? null,
    heldOutLoss: heldOutLoss.length === 0 ? null : Math.min(...heldOutLoss),
    heldOutExceeded: card.threshold.heldOutExceeded,
  };
}
