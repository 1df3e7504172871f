import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openJournal } from '../../src/alerts/journal.ts';
import { compileAlerts } from './support/compiled-alerts.ts';
import { temporaryDirectory, until } from './support/fixtures.ts';
import { startReceiver } from './support/receiver.ts';

const FAULTS = 20;
const HOUR = 3_600_000;

describe('kill -9 while alerts escalate', () => {
  it('escalates each once, under one key, and loses none', async () => {
    const directory = temporaryDirectory();
    const files = ['alerting.ts', 'journal.ts', 'delivery.ts', 'sinks/webhook.ts'];
    const compiled = compileAlerts(directory, files);
    const receiver = await startReceiver();
    const file = join(directory, 'journal.db');
    const writer = join(import.meta.dirname, 'support/escalation-crash-writer.mjs');

    /** Runs the writer until `done` holds of its lines, and kills it without a word. */
    const killWhen = async (
      afterMs: number,
      faults: number,
      what: string,
      done: (lines: string[]) => boolean,
    ) => {
      const args = [writer, compiled, file, receiver.url, String(afterMs), String(faults)];
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      let output = '';
      child.stdout.on('data', (part: Buffer) => {
        output += part.toString();
      });
      const closed = once(child, 'close');
      try {
        await until(what, () => done(output.split('\n').slice(0, -1)), 30_000);
      } finally {
        child.kill('SIGKILL');
      }
      expect(((await closed) as [number | null, string | null])[1]).toBe('SIGKILL');
      return output.split('\n').slice(0, -1);
    };
    const queued = () => {
      const journal = openJournal({ file, clock: Date.now });
      const { queued: waiting } = journal.outbox.backlog('pager');
      journal.close();
      return waiting;
    };

    // Before their time.
    const safe = await killWhen(HOUR, FAULTS, 'the alerts are safe', (lines) => lines.length === FAULTS);
    expect([receiver.received.length, queued()]).toEqual([0, 0]);
    // All are overdue at the next start; the receiver has some of them, and one without having answered.
    receiver.answer = (count) => (count < 5 ? { status: 200 } : null);
    await killWhen(1, 0, 'some are sent', () => receiver.received.length === 5);
    receiver.answer = () => ({ status: 200 });
    await killWhen(1, 0, 'all are delivered', () => receiver.received.length > FAULTS && queued() === 0);
    await killWhen(1, 0, 'another start', () => queued() === 0);

    const keys = receiver.received.map(({ headers }) => headers['idempotency-key']);
    expect(new Set(keys)).toEqual(new Set(safe.map((id) => `${id}:firing:escalation-1:pager`)));
    // The one that had no answer, and what the second process had delivered without writing it down.
    expect(keys.length).toBeLessThanOrEqual(FAULTS + 2);
    const journal = openJournal({ file, clock: Date.now });
    for (const id of safe)
      expect(journal.transitions(id).map(({ reason }) => reason)).toEqual(['raised', 'escalate']);
    journal.close();
  });
});
