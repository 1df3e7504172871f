import { type Alerting, createAlerting } from './alerts/alerting.ts';
import type { Training } from './alerts/influx/event-lines.ts';
import type { InfluxOutput } from './alerts/influx/influx-output.ts';
import type { Journal } from './alerts/journal.ts';
import type { ClassConfig, Config } from './config.ts';
import type { Fleet } from './fleet.ts';
import type { History } from './history/history.ts';
import { createIngest, type Ingest } from './ingest/ingest.ts';
import type { Logger } from './log.ts';
import type { Engine } from './models/engine.ts';
import { createLearner, type Learner, type LearnerOptions } from './models/learner.ts';
import type { Model } from './models/model.ts';
import type { Registry } from './models/registry.ts';
import { createScorer, type Scorer } from './models/scorer.ts';
import type { Alert, Clock, Verdict } from './types.ts';
import { version } from './version.ts';

export interface PipelineParts {
  readonly config: Config;
  readonly registry: Registry;
  readonly journal: Journal;
  readonly engine: Engine;
  readonly fleet: Fleet;
  /** Hears of rows, verdicts and models, and is a sink of alerts. */
  readonly influx?: InfluxOutput | null;
  /** Keeps every row. */
  readonly history?: Pick<History, 'append'>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly train: LearnerOptions['train'];
  /** After an alert was raised or resolved and is safe in the journal. */
  onAlert(alert: Alert): void;
  onBatch(windows: number, ms: number): void;
}

/** One asset class: where its model comes from, and what scores with it. */
export interface ClassLine {
  readonly config: ClassConfig;
  readonly learner: Learner;
  readonly scorer: Scorer;
}

export interface Pipeline {
  readonly ingest: Ingest;
  readonly lines: ReadonlyMap<string, ClassLine>;
  readonly alerting: Alerting;
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
      onAsset: (asset) => fleet.onAsset(asset),
      onRow(row) {
        fleet.onRow(row);
        influx?.onRow(row);
        parts.history?.append(row);
        line(row.asset.className).learner.accept(row);
      },
      onWindow: (window) => line(window.asset.className).scorer.accept(window),
    },
  });

  const onVerdict = (verdict: Verdict): void => {
    fleet.onVerdict(verdict);
    influx?.onVerdict(verdict);
    alerting.onVerdict(verdict);
  };

  for (const classConfig of config.classes) {
    const scorer = connectScorer(classConfig, parts, onVerdict);
    const learner = connectLearner(classConfig, parts, scorer);
    lines.set(classConfig.name, { config: classConfig, learner, scorer });
  }

  const alerting = createAlerting({
    journal: parts.journal,
    sinks: [...config.webhooks, ...(influx === null ? [] : [influx.sink])].map(({ name }) => name),
    policies: (className) => line(className).config.alert,
    channels: (className) => line(className).config.channels,
    knows: { asset: (id) => fleet.asset(id) !== null, class: (name) => lines.has(name) },
    clock: parts.clock,
    log: parts.log,
    onChange: parts.onAlert,
  });

  return { ingest, lines, alerting };
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
    mostWaiting: parts.config.limits.windowsWaiting,
    onVerdict,
    onBatch: parts.onBatch,
    onFailure: (error) => parts.log.error({ class: config.name, error: error.message }, 'scoring failed'),
  });
}

function connectLearner(config: ClassConfig, parts: PipelineParts, scorer: Scorer): Learner {
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
      parts.influx?.onTraining(trainingOf(model));
    },
    order: trainingOrderOf(config),
  });
}

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
    ...config.score,
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
    threshold: card.threshold.value,
  };
}
