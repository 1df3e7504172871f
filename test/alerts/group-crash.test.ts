import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openJournal } from '../../src/alerts/journal.ts';
import { compileAlerts } from './support/compiled-alerts.ts';
import { temporaryDirectory, until } from './support/fixtures.ts';
import { type Receiver, startReceiver } from './support/receiver.ts';

const FAULTS = 20;
const HOUR = 3_600_000;

interface Run {
  readonly compiled: string;
  readonly file: string;
  readonly receiver: Receiver;
  readonly waitMs: number;
  readonly faults: number;
}

/** Runs the writer until `done` holds of its lines, and kills it without a word. */
async function killWhen(run: Run, what: string, done: (lines: string[]) => boolean): Promise<string[]> {
  const writer = join(import.meta.dirname, 'support/group-crash-writer.mjs');
  const args = [writer, run.compiled, run.file, run.receiver.url, String(run.waitMs), String(run.faults)];
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
  const [, signal] = (await closed) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
  return output.split('\n').slice(0, -1);
}

const keysOf = ({ received }: Receiver) => received.map(({ headers }) => headers['idempotency-key']);

describe('kill -9 with alerts that are told together', () => {
  it('loses none between the wait and the sending, and keeps the key', async () => {
    const directory = temporaryDirectory();
    const files = ['alerting.ts', 'journal.ts', 'delivery.ts', 'sinks/webhook.ts'];
    const compiled = compileAlerts(directory, files);
    const receiver = await startReceiver();
    const file = join(directory, 'journal.db');
    const run = { compiled, file, receiver };

    // While they wait for each other.
    const safe = await killWhen(
      { ...run, waitMs: HOUR, faults: FAULTS },
      'the alerts are safe',
      (lines) => lines.length === FAULTS,
    );
    expect(receiver.received).toEqual([]);

    // While the receiver has the notification and has not answered.
    receiver.answer = () => null;
    await killWhen(
      { ...run, waitMs: 0, faults: 0 },
      'the group is sent',
      () => receiver.received.length === 1,
    );

    receiver.answer = () => ({ status: 200 });
    const settled = () => receiver.received.length >= 2 && isDelivered(file);
    await killWhen({ ...run, waitMs: 0, faults: 0 }, 'the group is delivered', settled);

    const [first, second, ...others] = receiver.received;
    expect(others).toEqual([]);
    expect(new Set(keysOf(receiver)).size).toBe(1);
    expect(second?.body).toBe(first?.body);
    const { alerts } = JSON.parse(second?.body ?? '') as { alerts: { annotations: { alert_id: string } }[] };
    expect(alerts.map(({ annotations }) => annotations.alert_id)).toEqual(safe);
  });
});

function isDelivered(file: string): boolean {
  const journal = openJournal({ file, clock: Date.now });
  const { queued } = journal.outbox.backlog('ops');
  journal.close();
  return queued === 0;
}
