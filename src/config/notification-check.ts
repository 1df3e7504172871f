import { isLinkLocal } from '../alerts/sinks/link-local.ts';
import { EMAIL_SINK, MQTT_SINK } from '../alerts/sinks/sink-names.ts';
import { createTemplateBody } from '../alerts/sinks/template-payload.ts';
import { ForewarnError, messageOf } from '../errors.ts';
import { durationMs } from './duration.ts';
import type { Problem } from './problem.ts';
import type { ConfigFile } from './schema.ts';

type Say = (option: string, value: unknown, message: string, mend: string) => void;

/** Finds combinations that cannot work among the places that alerts go to. */
export function checkNotifications(file: ConfigFile): Problem[] {
  const problems: Problem[] = [];
  const sayAt =
    (section: string): Say =>
    (option, value, message, mend) => {
      problems.push({ path: `${section}.${option}`, value, message, mend });
    };
  const taken = new Map<string, string>();
  if (file.mqtt_output.enabled) taken.set(MQTT_SINK, 'is the name of `mqtt_output` itself');
  if (file.email.host !== undefined) taken.set(EMAIL_SINK, 'is the name of `email` itself');
  for (const [index, webhook] of file.webhooks.entries()) {
    const say = sayAt(`webhooks.${index}`);
    const clash = taken.get(webhook.name);
    if (clash !== undefined) {
      say(
        'name',
        webhook.name,
        clash,
        'Give every receiver its own name; undelivered alerts are kept under it.',
      );
    }
    taken.set(webhook.name, 'is used twice');
    checkWebhook(webhook, say);
  }
  checkMqttOutput(file, sayAt('mqtt_output'));
  checkEmail(file.email, sayAt('email'));
  return problems;
}

function checkWebhook(webhook: ConfigFile['webhooks'][number], say: Say): void {
  const { url, url_from, format, template, routing_key, tls, allow_link_local } = webhook;
  if (url === undefined && url_from === undefined)
    say('url', undefined, 'is missing', 'Add it, or `url_from`.');
  if (url !== undefined && url_from !== undefined) {
    say('url', undefined, 'is given beside `url_from`', 'Remove one of them.');
  }
  if (url !== undefined && !URL.canParse(url)) {
    say('url', url, 'is not a usable address', 'Write it like https://ops.example/hook.');
  } else if (url !== undefined) {
    const { username, password, hostname } = new URL(url);
    if (username !== '' || password !== '') {
      const mend = 'Use `bearer`, or `url_from`, which keep the secret out of the file and the log.';
      say('url', '(hidden)', 'contains a user name or password', mend);
    } else if (!allow_link_local && isLinkLocal(hostname)) {
      const mend = 'Give another address, or set `allow_link_local: true` if it is meant.';
      say('url', url, 'is a link-local address or one of cloud metadata', mend);
    }
  }
  const needs = (option: 'template' | 'routing_key', owner: string, given: boolean) => {
    if (format === owner && !given) say(option, undefined, `is missing for format ${owner}`, 'Add it.');
    if (format !== owner && given) {
      say(option, undefined, `has no use with format ${format}`, `Remove it, or set \`format: ${owner}\`.`);
    }
  };
  needs('template', 'template', template !== undefined);
  needs('routing_key', 'pagerduty', routing_key !== undefined);
  if (format === 'template' && template !== undefined) checkTemplate(template, say);
  checkPair(tls, say);
  checkTimeout(webhook.timeout, say);
}

function checkTemplate(template: string, say: Say): void {
  try {
    createTemplateBody(template);
  } catch (error) {
    const mend = (error instanceof ForewarnError && error.hint) || 'Correct it.';
    say('template', template, messageOf(error), mend);
  }
}

function checkMqttOutput({ mqtt_output: options, mqtt, classes }: ConfigFile, say: Say): void {
  const { url, username, password, tls, prefix, enabled } = options;
  const own = [username, password, tls.ca_file, tls.cert_file].some((option) => option !== undefined);
  if (url === undefined && own) {
    const mend = 'Add the address of the other broker, or remove login and TLS: those of `mqtt` are used.';
    say('url', undefined, 'is missing although a login or TLS of another broker is given', mend);
  } else if (url !== undefined && !URL.canParse(url)) {
    say('url', url, 'is not a usable address', 'Write it like mqtts://broker.plant.example:8883.');
  } else if (url !== undefined) {
    const parsed = new URL(url);
    if (parsed.username !== '' || parsed.password !== '') {
      const mend = 'Use `username` and `password`, which keep the secret out of the file and the log.';
      say('url', '(hidden)', 'contains a user name or password', mend);
    } else if (password && !/^(mqtts|wss):/.test(url) && !isLoopback(parsed.hostname)) {
      const mend = 'Use mqtts://, or set `allow_cleartext_password: true` if the network is trusted.';
      if (!options.allow_cleartext_password) say('url', url, 'would send the password in clear text', mend);
    }
  }
  if (password && !username) say('username', undefined, 'is missing although a password is given', 'Add it.');
  checkPair(tls, say);
  checkTimeout(options.timeout, say);
  if (!enabled || (url !== undefined && url !== mqtt.url)) return;
  for (const [name, { topic }] of Object.entries(classes)) {
    if (!catches(topic, prefix)) continue;
    const mend = 'Choose another prefix, or make the topic of the class more specific.';
    say('prefix', prefix, `makes topics that class ${name} takes for telemetry (${topic})`, mend);
  }
}

/** Whether a topic template catches what is published of an asset with some id under the prefix. */
function catches(template: string, prefix: string): boolean {
  const levels = template.split('/');
  return ['alerts', 'scores'].some((kind) => {
    const own = [...prefix.split('/'), kind];
    const wild = (level: string) => /[{+#]/.test(level);
    return (
      levels.length > own.length &&
      levels.every((level, i) => wild(level) || (own[i] !== undefined && own[i] === level))
    );
  });
}

function checkEmail(email: ConfigFile['email'], say: Say): void {
  const { host, from, to, username, password, encryption, tls } = email;
  if (host === undefined) {
    const needless = from !== undefined || to.length > 0 || username !== undefined || password !== undefined;
    if (needless) {
      say('host', undefined, 'is missing although other options are given', 'Add it, or remove them.');
    }
  } else {
    if (from === undefined) say('from', undefined, 'is missing', 'Add the address that mails come from.');
    if (to.length === 0) say('to', to, 'names nobody', 'Add at least one address.');
    if (password && encryption === 'none' && !isLoopback(host)) {
      const mend = 'Set `encryption` to starttls or implicit.';
      say('encryption', encryption, 'would send the password in clear text', mend);
    }
  }
  if (password && !username) say('username', undefined, 'is missing although a password is given', 'Add it.');
  if (username && !password) say('password', undefined, 'is missing although a user is named', 'Add it.');
  checkPair(tls, say);
  checkTimeout(email.timeout, say);
}

function checkPair(tls: { cert_file?: string; key_file?: string }, say: Say): void {
  if (Boolean(tls.cert_file) === Boolean(tls.key_file)) return;
  say('tls', undefined, 'has one of `cert_file` and `key_file` without the other', 'Give both or none.');
}

function checkTimeout(timeout: string, say: Say): void {
  if (durationMs(timeout) < 1) say('timeout', timeout, 'is no time at all', 'Make it some seconds.');
}

function isLoopback(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/.test(host);
}
