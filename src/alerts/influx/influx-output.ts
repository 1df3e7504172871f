import { join } from 'node:path';
import type { Logger } from '../../log.ts';
import type { Channel, Clock, Row, Verdict } from '../../types.ts';
import type { BackoffPolicy } from '../backoff.ts';
import type { Sink } from '../sink.ts';
import { createInfluxSink } from '../sinks/influx.ts';
import { type Training, trainingLine } from './event-lines.ts';
import { createInfluxClient, type InfluxClientOptions } from './influx-client.ts';
import { createPointSpool } from './point-spool.ts';
import { PointWriter, type PointWriterStatus } from './point-writer.ts';
import { createTelemetryLines } from './telemetry-lines.ts';

export interface InfluxOutputOptions extends InfluxClientOptions {
  readonly scores: boolean;
  readonly rows: boolean;
  readonly channelErrors: boolean;
  /** Bound of what waits on disk. */
  readonly spoolBytes: number;
  readonly stateDir: string;
  readonly channels: (className: string) => readonly Channel[];
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: () => number;
  readonly flushMs?: number;
  readonly backoff?: BackoffPolicy;
  /** How long `stop` goes on writing; five seconds when left out. */
  readonly drainMs?: number;
}

/**
 * InfluxDB as a place for alerts, scores, trainings, rows and channel errors. Alerts go through the outbox, by the
 * sink; the rest through the point spool. The `on...` functions only make a line: they never wait and never throw.
 */
export interface InfluxOutput {
  readonly sink: Sink;
  onVerdict(verdict: Verdict): void;
  onRow(row: Row): void;
  /**
   * A model came into use. Its point is written again after a restart, which changes nothing in InfluxDB and makes up for
   * what a killed process had not yet on disk; not that of an old model, which a retention policy may refuse.
   */
  onTraining(training: Training): void;
  start(): void;
  /** Stop the delivery of alerts first. */
  stop(): Promise<void>;
  status(): PointWriterStatus;
}

const DEFAULT_DRAIN_MS = 5000;
/** Age of a model at the start up to which its training is written. */
const TRAINING_WRITTEN_FOR_MS = 86_400_000;

export function createInfluxOutput(options: InfluxOutputOptions): InfluxOutput {
  const { scores, rows, channelErrors, clock, log, flushMs, backoff } = options;
  const client = createInfluxClient(options);
  const lines = createTelemetryLines(options.channels);
  const spool = createPointSpool({
    directory: join(options.stateDir, 'spool', 'influx'),
    maxBytes: options.spoolBytes,
  });
  const random = options.random ?? Math.random;
  const writer = new PointWriter({ client, spool, clock, log, random, flushMs, backoff });
  const startedAt = clock();
  const write = (line: string | null): void => {
    if (line !== null) writer.add(line);
  };

  return {
    sink: createInfluxSink(client),
    onVerdict(verdict) {
      if (verdict.kind === 'unknown') return;
      if (scores) write(lines.score(verdict.score));
      if (channelErrors) write(lines.channelErrors(verdict.score));
    },
    onRow(row) {
      if (rows) write(lines.row(row));
    },
    onTraining(training) {
      if (training.at >= startedAt - TRAINING_WRITTEN_FOR_MS) write(trainingLine(training));
    },
    start: () => writer.start(),
    async stop() {
      await writer.stop(options.drainMs ?? DEFAULT_DRAIN_MS);
      client.close();
    },
    status: () => writer.status(),
  };
}
