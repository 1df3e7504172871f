import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const cli = join(root, 'dist/cli.js');

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command of the built `forewarn`, as a process of its own. */
export interface Command {
  readonly pid: number;
  /** What it has written so far, by line. */
  readonly lines: () => string[];
  readonly output: () => string;
  readonly running: () => boolean;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Resolves when it has ended and both of its outputs are read. */
  readonly ended: Promise<Exit>;
}

const started = new Set<ChildProcess>();

/** Starts `node dist/cli.js ...args`; `preload` is run before it. */
export function startCommand(args: readonly string[], preload?: string): Command {
  const imported =
    preload === undefined ? [] : ['--import', `data:text/javascript,${encodeURIComponent(preload)}`];
  const child = spawn(process.execPath, [...imported, cli, ...args], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  started.add(child);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (part: Buffer) => {
    stdout += part.toString();
  });
  child.stderr.on('data', (part: Buffer) => {
    stderr += part.toString();
  });
  const ended = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      started.delete(child);
      resolve({ code, signal, stdout, stderr });
    });
  });
  return {
    pid: child.pid!,
    lines: () => stdout.split('\n').slice(0, -1),
    output: () => stdout + stderr,
    running: () => child.exitCode === null && child.signalCode === null,
    kill: (signal) => void child.kill(signal),
    ended,
  };
}

/** Runs a command to its end. */
export function runCommand(args: readonly string[], preload?: string): Promise<Exit> {
  return startCommand(args, preload).ended;
}

// What a failed test left running.
afterAll(async () => {
  await Promise.all(
    [...started].map((child) => new Promise((resolve) => child.once('close', resolve).kill('SIGKILL'))),
  );
});
