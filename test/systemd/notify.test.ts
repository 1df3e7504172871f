import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Logger, silentLogger } from '../../src/log.ts';
import { createSystemdNotifier, type RunNotify } from '../../src/systemd-notify.ts';

// Prints each datagram as one line of JSON. recv() closes the descriptor that systemd-notify waits on.
const receiver = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print(json.dumps("bound"), flush=True)
while True:
    print(json.dumps(s.recv(65536).decode()), flush=True)
`;

function runs(program: string, ...args: string[]): boolean {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const missing = [
  runs('systemd-notify', '--version') ? null : 'systemd-notify',
  runs('python3', '--version') ? null : 'python3',
].filter((program) => program !== null);
if (missing.length > 0) console.warn(`SKIPPED: notifying over a real socket needs ${missing.join(' and ')}`);

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

/** A datagram socket as systemd has one, and what was sent to it. */
async function listen(): Promise<{ socket: string; received: string[] }> {
  const directory = mkdtempSync(join(tmpdir(), 'forewarn-notify-'));
  const socket = join(directory, 'notify');
  const child: ChildProcess = spawn('python3', ['-c', receiver, socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  cleanups.push(
    () => rmSync(directory, { recursive: true, force: true }),
    () => child.kill('SIGKILL'),
  );
  const received: string[] = [];
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (text + chunk).split('\n');
    text = lines.pop() ?? '';
    received.push(...lines.map((line) => JSON.parse(line) as string));
  });
  await vi.waitFor(() => expect(received).toContain('bound'), { timeout: 10_000 });
  received.length = 0;
  return { socket, received };
}

/** What systemd would have been told, without its barrier messages. */
const said = (received: readonly string[]) =>
  received
    .filter((message) => !message.startsWith('BARRIER=1'))
    .map((message) => message.trimEnd().split('\n'));

describe.skipIf(missing.length > 0)('systemd notifier over a real socket', () => {
  it('sends the life of a daemon in order', async () => {
    const { socket, received } = await listen();
    const notifier = createSystemdNotifier({ socket, watchdogMs: null, log: silentLogger });
    notifier.ready('learning 3 classes');
    await vi.waitFor(() => expect(said(received).flat()).toContain('STATUS=learning 3 classes'), {
      timeout: 10_000,
    });
    notifier.status('8 assets, 1 alert');
    notifier.stopping();
    await notifier.stop();
    await vi.waitFor(() => expect(said(received).flat()).toContain('STOPPING=1'), { timeout: 10_000 });
    expect(said(received).flat()).toEqual([
      'READY=1',
      'STATUS=learning 3 classes',
      'STATUS=8 assets, 1 alert',
      'STOPPING=1',
    ]);
  });

  it('pings the watchdog while the daemon is healthy, and only then', async () => {
    const { socket, received } = await listen();
    let healthy = true;
    let asked = 0;
    const notifier = createSystemdNotifier({ socket, watchdogMs: 60, log: silentLogger });
    notifier.startWatchdog(() => {
      asked += 1;
      return healthy;
    });
    await vi.waitFor(() => expect(said(received).length).toBeGreaterThanOrEqual(3), { timeout: 10_000 });
    healthy = false;
    // Once the message in flight, if any, has arrived, a marker follows, and no ping may come after it.
    notifier.status('ill');
    await vi.waitFor(() => expect(said(received).at(-1)).toContain('STATUS=ill'), { timeout: 10_000 });
    const before = asked;
    await vi.waitFor(() => expect(asked).toBeGreaterThan(before + 5), { timeout: 10_000 });
    await notifier.stop();
    expect(said(received).at(-1)).toContain('STATUS=ill');
    expect(said(received).flat()).toContain('WATCHDOG=1');
  });

  it('says once that systemd does not listen, and goes on', async () => {
    const warnings: object[] = [];
    const log: Logger = { ...silentLogger, warn: (fields) => warnings.push(fields) };
    const notifier = createSystemdNotifier({
      socket: join(tmpdir(), 'forewarn-nobody-listens'),
      watchdogMs: null,
      log,
    });
    notifier.ready('ready');
    await vi.waitFor(() => expect(warnings).toHaveLength(1), { timeout: 10_000 });
    notifier.status('again');
    await notifier.stop();
    expect(warnings).toEqual([{ error: expect.stringContaining('systemd-notify ended with exit code') }]);
  });
});

/** A `systemd-notify` that takes each message when the test says so. */
function heldRun() {
  const calls: {
    args: readonly string[];
    env: Readonly<Record<string, string>>;
    finish: (error?: Error) => void;
  }[] = [];
  const run: RunNotify = (args, env) =>
    new Promise((resolve, reject) => {
      calls.push({ args, env, finish: (error) => (error ? reject(error) : resolve()) });
    });
  return { calls, run };
}

describe('systemd notifier', () => {
  it('keeps one value of each kind while a message is under way', async () => {
    const { calls, run } = heldRun();
    const notifier = createSystemdNotifier({
      socket: '/run/notify',
      watchdogMs: null,
      log: silentLogger,
      run,
    });
    notifier.ready('zero');
    for (let i = 1; i <= 1000; i += 1) notifier.status(`status ${i}`);
    notifier.reloading();
    notifier.stopping();
    calls[0]?.finish();
    await vi.waitFor(() => expect(calls).toHaveLength(2));
    expect(calls[0]?.args).toEqual(['READY=1', 'STATUS=zero']);
    expect(calls[1]?.args).toEqual(['STATUS=status 1000', 'STOPPING=1']);
    calls[1]?.finish();
    await notifier.stop();
  });

  it('hands nothing but the socket and the search path on', async () => {
    const { calls, run } = heldRun();
    const notifier = createSystemdNotifier({ socket: '@notify', watchdogMs: null, log: silentLogger, run });
    notifier.stopping();
    calls[0]?.finish();
    await notifier.stop();
    expect(Object.keys(calls[0]?.env ?? {}).sort()).toEqual(['NOTIFY_SOCKET', 'PATH']);
    expect(calls[0]?.env.NOTIFY_SOCKET).toBe('@notify');
  });

  it('cannot be made to send a variable of its own by a status text', async () => {
    const { calls, run } = heldRun();
    const notifier = createSystemdNotifier({
      socket: '/run/notify',
      watchdogMs: null,
      log: silentLogger,
      run,
    });
    notifier.status('asset a\nMAINPID=1\r\nREADY=1');
    calls[0]?.finish();
    await notifier.stop();
    expect(calls[0]?.args).toEqual(['STATUS=asset a MAINPID=1 READY=1']);
  });

  it('stops only when the last message was taken, and is silent after', async () => {
    const { calls, run } = heldRun();
    const notifier = createSystemdNotifier({ socket: '/run/notify', watchdogMs: 1, log: silentLogger, run });
    notifier.stopping();
    let stopped = false;
    const stop = notifier.stop().then(() => {
      stopped = true;
    });
    await new Promise(setImmediate);
    expect(stopped).toBe(false);
    calls[0]?.finish(new Error('lost'));
    await stop;
    notifier.status('too late');
    notifier.startWatchdog(() => true);
    await notifier.stop();
    expect(calls).toHaveLength(1);
  });

  it('does nothing where systemd did not start the daemon', async () => {
    const { calls, run } = heldRun();
    for (const socket of [undefined, '']) {
      const notifier = createSystemdNotifier({ socket, watchdogMs: 1, log: silentLogger, run });
      notifier.ready('ready');
      notifier.startWatchdog(() => true);
      notifier.stopping();
      await notifier.stop();
    }
    expect(calls).toHaveLength(0);
  });
});
