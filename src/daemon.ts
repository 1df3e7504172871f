import { join } from 'node:path';
import { createAlertOutputs, externalUrl, groupingOf } from './alert-outputs.ts';
import { createDelivery } from './alerts/delivery.ts';
import { openJournal } from './alerts/journal.ts';
import { standingAlerts } from './alerts/sinks/standing.ts';
import { type Api, createApi } from './api/server.ts';
import type { Config } from './config.ts';
import { influxOutput, shownUrl, subscriberOptions } from './connections.ts';
import type { DaemonParts } from './daemon-parts.ts';
import { startTimers, watchSelf } from './daemon-timers.ts';
import { createFleet } from './fleet.ts';
import { createHistory } from './history/history.ts';
import { type Broker, createBroker } from './ingest/broker.ts';
import { createSubscriber } from './ingest/subscriber.ts';
import { createKeptBaselines, keepBaselines } from './kept-baselines.ts';
import { createLevelShifts } from './level-shifts.ts';
import { createLifecycle } from './lifecycle.ts';
import type { Logger } from './log.ts';
import { createMetrics } from './metrics.ts';
import { createModelCares } from './model-cares.ts';
import { chooseEngine } from './models/engine-choice.ts';
import { createRegistry } from './models/registry.ts';
import { createTrainingGate } from './models/retraining/training-gate.ts';
import { trainInChild } from './models/training-process.ts';
import { connectPipeline } from './pipeline.ts';
import { createPreviews } from './previews.ts';
import { resume } from './resume.ts';
import { sinkCommands } from './sink-commands.ts';
import { lockState } from './state-lock.ts';
import { apiSources } from './status.ts';
import type { TrainingRowsParts } from './training-rows.ts';
import type { Alert, Clock } from './types.ts';
import { version } from './version.ts';

export interface DaemonOptions {
  readonly config: Config;
  /** Where it came from; previews of changed settings need it. */
  readonly configFile?: string;
  readonly log: Logger;
  readonly clock: Clock;
  /** Hears of every alert raised or resolved, once it is safe in the journal. */
  readonly onAlert?: (alert: Alert) => void;
  /** Who holds the state directory, for whoever else wants it. */
  readonly holder?: string;
  /** Raises alerts about itself and sends heartbeats, as one in service does. */
  readonly watchesItself?: boolean;
}

export interface Daemon {
  /** Builds and starts everything from the alerts' end to the MQTT's; resolves when it serves. */
  start(): Promise<DaemonParts>;
  /** Stops taking messages, scores what waits, saves, and closes. Idempotent; collects and throws all errors at the end. */
  stop(): Promise<void>;
}

/** A training takes all that scoring leaves of the machine; a second one would slow both down. */
const trainingsAtOnce = 1;
/** Rows and scores an asset that the API shows. */
const shownRows = 120;

/** A Forewarn in this process; several can run side by side on different state directories. */
export function createDaemon(options: DaemonOptions): Daemon {
  const { config, log, clock } = options;
  const lifecycle = createLifecycle(log);
  const { onStop } = lifecycle;
  let stopping: Promise<void> | null = null;

  async function start(): Promise<DaemonParts> {
    const lock = lockState(config.stateDir, options.holder ?? 'another Forewarn');
    onStop('state lock', () => lock.release());
    const journal = openJournal({
      file: join(config.stateDir, 'alerts.db'),
      clock,
      grouping: groupingOf(config),
    });
    onStop('journal', () => journal.close());
    const models = join(config.stateDir, 'models');
    const registry = createRegistry(models);
    const history = createHistory({
      directory: join(config.stateDir, 'history'),
      channelsOf: (className) =>
        config.classes.find(({ name }) => name === className)?.channels.map(({ name }) => name) ?? [],
      retention: config.retention.history,
      clock,
      log,
    });
    await history.start();
    onStop('history', () => history.stop());
    const engine = await chooseEngine(config.engine, {
      onFallback: (reason) =>
        log.warn({ reason }, 'TensorFlow does not compute; the CPU engine (ONNX Runtime) does'),
    });
    onStop('engine', () => engine.stop());
    const metrics = createMetrics({ version, engine: engine.engine.kind });
    const fleet = createFleet({
      history: shownRows,
      clock,
      channelsOf: (className) => config.classes.find(({ name }) => name === className)!.channels,
      alertOf: (assetId, rule) => pipeline.alerting.current(assetId, rule)?.alert?.id ?? null,
      limitRulesOf: (className) => pipeline.lines.get(className)!.limits.rules,
    });
    const influx = await influxOutput(config, { clock, log });
    let apiUrl = '';
    const outputs = await createAlertOutputs(config, {
      standing: standingAlerts(journal),
      externalUrl: () => externalUrl(config, apiUrl),
      clock,
      log,
    });
    const gate = createTrainingGate(trainingsAtOnce);
    const labelsOf = (assetId: string) => fleet.asset(assetId)?.asset.labels ?? {};
    const plannedWork: TrainingRowsParts['plannedWork'] = (className, assetId, from, to) =>
      pipeline.noise.plannedWork({ assetId, className, labels: labelsOf(assetId) }, from, to);
    const cares = createModelCares({
      directory: models,
      registry,
      keep: config.retention.models,
      history,
      journal,
      plannedWork,
      engine: engine.engine,
      gate,
      train: (order, onProgress, signal, comparison) =>
        trainInChild(order, config.engine, onProgress, signal, comparison),
      clock,
      log,
    });
    const levels = createLevelShifts({
      classes: config.classes,
      journal,
      history,
      cares,
      comment: (id, order) => void pipeline.alerting.desk.comment(id, order),
      log,
    });
    const baselines = createKeptBaselines(join(config.stateDir, 'baselines'), log);
    const pipeline = connectPipeline({
      config,
      registry,
      journal,
      engine: engine.engine,
      fleet,
      influx,
      outputs,
      history,
      baselines,
      clock,
      log,
      train: (order, onProgress, signal) =>
        gate(signal, () => trainInChild(order, config.engine, onProgress, signal)),
      connectCare: cares.connect,
      onBatch: (windows, ms) => metrics.observeBatch(windows, ms),
      onAlert(alert) {
        metrics.observeAlert(alert);
        logAlert(alert);
        options.onAlert?.(alert);
      },
    });
    const delivery = createDelivery({
      outbox: journal.outbox,
      sinks: [...outputs.sinks, ...(influx === null ? [] : [influx.sink])],
      clock,
      log,
    });
    if (influx !== null) {
      influx.start();
      onStop('influx', () => influx.stop());
    }
    onStop('outputs of alerts', () => outputs.stop());
    onStop('delivery', () => delivery.stop());
    pipeline.alerting.start();
    pipeline.alerting.subscribe(() => delivery.poke());
    onStop('alerting', () => pipeline.alerting.stop());
    for (const [name, { learner, scorer }] of pipeline.lines) {
      onStop(`scorer of ${name}`, () => scorer.stop());
      onStop(`learner of ${name}`, () => learner.stop());
      await learner.start();
      const { retrainer } = cares.of(name);
      onStop(`retraining of ${name}`, () => retrainer.stop());
      await retrainer.start();
    }
    onStop('baselines', async () => {
      for (const { scorer } of pipeline.lines.values()) await scorer.settled();
      keepBaselines(baselines, pipeline.lines);
    });
    await resume({ history, journal, plannedWork, pipeline, log });
    onStop('open rows', () => pipeline.ingest.flush());

    const brokerUrl = config.mqtt.url ?? (await startBroker());
    const subscriber = createSubscriber(
      subscriberOptions(config, brokerUrl, { ingest: pipeline.ingest, clock, log }),
    );
    const sources = apiSources(() => parts);
    const previews = createPreviews(config, options.configFile ?? null);
    onStop('previews', () => previews.stop());
    const api: Api = createApi({
      ...config.api,
      log,
      version,
      sources,
      commands: pipeline.alerting.desk,
      silences: pipeline.silences,
      previews,
      sinks: sinkCommands(() => ({ config, brokerUrl, apiUrl, clock }), log),
      models: { ...cares.commands, acceptLevel: levels.accept },
    });
    const parts: DaemonParts = {
      config,
      clock,
      journal,
      registry,
      history,
      baselines,
      engine,
      fleet,
      metrics,
      pipeline,
      cares,
      levels,
      delivery,
      influx,
      subscriber,
      brokerUrl,
      startedAt: clock(),
      apiUrl: '',
    };
    metrics.read(sources);
    const { url } = await api.start();
    apiUrl = url;
    // Not before the address is known that notifications link to.
    outputs.start(brokerUrl);
    delivery.start();
    onStop('api', () => api.stop());
    onStop('mqtt', () => subscriber.stop());
    await subscriber.start();
    startTimers(parts, lifecycle);
    if (options.watchesItself === true) watchSelf(parts, sources, lifecycle, log);
    log.info(
      { version, api: url, broker: shownUrl(brokerUrl), classes: config.classes.map(({ name }) => name) },
      'forewarn is watching',
    );
    return Object.assign(parts, { apiUrl: url });
  }

  async function startBroker(): Promise<string> {
    const broker: Broker = createBroker({ ...config.mqtt.embedded, log });
    const { port } = await broker.start();
    onStop('embedded broker', () => broker.stop());
    return `mqtt://${config.mqtt.embedded.host}:${port}`;
  }

  function logAlert(alert: Alert): void {
    const { id, assetId, state, score, peakScore, startedAt, resolvedAt } = alert;
    if (state === 'firing')
      log.warn({ alert: id, asset: assetId, score: rounded(score) }, `alert: ${alert.summary}`);
    else {
      const seconds = Math.round(((resolvedAt ?? startedAt) - startedAt) / 1000);
      log.info(
        { alert: id, asset: assetId, seconds, peakScore: rounded(peakScore) },
        `resolved: ${assetId} is back to normal`,
      );
    }
  }

  return {
    async start() {
      try {
        return await start();
      } catch (error) {
        await lifecycle.stop().catch(() => undefined);
        throw error;
      }
    },
    stop() {
      stopping ??= lifecycle.stop();
      return stopping;
    },
  };
}

function rounded(score: number | null): number | null {
  return score === null ? null : Math.round(score * 100) / 100;
}
