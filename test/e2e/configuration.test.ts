import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder, writeConfig } from './support/config-file.ts';
import { runCommand } from './support/process.ts';

/** Writes a line to standard error whenever the program listens or connects. */
const tellSockets = `
  import net from 'node:net';
  import dgram from 'node:dgram';
  for (const [owner, name] of [[net.Server, 'listen'], [net.Socket, 'connect'], [dgram.Socket, 'bind'], [dgram.Socket, 'send']]) {
    const original = owner.prototype[name];
    owner.prototype[name] = function (...args) {
      process.stderr.write('SOCKET ' + name + '\\n');
      return original.apply(this, args);
    };
  }`;

const mistakes = (apiPort: number) => `
api: { host: 127.0.0.1, port: ${apiPort}, prot: 1 }
mqtt: { url: tcp://127.0.0.1:1, session_expiry: long }
classes:
  pump:
    topic: plant/{asset}/telemetry
    channels: { speed: {} }
    window: { length: 2 }
    train: { holdout: 1.5 }
`;

/** What the five messages are about, in any order. */
const places = [
  'api.prot',
  'mqtt.url',
  'mqtt.session_expiry',
  'classes.pump.window.length',
  'classes.pump.train.holdout',
];

describe('a configuration with five mistakes', () => {
  let file = '';
  let connections = 0;

  beforeAll(async () => {
    // Its API's port is taken: a program that tried to listen there would complain of that instead.
    const taken = createServer(() => connections++);
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const address = taken.address();
    file = join(temporaryFolder(), 'bad.yaml');
    writeFileSync(file, mistakes(address !== null && typeof address === 'object' ? address.port : 0));
    return () => taken.close();
  });

  it.each([
    ['run', (path: string) => ['run', '--config', path]],
    ['check', (path: string) => ['check', path]],
  ])('%s prints five messages and ends before it opens a socket', async (_name, args) => {
    const startedAt = Date.now();
    const { code, stdout, stderr } = await runCommand(args(file), tellSockets);
    expect(code).toBe(78);
    expect(stdout).toBe('');
    const [first, ...messages] = stderr.trimEnd().split('\n');
    expect(first).toBe(`forewarn: ${file} has 5 mistakes:`);
    expect(messages).toHaveLength(5);
    for (const place of places)
      expect(messages).toContainEqual(
        expect.stringMatching(new RegExp(`^ {2}${place.replaceAll('.', '\\.')}: .+\\. *.*$`)),
      );
    expect(connections).toBe(0);
    expect(Date.now() - startedAt).toBeLessThan(5000);
  });
});

describe('a configuration whose mistakes are of different kinds', () => {
  it('is told all of them at once', async () => {
    const file = join(temporaryFolder(), 'bad.yaml');
    writeFileSync(
      file,
      `
api: { port: 99999 }
mqtt: { url: 'mqtt://broker.example', username: u, password: { file: /nonexistent/password } }
classes:
  pump:
    topic: plant/+/telemetry
    channels: { speed: {} }
    alert: { raise: 1, clear: 2 }
    sample_evry: 1s
`,
    );
    const { code, stderr } = await runCommand(['check', file]);
    expect(code).toBe(78);
    const places = [...stderr.matchAll(/^ {2}([\w.]+): /gm)].map(([, place]) => place);
    expect(places.sort()).toEqual([
      'api.port',
      'classes.pump.alert.clear',
      'classes.pump.sample_evry',
      'classes.pump.topic',
      'mqtt.password.file',
      'mqtt.url',
    ]);
  });
});

describe('a configuration in order', () => {
  it('is checked without a socket and without a state directory', async () => {
    const { code, stdout, stderr } = await runCommand(['check', 'config/forewarn.yaml'], tellSockets);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(
      /^config\/forewarn\.yaml is in order: pump \(8 channels\); 0 webhooks; state in \S+\n$/,
    );
  });

  it('meets a port that is taken: run says which and ends with code 1', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void taken.close());
    const address = taken.address();
    const port = address !== null && typeof address === 'object' ? address.port : 0;
    const config = writeConfig(temporaryFolder(), { apiPort: port });
    const { code, stderr } = await runCommand(['run', '--config', config], tellSockets);
    expect(code).toBe(1);
    // Also shows that the listener of the tests above can see a socket.
    expect(stderr).toContain('SOCKET listen');
    expect(stderr).toMatch(new RegExp(`^forewarn: .*127\\.0\\.0\\.1:${port}`, 'm'));
  });
});
