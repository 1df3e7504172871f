import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { lockState } from '../src/state-lock.ts';
import { startAedes } from './e2e/support/brokers.ts';
import { temporaryFolder, writeConfig } from './e2e/support/config-file.ts';
import { startDaemon } from './e2e/support/daemon.ts';
import { runCommand } from './e2e/support/process.ts';

function stateFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-lock-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

describe('the lock on a state directory', () => {
  it('is held by one at a time, also within a process, and names its holder', () => {
    const folder = stateFolder();
    const lock = lockState(folder, 'forewarn run, process 4711');
    expect(() => lockState(folder, 'forewarn train')).toThrow(
      expect.objectContaining({
        code: 'STATE_IN_USE',
        message: expect.stringMatching(/is in use by forewarn run, process 4711 on \S+$/),
        hint: expect.stringContaining('forewarn models retrain CLASS'),
      }),
    );
    lock.release();
    lock.release();
    const next = lockState(folder, 'forewarn train');
    expect(readdirSync(folder).sort()).toEqual(['lock', 'lock-holder']);
    next.release();
  });

  it('makes the directory, and says when it cannot', () => {
    const folder = stateFolder();
    lockState(join(folder, 'a/b'), 'me').release();
    // Root may write anywhere, so there is a file where the directory would be.
    expect(() => lockState(join(folder, 'a/b/lock/c'), 'me')).toThrow(
      expect.objectContaining({ code: 'STATE_UNAVAILABLE' }),
    );
  });
});

describe('two Forewarns on one state directory', { timeout: 60_000 }, () => {
  it('the second daemon and a training are refused by name; after kill -9 the next takes over', async () => {
    const broker = await startAedes();
    const folder = temporaryFolder();
    const config = writeConfig(folder, { broker });
    const first = await startDaemon(config);
    const second = await runCommand(['run', '--config', config]);
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`is in use by forewarn run, process ${first.pid} on `);
    const training = await runCommand([
      ...['train', 'pump', '--config', config, '--asset', 'north/line-1/pump-1'],
      ...['--from', join(folder, 'none.csv')],
    ]);
    expect(training.code).toBe(1);
    expect(training.stderr).toContain(`process ${first.pid} on `);
    expect(first.running()).toBe(true);
    await first.kill('SIGKILL');
    const third = await startDaemon(config);
    expect((await third.kill('SIGTERM')).code).toBe(0);
  });

  it('a training that is killed leaves nothing locked', async () => {
    const folder = stateFolder();
    const module = new URL('../dist/state-lock.js', import.meta.url).href;
    const code = `const { lockState } = await import(${JSON.stringify(module)});
      lockState(${JSON.stringify(folder)}, 'forewarn train'); console.log('held'); setInterval(() => {}, 1000);`;
    const holder = spawn(process.execPath, ['--input-type=module', '-e', code]);
    onTestFinished(() => void holder.kill('SIGKILL'));
    await once(holder.stdout, 'data');
    expect(() => lockState(folder, 'me')).toThrow(expect.objectContaining({ code: 'STATE_IN_USE' }));
    holder.kill('SIGKILL');
    await once(holder, 'exit');
    lockState(folder, 'me').release();
  });
});
