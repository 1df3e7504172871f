import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openJournal } from '../alerts/journal.ts';
import type { Config } from '../config.ts';
import { ForewarnError } from '../errors.ts';
import type { EvaluationGroup, LabelledStream } from '../evaluation/protocol.ts';
import type { StreamTrace } from '../evaluation/trace.ts';
import { createFleet, type Fleet } from '../fleet.ts';
import type { Logger } from '../log.ts';
import type { Engine } from '../models/engine.ts';
import type { Learner, LearnerOptions } from '../models/learner.ts';
import { createRegistry } from '../models/registry.ts';
import type { Scorer } from '../models/scorer.ts';
import { connectPipeline, type Pipeline } from '../pipeline.ts';
import type { Alert } from '../types.ts';
import { payloadKey, streamAsset, streamTopic } from './evaluate-config.ts';
import { StreamRecorder } from './stream-recorder.ts';

export interface WatchOptions {
  readonly group: EvaluationGroup;
  /** {@link messagesOf} every stream, which all seeds share. */
  readonly messages: readonly (readonly Buffer[])[];
  readonly config: Config;
  readonly engine: Engine;
  readonly train: LearnerOptions['train'];
  readonly log: Logger;
  /** Keep each channel's share of every score. */
  readonly attribution: boolean;
  readonly signal: AbortSignal;
}

export interface WatchedGroup {
  /** One a stream, in their order. */
  readonly traces: readonly StreamTrace[];
  /** Why there is no model, where the data is too short for one; every verdict is then unknown. */
  readonly untrained: string | null;
  readonly trainSeconds: number;
}

/** Rows between two looks at what waits: eight batches, which the engine computes side by side. */
const rowsAtOnce = 2048;

/**
 * Sends the rows of a group through the data path as messages: first all that is trained on, then the rest of each stream
 * under a model that no longer changes. Time is that of the messages. Throws `EVALUATION_STOPPED` when `signal` aborts, and
 * whatever training throws but TRAINING_DATA_TOO_SHORT.
 */
export async function watchGroup(options: WatchOptions): Promise<WatchedGroup> {
  const { group, config, signal } = options;
  let now = 0;
  const clock = () => now;
  const recorders = group.streams.map(
    (stream) => new StreamRecorder(stream, group.channels, options.attribution),
  );
  const byAsset = new Map(recorders.map((recorder, i) => [streamAsset(i), recorder]));
  const alerts = new Map<string, Alert>();
  let failure: unknown = null;
  mkdirSync(config.stateDir, { recursive: true });
  const journal = openJournal({ file: join(config.stateDir, 'alerts.db'), clock });
  const pipeline: Pipeline = connectPipeline({
    config,
    registry: createRegistry(join(config.stateDir, 'models')),
    journal,
    engine: options.engine,
    fleet: tapped(byAsset, clock, config, () => pipeline),
    clock,
    log: options.log,
    train: (order, onProgress, abort) =>
      options.train(order, onProgress, abort).catch((error: unknown) => {
        failure = error;
        throw error;
      }),
    onAlert: (alert) => void alerts.set(alert.id, alert),
    onBatch: () => undefined,
  });
  const { learner, scorer } = pipeline.lines.get(config.classes[0].name)!;
  let sent = 0;

  const send = async (index: number, from: number, to: number): Promise<void> => {
    const stream = group.streams[index];
    const topic = streamTopic(index);
    const messages = options.messages[index];
    for (let row = from; row < to; row++) {
      now = stream.at[row];
      recorders[index].row = row;
      pipeline.ingest.accept(topic, messages[row], { retain: false });
      if (++sent % rowsAtOnce !== 0) continue;
      await scorer.settled();
      await nextTurn();
      if (signal.aborted) throw new ForewarnError('EVALUATION_STOPPED', 'the evaluation was stopped');
    }
  };

  const stopTraining = () => learner.stop();
  signal.addEventListener('abort', stopTraining, { once: true });
  try {
    for (const [index, { trainRows }] of group.streams.entries()) await send(index, 0, trainRows);
    const startedAt = performance.now();
    await learner.trainNow();
    const trainSeconds = (performance.now() - startedAt) / 1000;
    if (signal.aborted) throw new ForewarnError('EVALUATION_STOPPED', 'the evaluation was stopped');
    const untrained = whyUntrained(learner, failure);
    for (const [index, { trainRows, at }] of group.streams.entries()) await send(index, trainRows, at.length);
    pipeline.ingest.flush();
    await scorer.settled();
    pipeline.alerting.flush();
    assertComplete(pipeline, scorer, group);
    for (const alert of alerts.values()) byAsset.get(alert.assetId)?.onAlert(alert);
    return {
      traces: recorders.map((recorder) => recorder.trace()),
      untrained,
      trainSeconds,
    };
  } finally {
    signal.removeEventListener('abort', stopTraining);
    learner.stop();
    await scorer.stop();
    pipeline.alerting.stop();
    journal.close();
  }
}

/** The fleet of the daemon, with a record of what comes by. */
function tapped(
  byAsset: ReadonlyMap<string, StreamRecorder>,
  clock: () => number,
  config: Config,
  pipeline: () => Pipeline,
): Fleet {
  const fleet = createFleet({
    history: 1,
    clock,
    channelsOf: () => config.classes[0].channels,
    alertOf: (assetId, rule) => pipeline().alerting.current(assetId, rule)?.alert?.id ?? null,
  });
  return {
    ...fleet,
    onRow(row) {
      byAsset.get(row.asset.id)!.onRow(row.at);
      fleet.onRow(row);
    },
    onVerdict(verdict) {
      byAsset.get(verdict.asset.id)!.onVerdict(verdict);
      fleet.onVerdict(verdict);
    },
  };
}

/** The messages of a stream, as its machine would send them; missing values are left out. */
export function messagesOf({ at, values }: LabelledStream): Buffer[] {
  const keys = values.map((_, channel) => `"${payloadKey(channel)}":`);
  return Array.from({ length: at.length }, (_, row) => {
    let fields = '';
    for (let channel = 0; channel < keys.length; channel++) {
      const value = values[channel][row];
      if (Number.isFinite(value)) fields += (fields === '' ? '' : ',') + keys[channel] + value;
    }
    return Buffer.from(`{"ts":${at[row]},"seq":${row},"values":{${fields}}}`);
  });
}

/** Null when the class has a model. Too little data is an outcome; all else that training may throw is thrown. */
function whyUntrained(learner: Learner, failure: unknown): string | null {
  const { phase, lastFailure } = learner.status();
  if (phase === 'ready') return null;
  if (failure instanceof ForewarnError && failure.code === 'TRAINING_DATA_TOO_SHORT') return failure.message;
  throw failure ?? new ForewarnError('TRAINING_FAILED', lastFailure ?? 'training gave no model');
}

/** What was lost on the way would count as rows without an alert, and nobody would see it. */
function assertComplete({ ingest, alerting }: Pipeline, scorer: Scorer, group: EvaluationGroup): void {
  const { journalError } = alerting.status();
  if (journalError !== null) throw new ForewarnError('JOURNAL_FAILED', journalError);
  const { failed, overloaded } = scorer.stats();
  if (failed + overloaded > 0) {
    throw new ForewarnError('ENGINE_FAILED', `${group.name}: ${failed + overloaded} windows were not scored`);
  }
  const { refused } = ingest.stats();
  // A row without any value is no mistake: the machine sent nothing that could be read.
  const reasons = Object.entries(refused).filter(([reason, count]) => count > 0 && reason !== 'no_channels');
  if (reasons.length === 0) return;
  const counts = reasons.map(([reason, count]) => `${count} ${reason}`).join(', ');
  throw new ForewarnError('EVALUATION_ROWS_REFUSED', `${group.name}: rows were refused: ${counts}`);
}
