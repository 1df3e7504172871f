import { hostname } from 'node:os';
import type { Grouping } from './alerts/group-table.ts';
import type { Sink } from './alerts/sink.ts';
import { type AlertmanagerSink, createAlertmanagerSink } from './alerts/sinks/alertmanager.ts';
import type { MqttOutput, MqttOutputOptions } from './alerts/sinks/mqtt.ts';
import { EMAIL_SINK, MQTT_SINK } from './alerts/sinks/sink-names.ts';
import type { Standing } from './alerts/sinks/standing.ts';
import { createWebhookSink } from './alerts/sinks/webhook.ts';
import type { Config } from './config.ts';
import type { Logger } from './log.ts';
import type { Clock, Verdict } from './types.ts';
import { version } from './version.ts';

export interface AlertOutputsOptions {
  /** What fires, for outputs that show a state. */
  readonly standing: Standing;
  /** Where people reach this Forewarn, without a slash at its end; asked for at each notification. */
  readonly externalUrl: () => string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The places that alerts go to, InfluxDB apart. */
export interface AlertOutputs {
  readonly sinks: readonly Sink[];
  onVerdict(verdict: Verdict): void;
  /** `brokerUrl` is the broker of the telemetry. */
  start(brokerUrl: string): void;
  /** Stop the delivery of alerts first. */
  stop(): Promise<void>;
}

type Outputs = Pick<Config, 'webhooks' | 'mqttOutput' | 'email'>;

/** What the outbox calls them. */
export function sinkNames({ webhooks, mqttOutput, email }: Outputs): string[] {
  return [
    ...webhooks.map(({ name }) => name),
    ...(mqttOutput === null ? [] : [MQTT_SINK]),
    ...(email === null ? [] : [EMAIL_SINK]),
  ];
}

/** Those that are told of groups. The others show what stands now, and need to hear of each alert. */
export function groupedSinkNames({
  webhooks,
  email,
}: Pick<Outputs, 'webhooks' | 'email'>): ReadonlySet<string> {
  const grouped = webhooks.filter(({ format }) => format.kind !== 'alertmanager_api');
  return new Set([...grouped.map(({ name }) => name), ...(email === null ? [] : [EMAIL_SINK])]);
}

/** How the journal tells alerts in groups. */
export function groupingOf(config: Config): Grouping {
  const called = new Set(config.escalation.flatMap(({ sinks }) => sinks));
  return { ...config.grouping, sinks: groupedSinkNames(config), called };
}

/** Makes all of them as the configuration has them. Clients are loaded only when they are used, since that takes its time. */
export async function createAlertOutputs(
  config: Config,
  options: AlertOutputsOptions,
): Promise<AlertOutputs> {
  const { clock, log, standing, externalUrl } = options;
  const repeating: AlertmanagerSink[] = [];
  const webhooks = config.webhooks.map((webhook) => {
    const made = { ...webhook, bearerToken: webhook.bearer, version, clock, externalUrl };
    if (webhook.format.kind !== 'alertmanager_api') return createWebhookSink(made);
    const sink = createAlertmanagerSink({ ...made, standing, log });
    repeating.push(sink);
    return sink;
  });
  const mqtt = await mqttOutput(config, options);
  const email = await emailSink(config, options);
  return {
    sinks: [...webhooks, ...(mqtt === null ? [] : [mqtt.sink]), ...(email === null ? [] : [email])],
    onVerdict: (verdict) => mqtt?.onVerdict(verdict),
    start(brokerUrl) {
      for (const sink of repeating) sink.start();
      mqtt?.start(config.mqttOutput?.broker?.url ?? brokerUrl);
    },
    async stop() {
      await Promise.all([...repeating.map((sink) => sink.stop()), mqtt?.stop()]);
    },
  };
}

/** MQTT as the configuration has it, with `changes`; null when it is not wanted. */
export async function mqttOutput(
  { mqtt, mqttOutput: wanted }: Config,
  { log, standing, externalUrl }: Pick<AlertOutputsOptions, 'log' | 'standing' | 'externalUrl'>,
  changes: Partial<MqttOutputOptions> = {},
): Promise<MqttOutput | null> {
  if (wanted === null) return null;
  const { createMqttOutput } = await import('./alerts/sinks/mqtt.ts');
  const { prefix, scores, timeoutMs, broker } = wanted;
  const login =
    broker === null
      ? { username: mqtt.username, password: mqtt.password, tls: mqtt.tls }
      : { ...broker, tls: { ...broker.tls, serverName: null } };
  return createMqttOutput({
    ...login,
    clientId: `${mqtt.clientId}-alerts`,
    // The embedded broker speaks 3.1.1 only.
    protocolVersion: broker === null && mqtt.url === null ? 4 : mqtt.protocolVersion,
    prefix,
    scores,
    timeoutMs,
    version,
    standing,
    externalUrl,
    log,
    ...changes,
  });
}

async function emailSink(
  { email }: Config,
  { log, externalUrl }: Pick<AlertOutputsOptions, 'log' | 'externalUrl'>,
): Promise<Sink | null> {
  if (email === null) return null;
  const { createEmailSink } = await import('./alerts/sinks/email.ts');
  return createEmailSink({ ...email, log, externalUrl });
}

/**
 * Where people reach this Forewarn: what the configuration says, else the API's own address. Who listens on every
 * address is reached under the name of the machine. `listening` is the API's URL once it is known.
 */
export function externalUrl({ api }: Pick<Config, 'api'>, listening: string): string {
  if (api.externalUrl !== null) return api.externalUrl;
  const url = new URL(listening === '' ? `http://${bracketed(api.host)}:${api.port}` : listening);
  if (api.host === '0.0.0.0' || api.host === '::') url.hostname = hostname();
  return url.origin;
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
