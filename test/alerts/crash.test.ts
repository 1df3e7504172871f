import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openJournal } from '../../src/alerts/journal.ts';
import { compileAlerts } from './support/compiled-alerts.ts';
import { temporaryDirectory } from './support/fixtures.ts';

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
    const compiled = compileAlerts(directory, ['alerting.ts', 'journal.ts']);
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
