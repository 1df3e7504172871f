import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connectAsync, type MqttClient } from 'mqtt';
import { formatProblem } from '../config/problem.ts';
import { type ClassConfig, type Config, loadConfig, resolveConfig } from '../config.ts';
import { shownUrl } from '../connections.ts';
import { createDaemon } from '../daemon.ts';
import type { DaemonParts } from '../daemon-parts.ts';
import { ForewarnError } from '../errors.ts';
import { createLogger } from '../log.ts';
import type { Alert } from '../types.ts';
import type { CommandContext } from './context.ts';
import { createProgress, type Progress } from './progress.ts';
import { type Recording, readRecording } from './recording.ts';
import { formatReport, reportReplay } from './replay-report.ts';

export interface ReplayOptions {
  readonly class: string;
  readonly config?: string;
  readonly trainRows: number;
  /** Rows a second, or `max`. */
  readonly speed: number | 'max';
  readonly broker?: string;
  readonly separator?: string;
  readonly time?: string;
  readonly channels?: string;
  readonly labels: string;
  readonly json?: boolean;
}

/** Messages between publisher and line; beyond it the publisher waits. */
const mostUnderWay = 512;
const asset = 'recording';

/**
 * Streams a CSV through a broker into a daemon of its own: the first rows train the model, the rest is scored live.
 * Label columns reach the report only. Gives exit code 0.
 */
export async function replay(file: string, options: ReplayOptions, context: CommandContext): Promise<number> {
  const list = (text: string) =>
    text
      .split(',')
      .map((part) => part.trim())
      .filter(Boolean);
  const recording = readRecording(file, {
    labels: list(options.labels),
    ...(options.separator === undefined ? {} : { separator: options.separator }),
    ...(options.time === undefined ? {} : { time: options.time }),
    ...(options.channels === undefined ? {} : { channels: list(options.channels) }),
  });
  const rows = recording.at.length;
  if (!(options.trainRows > 0 && options.trainRows < rows)) {
    throw new ForewarnError(
      'OPTION_INVALID',
      `--train-rows ${options.trainRows} does not fit a file of ${rows} rows`,
      { hint: `Give a number from 1 to ${rows - 1}.` },
    );
  }
  const stateDir = mkdtempSync(join(tmpdir(), 'forewarn-replay-'));
  const alerts = new Map<string, Alert>();
  const config = replayConfig(options, recording, stateDir, context);
  const daemon = createDaemon({
    config,
    log: createLogger({ level: 'error', format: 'pretty' }),
    clock: Date.now,
    onAlert: (alert) => alerts.set(alert.id, alert),
  });
  try {
    const parts = await daemon.start();
    const client = await connectAsync(parts.brokerUrl);
    try {
      context.out(
        `${basename(file)}: ${rows} rows, ${recording.channels.length} channels, through ${shownUrl(parts.brokerUrl)}`,
      );
      await stream({ recording, parts, client, options, context, className: options.class });
    } finally {
      await client.endAsync();
    }
    const report = reportReplay({
      recording,
      alerts: [...alerts.values()],
      parts,
      className: options.class,
      trainRows: options.trainRows,
      file: basename(file),
    });
    for (const line of formatReport(report)) context.out(line);
    if (options.json) context.out(JSON.stringify(report));
    return 0;
  } finally {
    await daemon.stop();
    rmSync(stateDir, { recursive: true, force: true });
  }
}

interface Stream {
  readonly recording: Recording;
  readonly parts: DaemonParts;
  readonly client: MqttClient;
  readonly options: ReplayOptions;
  readonly context: CommandContext;
  readonly className: string;
}

async function stream(run: Stream): Promise<void> {
  const { parts, options, context, recording } = run;
  const line = parts.pipeline.lines.get(run.className)!;
  const progress = createProgress(context);
  await waitFor(
    () => parts.subscriber.status().state === 'connected',
    'the broker took no connection',
    context.signal,
  );
  await publish(run, 0, options.trainRows, progress);
  const training = line.learner.trainNow();
  while (!(await Promise.race([training.then(() => true), sleep(100, false)]))) {
    const seen = line.learner.status().training;
    if (seen !== null)
      progress.show('training', seen.step / seen.steps, `held-out loss ${seen.heldOutLoss.toFixed(4)}`);
  }
  const { lastFailure } = line.learner.status();
  if (lastFailure !== null)
    throw new ForewarnError('TRAINING_FAILED', lastFailure, { hint: 'Give more rows with --train-rows.' });
  progress.next();
  await publish(run, options.trainRows, recording.at.length, progress);
  parts.pipeline.ingest.flush();
  await line.scorer.settled();
  parts.pipeline.alerting.flush();
  progress.next();
}

async function publish(
  { recording, parts, client, options, context, className }: Stream,
  from: number,
  to: number,
  progress: Progress,
): Promise<void> {
  const { ingest, lines } = parts.pipeline;
  const topic = topicOf(lines.get(className)!.config.topic);
  const before = ingest.stats().messages;
  const startedAt = performance.now();
  for (let row = from; row < to && !context.signal.aborted; row++) {
    const values = Object.fromEntries(
      recording.channels.map((_, channel) => [payloadKey(channel), recording.values[channel][row]]),
    );
    client.publish(topic, JSON.stringify({ ts: recording.at[row], seq: row, values }), { qos: 1 });
    while (row - from + 1 - (ingest.stats().messages - before) > mostUnderWay && !context.signal.aborted)
      await sleep(1);
    if (options.speed !== 'max') {
      const early = startedAt + ((row - from + 1) * 1000) / options.speed - performance.now();
      if (early > 1) await sleep(early);
    }
    if (row % 64 === 0)
      progress.show(from === 0 ? 'collecting' : 'watching', (row - from) / (to - from), `row ${row}`);
  }
  await waitFor(
    () => ingest.stats().messages - before >= to - from,
    'the line did not get every row',
    context.signal,
  );
}

async function waitFor(reached: () => boolean, complaint: string, signal: AbortSignal): Promise<void> {
  const until = performance.now() + 30_000;
  while (!reached()) {
    if (signal.aborted) throw new ForewarnError('REPLAY_STOPPED', 'the replay was stopped');
    if (performance.now() > until) throw new ForewarnError('REPLAY_FAILED', complaint, { retryable: true });
    await sleep(2);
  }
}

/** The class as `--config` has it, else the defaults with the file's channels and step; its own topic in either case. */
function replayConfig(
  options: ReplayOptions,
  recording: Recording,
  stateDir: string,
  context: CommandContext,
): Config {
  const document = {
    state_dir: stateDir,
    mqtt: {
      embedded: { port: 0 },
      client_id: `forewarn-replay-${Date.now() % 1e9}`,
      session_expiry: '0s',
      protocol: '3.1.1',
      ...(options.broker === undefined ? {} : { url: options.broker }),
    },
    api: { port: 0 },
    classes: {
      [options.class]: {
        topic: `forewarn-replay/${Date.now()}/{asset}/telemetry`,
        channels: Object.fromEntries(
          recording.channels.map((name, i) => [name, { path: `values.${payloadKey(i)}` }]),
        ),
        sample_every: `${recording.sampleEveryMs}ms`,
        train: { after: 10_000_000 },
        online: false,
        retrain: { schedule: null },
        alert: { silent_after: '0s' },
      },
    },
  };
  const { config, problems } = resolveConfig(document, { env: context.env, baseDir: '.' });
  if (config === null) throw new ForewarnError('OPTION_INVALID', problems.map(formatProblem).join('\n'));
  if (options.config === undefined) return config;
  const own = loadConfig(options.config, context.env).classes.find(({ name }) => name === options.class);
  if (own === undefined)
    throw new ForewarnError('OPTION_INVALID', `${options.config} has no class ${options.class}`, {
      hint: 'Name one of its classes with --class.',
    });
  return { ...config, classes: [withRecording(own, config.classes[0])] };
}

/** The settings of the configured class on the recording's topic and payload; training starts when the rows are in. */
function withRecording(own: ClassConfig, made: ClassConfig): ClassConfig {
  const missing = own.channels.find(({ name }) => !made.channels.some((channel) => channel.name === name));
  if (missing !== undefined)
    throw new ForewarnError(
      'OPTION_INVALID',
      `the file has no column for channel ${missing.name} of class ${own.name}`,
    );
  return {
    ...own,
    topic: made.topic,
    channels: own.channels.map((channel) => ({
      ...channel,
      path: made.channels.find(({ name }) => name === channel.name)!.path,
    })),
    timePath: 'ts',
    timeUnit: 'ms',
    train: { ...own.train, after: made.train.after },
    online: made.online,
    retrain: made.retrain,
    alert: { ...own.alert, silentAfterMs: 0 },
  };
}

function topicOf(template: string): string {
  return template.replace('{asset}', asset);
}

/** Column names may hold dots, which would lead into the payload; so they are not used in it. */
function payloadKey(channel: number): string {
  return `c${channel}`;
}
