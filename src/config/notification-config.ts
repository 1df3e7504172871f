import { resolve } from 'node:path';
import type { TlsOptions } from '../alerts/sinks/tls-options.ts';
import type { WebhookFormat } from '../alerts/sinks/webhook-body.ts';
import { durationMs } from './duration.ts';
import type { Problem } from './problem.ts';
import type { ConfigFile } from './schema.ts';
import { type Environment, readFile, readSecret } from './secret.ts';

export interface WebhookConfig {
  readonly name: string;
  readonly url: string;
  readonly format: WebhookFormat;
  readonly timeoutMs: number;
  readonly bearer: string | null;
  readonly secret: string | null;
  readonly tls: TlsOptions;
  readonly allowLinkLocal: boolean;
}

export interface MqttOutputConfig {
  /** null = the broker of the telemetry, with its login. */
  readonly broker: {
    readonly url: string;
    readonly username: string | null;
    readonly password: string | null;
    readonly tls: TlsOptions;
  } | null;
  readonly prefix: string;
  readonly scores: boolean;
  readonly timeoutMs: number;
}

export interface EmailConfig {
  readonly host: string;
  readonly port: number;
  readonly encryption: 'starttls' | 'implicit' | 'none';
  readonly username: string | null;
  readonly password: string | null;
  readonly from: string;
  readonly to: readonly string[];
  readonly tls: TlsOptions;
  readonly timeoutMs: number;
}

export interface NotificationConfig {
  readonly webhooks: readonly WebhookConfig[];
  /** null = none. */
  readonly mqttOutput: MqttOutputConfig | null;
  /** null = none. */
  readonly email: EmailConfig | null;
}

interface Context {
  readonly env: Environment;
  readonly baseDir: string;
  readonly problems: Problem[];
}

/** Where alerts go beside InfluxDB, with durations as milliseconds and secrets and certificates read. */
export function notificationConfig(file: ConfigFile, context: Context): NotificationConfig {
  return {
    webhooks: file.webhooks.map((webhook, index) => webhookConfig(webhook, `webhooks.${index}`, context)),
    mqttOutput: mqttOutputConfig(file.mqtt_output, context),
    email: emailConfig(file.email, context),
  };
}

type WebhookFile = ConfigFile['webhooks'][number];

function webhookConfig(webhook: WebhookFile, path: string, context: Context): WebhookConfig {
  const routingKey = readSecret(webhook.routing_key, `${path}.routing_key`, context);
  return {
    name: webhook.name,
    url: webhook.url ?? secretUrl(webhook, `${path}.url_from`, context),
    format: formatOf(webhook, routingKey),
    timeoutMs: durationMs(webhook.timeout),
    bearer: readSecret(webhook.bearer, `${path}.bearer`, context),
    secret: readSecret(webhook.secret, `${path}.secret`, context),
    tls: tlsOptions(webhook.tls, `${path}.tls`, context),
    allowLinkLocal: webhook.allow_link_local,
  };
}

function secretUrl(webhook: WebhookFile, path: string, context: Context): string {
  const url = readSecret(webhook.url_from, path, context);
  if (url === null || (/^https?:/.test(url) && URL.canParse(url))) return url ?? '';
  const mend = 'Put the whole address there, such as https://hooks.example/services/...';
  context.problems.push({
    path,
    value: '(hidden)',
    message: 'does not hold an http:// or https:// address',
    mend,
  });
  return '';
}

/** What the format needs is there: {@link checkNotifications} has looked. */
function formatOf({ format, template = '' }: WebhookFile, routingKey: string | null): WebhookFormat {
  if (format === 'pagerduty') return { kind: 'pagerduty', routingKey: routingKey ?? '' };
  if (format === 'template') return { kind: 'template', template };
  return { kind: format as 'alertmanager' | 'alertmanager_api' | 'slack' | 'teams' };
}

function mqttOutputConfig(options: ConfigFile['mqtt_output'], context: Context): MqttOutputConfig | null {
  const password = readSecret(options.password, 'mqtt_output.password', context);
  const tls = tlsOptions(options.tls, 'mqtt_output.tls', context);
  if (!options.enabled) return null;
  const { url, username = null } = options;
  return {
    broker: url === undefined ? null : { url, username, password, tls },
    prefix: options.prefix,
    scores: options.scores,
    timeoutMs: durationMs(options.timeout),
  };
}

function emailConfig(options: ConfigFile['email'], context: Context): EmailConfig | null {
  const password = readSecret(options.password, 'email.password', context);
  const tls = tlsOptions(options.tls, 'email.tls', context);
  const { host, from } = options;
  if (host === undefined || from === undefined) return null;
  return {
    host,
    port: options.port,
    encryption: options.encryption as EmailConfig['encryption'],
    username: options.username ?? null,
    password,
    from,
    to: options.to,
    tls,
    timeoutMs: durationMs(options.timeout),
  };
}

function tlsOptions(options: ConfigFile['email']['tls'], path: string, context: Context): TlsOptions {
  const pem = (name: 'ca_file' | 'cert_file' | 'key_file') => {
    const shown = options[name];
    return shown === undefined
      ? null
      : readFile(resolve(context.baseDir, shown), shown, `${path}.${name}`, context);
  };
  return { ca: pem('ca_file'), cert: pem('cert_file'), key: pem('key_file'), verify: options.verify };
}
