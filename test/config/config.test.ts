import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../src/config/problem.ts';
import { configJsonSchema, configReference } from '../../src/config/reference.ts';
import { ConfigFile } from '../../src/config/schema.ts';
import { loadConfig, parseConfig } from '../../src/config.ts';

const context = { env: {}, baseDir: '/nowhere' };
const minimal = `classes:\n  pump:\n    topic: plant/{asset}/t\n    channels: { speed: {} }\n`;

function problemsOf(text: string, env: Record<string, string> = {}): string[] {
  return parseConfig(text, { ...context, env }).problems.map(formatProblem);
}

describe('configuration', () => {
  it('accepts the annotated file, which states every option at its default', () => {
    const annotated = readFileSync('config/forewarn.yaml', 'utf8');
    const { config, problems } = parseConfig(annotated, context);
    expect(problems).toEqual([]);
    const bare = annotated.split('\nclasses:')[0];
    const pump = /\n {4}topic:.*?(?=\n {4}time:)/s.exec(annotated)?.[0].replace(/\n {4}qos.*/, '');
    expect(bare).toBeDefined();
    const least = parseConfig(`classes:\n  pump:${pump}`, context);
    expect(least.problems).toEqual([]);
    expect(config).toEqual(least.config);
  });

  it('names every option in the annotated file', () => {
    const annotated = readFileSync('config/forewarn.yaml', 'utf8');
    const visit = (node: object): string[] => {
      const {
        properties = {},
        patternProperties = {},
        items,
      } = node as Record<string, Record<string, object>>;
      const below = [
        ...Object.values(properties),
        ...Object.values(patternProperties),
        ...(items ? [items] : []),
      ];
      return [...Object.keys(properties), ...below.flatMap(visit)];
    };
    for (const option of visit(ConfigFile))
      expect(annotated).toContain(`${option}:`.replace('path:', 'path'));
  });

  it('keeps the JSON Schema and the reference page in step with the schema', () => {
    expect(readFileSync('config/forewarn.schema.json', 'utf8')).toBe(configJsonSchema());
    expect(readFileSync('docs/configuration.md', 'utf8')).toBe(configReference());
  });

  it('reads the limits of a channel, and which of its deviations matter', () => {
    const channel = `{ limits: { hh: 9, l: -2.5, deadband: 0.5, on_delay: 3s }, deviation: { direction: above } }`;
    const { config, problems } = parseConfig(minimal.replace('{}', channel), context);
    expect(problems).toEqual([]);
    expect(config?.classes[0].channels).toEqual([
      {
        name: 'speed',
        unit: '',
        path: 'values.speed',
        limits: { hh: 9, h: null, l: -2.5, ll: null, deadband: 0.5, onDelayMs: 3000, offDelayMs: 0 },
        deviation: { direction: 'above', minAbsolute: 0, minRelative: 0 },
      },
    ]);
    const plain = parseConfig(minimal, context).config?.classes[0].channels[0];
    expect(plain).toMatchObject({ limits: null, deviation: null });
  });

  it('reports five mistakes at once, each with path, value and mend', () => {
    const lines = problemsOf(`
api: { port: eighty }
mqtt: { url: tcp://broker, clientid: x }
classes:
  pump:
    topic: plant/{asset}/t
    channels: { speed: {} }
    sample_every: 5 parsecs
    window: { length: 2 }
`);
    expect(lines).toEqual(
      [
        'mqtt.clientid: is not an option (found "x"). Did you mean `client_id`?',
        'mqtt.url: must be `embedded` or an mqtt://, mqtts://, ws:// or wss:// address (found "tcp://broker"). Correct it, or remove it for the default, "embedded".',
        'api.port: must be a whole number from 0 to 65535 (found "eighty"). Correct it, or remove it for the default, 8080.',
        'classes.pump.sample_every: must be a duration such as 500ms, 10s, 5m, 2h or 30d (found "5 parsecs"). Correct it, or remove it for the default, "1s".',
        'classes.pump.window.length: must be a whole number from 4 to 1024 (found 2). Correct it, or remove it for the default, 32.',
      ].map((line) => expect.stringContaining(line)),
    );
  });

  it.each([
    [
      'clear above raise',
      `${minimal}    alert: { raise: 1, clear: 2 }\n`,
      'classes.pump.alert.clear: is above `raise`',
    ],
    [
      'more anomalous windows than are looked at',
      `${minimal}    alert: { raise_on: { windows: 4, of: 3 } }\n`,
      'classes.pump.alert.raise_on.windows: is more than `of` (3)',
    ],
    [
      'too little to train on',
      `${minimal}    train: { after: 100 }\n`,
      'classes.pump.train.after: is too few rows',
    ],
    [
      'a student as large as its teacher',
      `${minimal}    train: { hidden: 16, student: 16 }\n`,
      'classes.pump.train.student: is not smaller than the model itself (`hidden` is 16) (found 16). Set it to less than 16, or to 0 for no student.',
    ],
    [
      'a student of another network',
      `${minimal}    train: { network: gru_autoencoder, student: 16 }\n`,
      'classes.pump.train.student: cannot be made of a gru_autoencoder (found 16).',
    ],
    [
      'limits out of order',
      minimal.replace('{}', '{ limits: { ll: 1, h: 8, hh: 8 } }'),
      'classes.pump.channels.speed.limits.hh: is not above `h` (8) (found 8). Order them ll < l < h < hh.',
    ],
    [
      'a low limit above a high one',
      minimal.replace('{}', '{ limits: { l: 5, hh: 4 } }'),
      'classes.pump.channels.speed.limits.hh: is not above `l` (5) (found 4).',
    ],
    [
      'a deadband that holds one side until the other is passed',
      minimal.replace('{}', '{ limits: { l: 2, h: 8, deadband: 6 } }'),
      'classes.pump.channels.speed.limits.deadband: leaves no reading at which the limits of both sides are clear (found 6). Set it to less than 6',
    ],
    [
      'a deadband without a limit',
      minimal.replace('{}', '{ limits: { deadband: 1 } }'),
      'classes.pump.channels.speed.limits: names no limit. Give one of `hh`, `h`, `l`, `ll`, or remove `limits`.',
    ],
    [
      'a limit that is no number',
      minimal.replace('{}', '{ limits: { h: high } }'),
      'classes.pump.channels.speed.limits.h: must be a number',
    ],
    [
      'a direction of its own',
      minimal.replace('{}', '{ deviation: { direction: up } }'),
      'classes.pump.channels.speed.deviation.direction: must be one of "both", "above", "below" (found "up").',
    ],
    [
      'a schedule that is none',
      `${minimal}    retrain: { schedule: tomorrow }\n`,
      'classes.pump.retrain.schedule: is no cron expression: expected 5 or 6 fields but got 1 (found "tomorrow"). Write minute, hour,',
    ],
    [
      'a day that never comes',
      `${minimal}    retrain: { schedule: 0 3 30 2 * }\n`,
      'classes.pump.retrain.schedule: is no cron expression: 30 2 is an impossible day',
    ],
    [
      'a time zone of nowhere',
      `${minimal}    retrain: { time_zone: Mars/Olympus }\n`,
      'classes.pump.retrain.time_zone: is not a time zone that this machine knows (found "Mars/Olympus").',
    ],
    [
      'no past to train on',
      `${minimal}    retrain: { look_back: 5s }\n`,
      'classes.pump.retrain.look_back: is too short to train on',
    ],
    [
      'password without user',
      `${minimal}mqtt: { url: 'mqtts://b', password: { env: P } }\n`,
      'mqtt.username: is missing',
    ],
    [
      'password in the clear',
      `${minimal}mqtt: { url: 'mqtt://b', username: u, password: { env: P } }\n`,
      'mqtt.url: would send the password in clear text',
    ],
    [
      'credentials in the address',
      `${minimal}mqtt: { url: 'mqtts://u:geheim@b' }\n`,
      'mqtt.url: contains a user name or password',
    ],
    ['TLS without TLS', `${minimal}mqtt: { url: 'mqtt://b', tls: { ca_file: x } }\n`, 'mqtt.tls: is set but'],
    [
      'two classes on one topic',
      `${minimal}  press:\n    topic: plant/{machine}/t\n    channels: { a: {} }\n`,
      'classes.press.topic: catches the same topics as class pump',
    ],
    ['a wildcard in a topic', minimal.replace('{asset}', '+'), 'classes.pump.topic:'],
    ['no classes', 'log: { level: info }', 'classes: is missing'],
    ['an empty file', '', 'classes: is missing'],
    [
      'a secret from two places',
      `${minimal}mqtt: { url: 'mqtts://b', username: u, password: { env: P, file: q } }\n`,
      'mqtt.password: names no single source',
    ],
    [
      'a secret that is not there',
      `${minimal}webhooks: [{ name: a, url: 'http://b', bearer: { env: NOPE } }]\n`,
      'webhooks.0.bearer.env: is not set',
    ],
    [
      'a literal password',
      `${minimal}mqtt: { url: 'mqtts://b', username: u, password: geheim }\n`,
      'mqtt.password: must be a section',
    ],
    [
      'a receiver named twice',
      `${minimal}webhooks: [{ name: a, url: 'http://b' }, { name: a, url: 'http://c' }]\n`,
      'webhooks.1.name: is used twice',
    ],
    ['broken YAML', 'classes: [', 'the file:'],
  ])('refuses %s', (_, text, message) => {
    const lines = problemsOf(text, { P: 'geheim' });
    expect(lines.join('\n')).toContain(message);
  });

  it('never shows a secret', () => {
    const text = `${minimal}mqtt: { url: 'mqtt://u:geheim@b', username: u, password: { env: P } }\n`;
    expect(problemsOf(text, { P: 'geheim' }).join('\n')).not.toContain('geheim');
  });

  it('reads secrets from file, environment and systemd credential', () => {
    const directory = mkdtempSync(join(tmpdir(), 'forewarn-config-'));
    writeFileSync(join(directory, 'token'), 'from-file\n');
    writeFileSync(join(directory, 'hmac'), 'from-credential\n');
    writeFileSync(
      join(directory, 'f.yaml'),
      `${minimal}mqtt: { url: 'mqtts://b', username: u, password: { env: P } }\nwebhooks: [{ name: a, url: 'http://b', bearer: { file: token }, secret: { credential: hmac } }]\n`,
    );
    const config = loadConfig(join(directory, 'f.yaml'), { P: 'from-env', CREDENTIALS_DIRECTORY: directory });
    expect(config.mqtt.password).toBe('from-env');
    expect(config.webhooks[0]).toMatchObject({ bearer: 'from-file', secret: 'from-credential' });
    expect(Object.isFrozen(config.mqtt.tls)).toBe(true);
  });

  it('takes any YAML value anywhere without an exception, and never accepts with problems', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: false, maxDepth: 4 }), (value) => {
        const text = JSON.stringify({ classes: value, mqtt: value }) ?? '';
        const { config, problems } = parseConfig(text, context);
        expect(config === null).toBe(problems.length > 0);
      }),
      { numRuns: 500 },
    );
  });
});
