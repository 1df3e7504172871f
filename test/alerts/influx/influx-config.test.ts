import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { formatProblem } from '../../../src/config/problem.ts';
import { parseConfig } from '../../../src/config.ts';

const classes = `classes:\n  pump:\n    topic: plant/{asset}/t\n    channels: { speed: {} }\n`;

function parse(influx: string, more = '', baseDir = '/nowhere') {
  return parseConfig(`${classes}influx: ${influx}\n${more}`, { env: { SECRET: 'hush' }, baseDir });
}

describe('influx in the configuration', () => {
  it('is nothing without an address', () => {
    expect(parse('{}').config?.influx).toBeNull();
  });

  it('has defaults', () => {
    expect(parse(`{ url: 'http://influx:8086' }`).config?.influx).toEqual({
      url: 'http://influx:8086',
      database: 'forewarn',
      retentionPolicy: null,
      username: null,
      password: null,
      token: null,
      scores: true,
      rows: false,
      channelErrors: false,
      timeoutMs: 10_000,
      spoolBytes: 268_435_456,
    });
  });

  it('reads its secrets', () => {
    const baseDir = mkdtempSync(join(tmpdir(), 'forewarn-config-'));
    onTestFinished(() => rmSync(baseDir, { recursive: true }));
    writeFileSync(join(baseDir, 'token'), 'abc==\n');
    const url = `url: 'https://influx/base', retention_policy: year, retention_duration: 365d`;
    expect(parse(`{ ${url}, username: u, password: { env: SECRET } }`).config?.influx).toMatchObject({
      username: 'u',
      password: 'hush',
      retentionPolicy: { name: 'year', durationMs: 31_536_000_000 },
    });
    expect(parse(`{ ${url}, token: { file: token } }`, '', baseDir).config?.influx).toMatchObject({
      token: 'abc==',
    });
  });

  it.each([
    [`{ url: influx:8086 }`, 'influx.url: must be an http:// or https:// address (found "influx:8086").'],
    [`{ url: 'http://' }`, 'influx.url: must be an http:// or https:// address'],
    [`{ url: 'http://a b' }`, 'influx.url: is not a usable address'],
    [`{ url: 'http://u:p@influx:8086' }`, 'influx.url: contains a user name or password (found "(hidden)")'],
    [`{ url: 'http://influx:8086?db=x' }`, 'influx.url: has more than an address and a path'],
    [`{ token: { env: SECRET } }`, 'influx.url: is missing although other options are given'],
    [
      `{ url: 'http://i', password: { env: SECRET } }`,
      'influx.username: is missing although a password is given',
    ],
    [`{ url: 'http://i', username: u, token: { env: SECRET } }`, 'influx.token: is given beside a user name'],
    [`{ url: 'http://i', token: { env: NONE } }`, 'influx.token.env: is not set in the environment'],
    [
      `{ url: 'http://i', retention_duration: 10m, retention_policy: a }`,
      'influx.retention_duration: is shorter',
    ],
    [`{ url: 'http://i', retention_duration: 10d }`, 'influx.retention_duration: has no retention policy'],
    [`{ url: 'http://i', timeout: 0s }`, 'influx.timeout: is no time at all'],
    [`{ url: 'http://i', spool_bytes: 5 }`, 'influx.spool_bytes: must be a whole number from 1048576'],
    [`{ url: 'http://i', scores: maybe }`, 'influx.scores: must be true or false'],
    [`{ url: 'http://i', databse: x }`, 'influx.databse: is not an option'],
  ])('refuses %s', (influx, problem) => {
    expect(parse(influx).problems.map(formatProblem)).toEqual([expect.stringContaining(problem)]);
  });

  it('keeps its name from the webhooks, which have it otherwise', () => {
    const webhook = `webhooks: [{ name: influx, url: 'http://b' }]\n`;
    expect(parse('{}', webhook).problems).toEqual([]);
    expect(parse(`{ url: 'http://i' }`, webhook).problems.map(formatProblem)).toEqual([
      'webhooks.0.name: is the name of InfluxDB itself (found "influx"). Give the webhook another name; undelivered alerts are kept under it.',
    ]);
  });
});
