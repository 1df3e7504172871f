import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { externalUrl, groupedSinkNames, sinkNames } from '../../src/alert-outputs.ts';
import { formatProblem } from '../../src/config/problem.ts';
import { parseConfig } from '../../src/config.ts';

const minimal = 'classes: { pump: { topic: "plant/{asset}/t", channels: { speed: {} } } }\n';
const env = { KEY: 'geheim', URL: 'https://hooks.slack.example/services/geheim', BAD: 'geheim' };

function parsed(text: string, baseDir = '/nowhere') {
  const { config, problems } = parseConfig(`${minimal}${text}`, { env, baseDir });
  return { config, lines: problems.map(formatProblem) };
}

function configOf(text: string) {
  const { config, lines } = parsed(text);
  expect(lines).toEqual([]);
  return config!;
}

const mail = 'host: m.example, from: a@b.example, to: [c@d.example]';

describe('the configuration of notifications', () => {
  it('is nothing when nothing is said', () => {
    const config = configOf('');
    expect(config).toMatchObject({ webhooks: [], mqttOutput: null, email: null });
    expect(sinkNames(config)).toEqual([]);
  });

  it('reads formats, addresses and secrets', () => {
    const config = configOf(
      `webhooks: [{ name: s, format: slack, url_from: { env: URL } }, { name: p, format: pagerduty, url: 'https://e', routing_key: { env: KEY } }]\n` +
        `mqtt_output: { enabled: true }\nemail: { ${mail}, username: u, password: { env: KEY } }\n`,
    );
    expect(config.webhooks).toMatchObject([
      { url: env.URL, format: { kind: 'slack' } },
      { url: 'https://e', format: { kind: 'pagerduty', routingKey: 'geheim' } },
    ]);
    expect(config.mqttOutput).toMatchObject({ broker: null, prefix: 'forewarn', scores: false });
    expect(config.email).toMatchObject({ port: 587, encryption: 'starttls', password: 'geheim' });
    expect(sinkNames(config)).toEqual(['s', 'p', 'mqtt', 'email']);
  });

  it('groups alerts for those alone that hold no state', () => {
    const config = configOf(
      `webhooks: [{ name: s, format: slack, url_from: { env: URL } }, { name: am, format: alertmanager_api, url: 'http://am/api/v2/alerts' }]\n` +
        `mqtt_output: { enabled: true }\nemail: { ${mail} }\n`,
    );
    expect([...groupedSinkNames(config)]).toEqual(['s', 'email']);
  });

  it('reads certificates', () => {
    const directory = mkdtempSync(join(tmpdir(), 'forewarn-config-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    writeFileSync(join(directory, 'ca.pem'), 'PEM\n');
    const { config } = parsed(
      `webhooks: [{ name: a, url: 'https://b', tls: { ca_file: ca.pem } }]\n`,
      directory,
    );
    expect(config?.webhooks[0]?.tls).toEqual({ ca: 'PEM', cert: null, key: null, verify: true });
  });

  it.each([
    ['webhooks: [{ name: a }]', 'webhooks.0.url: is missing. Add it, or `url_from`.'],
    [
      "webhooks: [{ name: a, url: 'http://b', url_from: { env: URL } }]",
      'webhooks.0.url: is given beside `url_from`',
    ],
    [
      'webhooks: [{ name: a, url_from: { env: BAD } }]',
      'webhooks.0.url_from: does not hold an http:// or https:// address (found "(hidden)")',
    ],
    [
      "webhooks: [{ name: a, url: 'http://u:geheim@b' }]",
      'webhooks.0.url: contains a user name or password (found "(hidden)")',
    ],
    [
      "webhooks: [{ name: a, url: 'http://169.254.169.254/x' }]",
      'webhooks.0.url: is a link-local address or one of cloud metadata',
    ],
    [
      "webhooks: [{ name: a, url: 'http://b', format: smoke }]",
      'webhooks.0.format: must be one of "alertmanager"',
    ],
    [
      "webhooks: [{ name: a, url: 'http://b', format: pagerduty }]",
      'webhooks.0.routing_key: is missing for format pagerduty. Add it.',
    ],
    [
      "webhooks: [{ name: a, url: 'http://b', routing_key: { env: KEY } }]",
      'webhooks.0.routing_key: has no use with format alertmanager. Remove it, or set `format: pagerduty`.',
    ],
    [
      "webhooks: [{ name: a, url: 'http://b', format: template }]",
      'webhooks.0.template: is missing for format template.',
    ],
    [
      "webhooks: [{ name: a, url: 'http://b', format: template, template: '{ \"a\": {{score}} }' }]",
      'webhooks.0.template: does not become JSON',
    ],
    [
      "webhooks: [{ name: a, url: 'https://b', tls: { cert_file: c.pem } }]",
      'webhooks.0.tls: has one of `cert_file` and `key_file` without the other',
    ],
    [
      "webhooks: [{ name: a, url: 'http://b', timeout: 0s }]",
      'webhooks.0.timeout: is no time at all (found "0s")',
    ],
    [
      "webhooks: [{ name: mqtt, url: 'http://b' }]\nmqtt_output: { enabled: true }",
      'webhooks.0.name: is the name of `mqtt_output` itself (found "mqtt")',
    ],
    [
      `webhooks: [{ name: email, url: 'http://b' }]\nemail: { ${mail} }`,
      'webhooks.0.name: is the name of `email` itself',
    ],
    ["mqtt_output: { enabled: true, prefix: 'a/#' }", 'mqtt_output.prefix: must'],
    ['mqtt_output: { enabled: true, prefix: plant }\nmqtt: { url: embedded }\n', null],
    [
      'mqtt_output: { enabled: true, username: u }',
      'mqtt_output.url: is missing although a login or TLS of another broker is given',
    ],
    [
      "mqtt_output: { url: 'tcp://b' }",
      'mqtt_output.url: must be an mqtt://, mqtts://, ws:// or wss:// address (found "tcp://b")',
    ],
    [
      "mqtt_output: { url: 'mqtt://u:geheim@b' }",
      'mqtt_output.url: contains a user name or password (found "(hidden)")',
    ],
    [
      "mqtt_output: { url: 'mqtt://b', username: u, password: { env: KEY } }",
      'mqtt_output.url: would send the password in clear text',
    ],
    [
      "mqtt_output: { url: 'mqtt://b', password: { env: KEY }, allow_cleartext_password: true }",
      'mqtt_output.username: is missing although a password is given',
    ],
    ['email: { from: a@b.example }', 'email.host: is missing although other options are given'],
    ['email: { host: m.example, to: [a@b.example] }', 'email.from: is missing'],
    ['email: { host: m.example, from: a@b.example }', 'email.to: names nobody'],
    [
      'email: { host: m.example, from: nobody, to: [a@b.example] }',
      'email.from: must be an e-mail address, with a name before it or not (found "nobody")',
    ],
    [
      'email: { host: m.example, from: "a@b.example\\nBcc: x@y", to: [a@b.example] }',
      'email.from: must be an e-mail address',
    ],
    [
      `email: { ${mail}, encryption: none, username: u, password: { env: KEY } }`,
      'email.encryption: would send the password in clear text',
    ],
    [`email: { ${mail}, username: u }`, 'email.password: is missing although a user is named'],
    [`email: { ${mail}, password: { env: KEY } }`, 'email.username: is missing although a password is given'],
    [
      "api: { external_url: 'ftp://x' }",
      'api.external_url: must be an http:// or https:// address (found "ftp://x")',
    ],
  ])('%s', (text, message) => {
    const { lines } = parsed(`${text}\n`);
    if (message === null) expect(lines).toEqual([]);
    else expect(lines.join('\n')).toContain(message);
    expect(lines.join('\n')).not.toContain('geheim');
  });

  it.each([
    ['{a}/{b}/{c}', 'forewarn', true],
    ['forewarn/alerts/{asset}', 'forewarn', true],
    ['{site}/{line}/{asset}/telemetry', 'forewarn', false],
    ['plant/{asset}/t', 'forewarn', false],
    ['plant/{kind}/{asset}', 'plant', true],
    ['{site}/{asset}', 'forewarn', false],
  ])('knows whether topic %s catches what is published under %s: %s', (topic, prefix, caught) => {
    const text = `classes: { pump: { topic: "${topic}", channels: { speed: {} } } }\nmqtt_output: { enabled: true, prefix: ${prefix} }\n`;
    const lines = parseConfig(text, { env, baseDir: '/nowhere' }).problems.map(formatProblem);
    expect(lines.some((line) => line.startsWith('mqtt_output.prefix: makes topics that class pump'))).toBe(
      caught,
    );
  });
});

describe('the address that notifications link to', () => {
  it.each([
    [
      "api: { external_url: 'https://f.example/forewarn/' }",
      'http://127.0.0.1:1',
      'https://f.example/forewarn',
    ],
    ['api: { port: 0 }', 'http://127.0.0.1:40000', 'http://127.0.0.1:40000'],
    ['api: { port: 9 }', '', 'http://127.0.0.1:9'],
    ["api: { host: '::1', port: 9 }", '', 'http://[::1]:9'],
  ])('with %s', (text, listening, expected) => {
    expect(externalUrl(configOf(`${text}\n`), listening)).toBe(expected);
  });

  it('is no wildcard', () => {
    const url = new URL(externalUrl(configOf("api: { host: '0.0.0.0', port: 9 }\n"), 'http://0.0.0.0:9'));
    expect(url.hostname).not.toBe('0.0.0.0');
    expect(url.port).toBe('9');
  });
});
