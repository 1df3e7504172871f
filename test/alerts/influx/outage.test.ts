import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { assetNamed, temporaryDirectory, until, verdictOf } from '../support/fixtures.ts';
import { outputFor, start } from './output.ts';
import { startWriteServer } from './write-server.ts';

const pump = assetNamed('pump-3');
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const feed = (influx: { onVerdict: (verdict: ReturnType<typeof verdictOf>) => void }, values: number[]) => {
  for (const value of values) influx.onVerdict(verdictOf(pump, start + value, value));
};

describe('points while InfluxDB is away', () => {
  it('arrive in order, behind what an earlier run left on disk', async () => {
    const server = await startWriteServer();
    server.answer = () => ({ status: 503 });
    const stateDir = temporaryDirectory();
    const first = outputFor(server.url, { stateDir });
    first.output.start();
    feed(first.output, numbers(0, 7000));
    await first.output.stop();
    expect(first.output.status()).toMatchObject({ written: 0, waiting: 7000 });

    const second = outputFor(server.url, { stateDir });
    feed(second.output, numbers(7000, 7100));
    second.output.start();
    await until('the disk was read', () => second.output.status().lastError !== null);
    feed(second.output, numbers(7100, 9000));
    server.answer = () => ({ status: 204 });
    await until('all arrived', () => second.output.status().waiting === 0);
    expect(server.scores()).toEqual(numbers(0, 9000));
    expect(readdirSync(join(stateDir, 'spool', 'influx'))).toEqual([]);
  });

  it('go to disk when a write takes too long, and are not written again when it ends well', async () => {
    const server = await startWriteServer();
    const { output } = outputFor(server.url);
    let release: (() => void) | null = null;
    server.answer = () =>
      new Promise((resolve) => {
        release = () => resolve({ status: 204 });
      });
    output.start();
    feed(output, numbers(0, 10));
    await until('the write hangs', () => release !== null);
    feed(output, numbers(10, 20));
    await until('both are on disk', () => output.status().spoolBytes > 0 && output.status().waiting === 20);
    server.answer = () => ({ status: 204 });
    release!();
    await until('all arrived', () => output.status().waiting === 0);
    expect(server.scores()).toEqual(numbers(0, 20));
  });

  it('are given up oldest first when the spool is full, which is told once', async () => {
    const server = await startWriteServer();
    server.answer = () => ({ status: 503 });
    const { output, lines } = outputFor(server.url, { spoolBytes: 1024 * 1024 });
    output.start();
    feed(output, numbers(0, 40_000));
    await until('some were given up', () => output.status().dropped.overflow > 0);
    expect(output.status().spoolBytes).toBeLessThanOrEqual(1024 * 1024);
    server.answer = () => ({ status: 204 });
    await until('what is left arrived', () => output.status().waiting === 0);
    const { dropped, written } = output.status();
    expect(dropped.overflow + written).toBe(40_000);
    expect(server.scores()).toEqual(numbers(dropped.overflow, 40_000));
    expect(lines.filter(({ level }) => level === 'error')).toMatchObject([
      { message: expect.stringContaining('the oldest are dropped') },
    ]);
  });

  it('wait in memory while the disk fails', async () => {
    const server = await startWriteServer();
    server.answer = () => ({ status: 503 });
    const stateDir = temporaryDirectory();
    // A file where the folder should be.
    writeFileSync(join(stateDir, 'spool'), '');
    const { output, lines } = outputFor(server.url, { stateDir });
    output.start();
    feed(output, numbers(0, 12_000));
    await until('it is told', () => lines.some(({ message }) => message.includes('cannot be kept on disk')));
    expect(output.status().spoolBytes).toBe(0);
    unlinkSync(join(stateDir, 'spool'));
    await until('the disk is used again', () => output.status().spoolBytes > 0);
    server.answer = () => ({ status: 204 });
    await until('all arrived', () => output.status().waiting === 0);
    expect(server.scores()).toEqual(numbers(0, 12_000));
  });

  it('lose the line that a crash cut short, and no other', async () => {
    const server = await startWriteServer();
    const stateDir = temporaryDirectory();
    const folder = join(stateDir, 'spool', 'influx');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, '000000000007.lp'),
      'forewarn_score,asset=a score=1 1\nforewarn_score,asset=a score=2 2',
    );
    writeFileSync(join(folder, '000000000008.lp'), 'forewarn_score,asset=a score=3 3\n');
    writeFileSync(join(folder, '000000000009.lp'), 'forewa');
    const { output } = outputFor(server.url, { stateDir });
    output.start();
    await until('the rest arrived', () => output.status().written === 2);
    expect(server.scores()).toEqual([1, 3]);
  });

  it('end with the process when it is told to stop while a write hangs', async () => {
    const server = await startWriteServer();
    server.answer = () => new Promise(() => undefined);
    const stateDir = temporaryDirectory();
    const { output } = outputFor(server.url, { stateDir, drainMs: 50, flushMs: 100_000 });
    output.start();
    feed(output, numbers(0, 5010));
    await output.stop();
    expect(output.status()).toMatchObject({ waiting: 5010, lastError: null });
    server.answer = () => ({ status: 204 });
    server.clear();
    const next = outputFor(server.url, { stateDir });
    next.output.start();
    await until('all arrived', () => next.output.status().written === 5010);
    expect(server.scores()).toEqual(numbers(0, 5010));
  });
});

const compiled = fileURLToPath(new URL('../../../dist', import.meta.url));
const built = existsSync(join(compiled, 'alerts/influx/influx-output.js'));
if (!built) console.warn('SKIPPED: the point spool and kill -9, because dist is not built.');

describe.skipIf(!built)('a killed process', () => {
  it('leaves on disk what it said was there', async () => {
    const server = await startWriteServer();
    server.answer = () => ({ status: 503 });
    const stateDir = temporaryDirectory();
    const program = fileURLToPath(new URL('crash-writer.mjs', import.meta.url));
    const child = spawn(process.execPath, [program, compiled, stateDir, server.url], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let safe = 0;
    createInterface({ input: child.stdout }).on('line', (line) => {
      safe = Number(line);
    });
    await until('some thousands wait on disk', () => safe > 20_000, 30_000);
    child.kill('SIGKILL');
    await once(child, 'close');
    server.answer = () => ({ status: 204 });
    server.clear();
    const { output } = outputFor(server.url, { stateDir });
    output.start();
    await until('the disk is empty', () => output.status().written > 0 && output.status().waiting === 0);
    const arrived = server.scores();
    expect(arrived.length).toBeGreaterThanOrEqual(safe);
    expect(arrived).toEqual(numbers(0, arrived.length));
  });
});
