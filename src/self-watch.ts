import { statfsSync } from 'node:fs';
import type { Alerting } from './alerts/alerting.ts';
import {
  firstMemory,
  judge,
  type WatchdogLimits,
  type WatchdogSnapshot,
  watchdogAsset,
} from './alerts/watchdog.ts';
import type { ApiSources } from './api/sources.ts';

type Status = ReturnType<ApiSources['status']>;

interface SelfWatchOptions {
  readonly limits: WatchdogLimits;
  readonly stateDir: string;
  readonly status: () => Status;
  readonly alerting: Pick<Alerting, 'onCondition'>;
  /** Wall time of the start. */
  readonly startedAt: number;
}

/** Looks at Forewarn itself, at wall time `at`, and says to the alerting what is wrong and what no longer is. */
export function createSelfWatch(options: SelfWatchOptions): (at: number) => void {
  let memory = firstMemory(options.startedAt);
  return (at) => {
    const judged = judge(memory, snapshotOf(options.status(), options.stateDir), options.limits, at);
    memory = judged.memory;
    for (const [rule, summary] of judged.findings)
      options.alerting.onCondition(rule, watchdogAsset, summary !== null, at, () => ({
        summary: String(summary),
        channels: [],
      }));
  };
}

function snapshotOf(status: Status, stateDir: string): WatchdogSnapshot {
  const { mqtt, ingest, scoring, classes, sinks, influx, history } = status;
  const failedTrainings = new Map<string, string>();
  for (const { name, lastFailure, retraining } of classes) {
    if (lastFailure !== null) failedTrainings.set(name, lastFailure);
    else if (retraining.lastResult === 'failed')
      failedTrainings.set(name, retraining.lastReason ?? 'unknown');
  }
  const dropped = new Map([
    ['windows to score', scoring.overloaded + scoring.failed],
    ['rows to train on', history.dropped],
    ['verdicts to alert on', status.alerts.ignored],
  ]);
  const failingSinks = new Map<string, string>();
  for (const { name, lastError } of sinks) if (lastError !== null) failingSinks.set(name, lastError);
  if (influx !== null) {
    dropped.set(
      'points for InfluxDB',
      Object.values(influx.dropped).reduce((sum, count) => sum + count, 0),
    );
    // The alerts of InfluxDB are a sink of their own; one sentence on it is enough.
    if (influx.lastError !== null) failingSinks.set('influx', influx.lastError);
  }
  return {
    broker: { state: mqtt.state, messages: ingest.messages },
    failedTrainings,
    dropped,
    failingSinks,
    disk: diskOf(stateDir),
  };
}

function diskOf(stateDir: string): WatchdogSnapshot['disk'] {
  try {
    const { bavail, blocks, bsize } = statfsSync(stateDir);
    return { free: bavail * bsize, total: blocks * bsize };
  } catch {
    // A directory that is gone makes the journal fail, which the status says.
    return null;
  }
}
