import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import type { EscalationConfig } from './alerts/escalation.ts';
import type { GroupPolicy } from './alerts/noise/group-policy.ts';
import type { NoiseConfig } from './alerts/noise/noise-control.ts';
import { type ChannelConfig, channelConfigs } from './config/channel-config.ts';
import { crossCheck } from './config/cross-check.ts';
import { durationMs } from './config/duration.ts';
import { escalationConfig } from './config/escalation-config.ts';
import { type InfluxConfig, influxConfig } from './config/influx-config.ts';
import { groupingConfig, noiseConfig } from './config/noise-config.ts';
import { type NotificationConfig, notificationConfig } from './config/notification-config.ts';
import { formatProblem, type Problem } from './config/problem.ts';
import { type RetrainConfig, retrainConfig } from './config/retrain-config.ts';
import type { ConfigFile } from './config/schema.ts';
import { type Environment, readFile, readSecret } from './config/secret.ts';
import { validateAgainstSchema } from './config/validate.ts';
import { type WatchdogConfig, watchdogConfig } from './config/watchdog-config.ts';
import { ForewarnError, messageOf } from './errors.ts';
import { parseTopicTemplate } from './ingest/topic-template.ts';
import type { LogLevel } from './log.ts';
import type { EngineChoice } from './models/engine-choice.ts';
import type { AlertPriority } from './types.ts';

/** One asset class, with durations as milliseconds and channels as a list. */
export interface ClassConfig {
  readonly name: string;
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
  readonly channels: readonly ChannelConfig[];
  readonly timePath: string | null;
  readonly timeUnit: 'auto' | 'ms' | 's' | 'iso';
  readonly maxAheadMs: number;
  readonly sampleEveryMs: number;
  readonly aggregate: 'first' | 'mean';
  readonly windowLength: number;
  readonly stride: number;
  readonly minCoverage: number;
  /** Whether the online model scores until there is a trained one. */
  readonly online: boolean;
  readonly train: ConfigFile['classes'][string]['train'];
  readonly retrain: RetrainConfig;
  readonly score: ConfigFile['classes'][string]['score'];
  /** How an asset's usual error moves; null = not at all. */
  readonly baseline: { readonly timeMs: number; readonly most: number } | null;
  readonly alert: {
    readonly raise: number;
    readonly clear: number;
    readonly raiseOn: { readonly windows: number; readonly of: number };
    readonly forMs: number;
    readonly clearAfter: number;
    readonly keepFiringForMs: number;
    readonly consequence: AlertPriority;
    readonly action: string | null;
    /** 0 = never. */
    readonly silentAfterMs: number;
  };
}

/** The configuration as the daemon uses it: complete, checked, frozen, with its secrets read. Never log it. */
export interface Config extends NotificationConfig, WatchdogConfig {
  readonly stateDir: string;
  readonly log: { readonly level: LogLevel; readonly format: 'auto' | 'json' | 'pretty' };
  readonly mqtt: {
    /** null = the embedded broker. */
    readonly url: string | null;
    readonly embedded: { readonly host: string; readonly port: number };
    readonly clientId: string;
    readonly protocolVersion: 4 | 5;
    readonly sessionExpiryMs: number;
    readonly username: string | null;
    readonly password: string | null;
    readonly tls: {
      readonly ca: string | null;
      readonly cert: string | null;
      readonly key: string | null;
      readonly serverName: string | null;
      readonly verify: boolean;
    };
  };
  readonly api: {
    readonly host: string;
    readonly port: number;
    /** Without a slash at its end; null = the own address. */
    readonly externalUrl: string | null;
  };
  readonly engine: EngineChoice;
  readonly limits: {
    readonly payloadBytes: number;
    readonly assets: number;
    readonly windowsWaiting: number;
  };
  readonly classes: readonly ClassConfig[];
  /** null = none. */
  readonly influx: InfluxConfig | null;
  readonly noise: NoiseConfig;
  readonly grouping: GroupPolicy;
  readonly escalation: readonly EscalationConfig[];
  readonly retention: {
    readonly alertsMs: number;
    readonly models: number;
    readonly history: { readonly ageMs: number; readonly bytes: number };
  };
}

export interface LoadContext {
  readonly env: Environment;
  /** Relative paths in the file start here. */
  readonly baseDir: string;
}

/** Reads and checks a configuration file. Throws CONFIG_UNREADABLE or CONFIG_INVALID; opens no socket. */
export function loadConfig(path: string, env: Environment): Config {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const hint = 'Give the path of a readable YAML file with --config.';
    throw new ForewarnError('CONFIG_UNREADABLE', `${path}: ${messageOf(error)}`, { cause: error, hint });
  }
  const { config, problems } = parseConfig(text, { env, baseDir: dirname(resolve(path)) });
  if (config === null) throw configInvalid(path, problems);
  return config;
}

function configInvalid(path: string, problems: readonly Problem[]): ForewarnError {
  const lines = problems.map((problem) => `  ${formatProblem(problem)}`);
  const count = problems.length === 1 ? '1 mistake' : `${problems.length} mistakes`;
  return new ForewarnError('CONFIG_INVALID', `${path} has ${count}:\n${lines.join('\n')}`);
}

/** Parses and checks YAML text; all problems are listed, and `config` is null when there is one. */
export function parseConfig(
  text: string,
  context: LoadContext,
): { config: Config | null; problems: Problem[] } {
  const yaml = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
  if (yaml.errors.length > 0) {
    const mend = 'Mend the YAML; indentation and colons are the usual cause.';
    return {
      config: null,
      problems: yaml.errors.map((error) => ({
        path: '',
        value: undefined,
        message: error.message.trim(),
        mend,
      })),
    };
  }
  return resolveConfig(yaml.toJS({ maxAliasCount: 100 }), context);
}

/** Checks a document that is already parsed and turns it into the {@link Config}. */
export function resolveConfig(
  document: unknown,
  context: LoadContext,
): { config: Config | null; problems: Problem[] } {
  const { file, problems, unsound } = validateAgainstSchema(document);
  const sound = soundPart(file, unsound);
  if (sound === null) return { config: null, problems };
  problems.push(...crossCheck(sound), ...topicProblems(sound));
  const config = build(sound, { ...context, problems });
  return { config: problems.length === 0 ? deepFreeze(config) : null, problems };
}

/**
 * The file without the sections that are wrong by themselves, whose cross-check would only repeat the complaint, so that
 * all mistakes of the others are told at once; null when a section is wrong that the others need.
 */
function soundPart(file: ConfigFile, unsound: ReadonlySet<string>): ConfigFile | null {
  if (unsound.has('') || unsound.has('classes') || typeof file.classes !== 'object') return null;
  const { file: defaults } = validateAgainstSchema({ classes: {} });
  const sections = Object.entries(file).filter(([section]) => !unsound.has(section));
  const classes = Object.entries(file.classes).filter(([name]) => !unsound.has(`classes.${name}`));
  return { ...defaults, ...Object.fromEntries(sections), classes: Object.fromEntries(classes) };
}

function topicProblems(file: ConfigFile): Problem[] {
  const problems: Problem[] = [];
  for (const [name, options] of Object.entries(file.classes)) {
    try {
      parseTopicTemplate(options.topic);
    } catch (error) {
      const mend =
        (error instanceof ForewarnError && error.hint) ||
        'Write it like plant/{site}/{line}/{asset}/telemetry.';
      problems.push({ path: `classes.${name}.topic`, value: options.topic, message: messageOf(error), mend });
    }
  }
  return problems;
}

function build(file: ConfigFile, context: LoadContext & { problems: Problem[] }): Config {
  const { mqtt } = file;
  const pem = (name: 'ca_file' | 'cert_file' | 'key_file') => {
    const shown = mqtt.tls[name];
    return shown === undefined
      ? null
      : readFile(resolve(context.baseDir, shown), shown, `mqtt.tls.${name}`, context);
  };
  return {
    stateDir: stateDir(file, context),
    log: file.log,
    mqtt: {
      url: mqtt.url === 'embedded' ? null : mqtt.url,
      embedded: mqtt.embedded,
      clientId: mqtt.client_id,
      protocolVersion: mqtt.protocol === '5' ? 5 : 4,
      sessionExpiryMs: durationMs(mqtt.session_expiry),
      username: mqtt.username ?? null,
      password: readSecret(mqtt.password, 'mqtt.password', context),
      tls: {
        ca: pem('ca_file'),
        cert: pem('cert_file'),
        key: pem('key_file'),
        serverName: mqtt.tls.server_name ?? null,
        verify: mqtt.tls.verify,
      },
    },
    api: {
      host: file.api.host,
      port: file.api.port,
      externalUrl: file.api.external_url?.replace(/\/+$/, '') ?? null,
    },
    engine: file.engine as EngineChoice,
    limits: {
      payloadBytes: file.limits.payload_bytes,
      assets: file.limits.assets,
      windowsWaiting: file.limits.windows_waiting,
    },
    classes: Object.entries(file.classes).map(([name, options]) => buildClass(name, options)),
    ...notificationConfig(file, context),
    ...watchdogConfig(file),
    influx: influxConfig(file, context),
    noise: noiseConfig(file, context),
    grouping: groupingConfig(file, context),
    escalation: escalationConfig(file, context),
    retention: {
      alertsMs: durationMs(file.retention.alerts),
      models: file.retention.models,
      history: {
        ageMs: durationMs(file.retention.history.age),
        bytes: file.retention.history.bytes,
      },
    },
  };
}

function stateDir(file: ConfigFile, context: LoadContext): string {
  if (file.state_dir !== undefined) return resolve(context.baseDir, file.state_dir);
  return context.env.STATE_DIRECTORY ?? resolve('state');
}

function buildClass(name: string, options: ConfigFile['classes'][string]): ClassConfig {
  return {
    name,
    topic: options.topic,
    qos: options.qos as 0 | 1 | 2,
    channels: channelConfigs(options),
    timePath: options.time.path,
    timeUnit: options.time.unit as ClassConfig['timeUnit'],
    maxAheadMs: durationMs(options.time.max_ahead),
    sampleEveryMs: durationMs(options.sample_every),
    aggregate: options.aggregate as ClassConfig['aggregate'],
    windowLength: options.window.length,
    stride: options.window.stride,
    minCoverage: options.window.min_coverage,
    online: options.online,
    train: options.train,
    retrain: retrainConfig(options.retrain),
    score: options.score,
    baseline:
      options.score.baseline.time === null
        ? null
        : { timeMs: durationMs(options.score.baseline.time), most: options.score.baseline.most },
    alert: {
      raise: options.alert.raise,
      clear: options.alert.clear,
      raiseOn: options.alert.raise_on,
      forMs: durationMs(options.alert.for),
      clearAfter: options.alert.clear_after,
      keepFiringForMs: durationMs(options.alert.keep_firing_for),
      consequence: options.alert.consequence as AlertPriority,
      action: options.alert.action ?? null,
      silentAfterMs: durationMs(options.alert.silent_after),
    },
  };
}

function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  for (const part of Object.values(value)) deepFreeze(part);
  return Object.freeze(value);
}
