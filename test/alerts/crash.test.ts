import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openJournal } from '../../src/alerts/journal.ts';
import { temporaryDirectory } from './support/fixtures.ts';

const root = join(import.meta.dirname, '../..');

/** Compiles the alerts stage alone, so that this test needs no build before it. */
function compileAlerts(directory: string): string {
  const compiled = join(directory, 'compiled');
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const config = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { noEmit: false, rootDir: join(root, 'src'), outDir: compiled },
    include: [],
    files: ['alerting.ts', 'journal.ts'].map((name) => join(root, 'src/alerts', name)),
  };
  const project = join(directory, 'tsconfig.json');
  writeFileSync(project, JSON.stringify(config));
  writeFileSync(join(directory, 'package.json'), '{ "type": "module" }');
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'), 'dir');
  execFileSync(process.execPath, [compiler, '-p', project]);
  return compiled;
}

/** Runs the writer until it has printed `lines` lines, kills it, and gives all that it printed. */
async function killAfter(compiled: string, file: string, lines: number): Promise<string[]> {
  const writer = join(import.meta.dirname, 'support/crash-writer.mjs');
  const child = spawn(process.execPath, [writer, compiled, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.on('data', (part: Buffer) => {
    output += part.toString();
    if (output.split('\n').length > lines) child.kill('SIGKILL');
  });
  const [, signal] = (await once(child, 'close')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  return output.split('\n').slice(0, -1);
}

describe('kill -9', () => {
  it('loses no alert that was said to be safe, and raises none of them anew', async () => {
    const directory = temporaryDirectory();
    const compiled = compileAlerts(directory);
    const file = join(directory, 'journal.db');
    const told: string[] = [];
    for (const lines of [1, 40, 150, 7]) told.push(...(await killAfter(compiled, file, lines)));

    const journal = openJournal({ file, clock: Date.now });
    const alerts = new Map(journal.list({ limit: 1000 }).alerts.map((alert) => [alert.id, alert]));
    expect(told.length).toBeGreaterThanOrEqual(198);
    for (const line of told) {
      const [state, id, startedAt] = line.split(' ');
      expect(alerts.get(id)?.startedAt).toBe(Number(startedAt));
      if (state === 'resolved') expect(alerts.get(id)?.state).toBe('resolved');
    }
    // One transaction each: no alert without its history and outbox row, none told twice.
    expect(new Set(told).size).toBe(told.length);
    const transitions = [...alerts.keys()].flatMap((id) => journal.transitions(id));
    expect(journal.outbox.backlog('ops').queued).toBe(transitions.length);
    const resolved = [...alerts.values()].filter((alert) => alert.state === 'resolved');
    expect(transitions).toHaveLength(alerts.size + resolved.length);
    // One alert an episode: an asset never has two alerts that fire.
    const firing = [...alerts.values()].filter((alert) => alert.state === 'firing');
    expect(new Set(firing.map((alert) => alert.assetId)).size).toBe(firing.length);
    const restored = journal.restore().filter((one) => one.state.phase === 'firing');
    expect(new Set(restored.map((one) => one.alert?.id))).toEqual(new Set(firing.map((alert) => alert.id)));
    journal.close();
  });
});
