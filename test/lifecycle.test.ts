import { describe, expect, it, onTestFinished } from 'vitest';
import { createLifecycle } from '../src/lifecycle.ts';
import { recordingLog } from './alerts/support/fixtures.ts';
import { until } from './e2e/support/until.ts';

describe('what runs again and again', () => {
  it('tells once that it fails, and once that it works again', async () => {
    const { log, lines } = recordingLog();
    const lifecycle = createLifecycle(log);
    onTestFinished(() => lifecycle.stop());
    let error: string | null = 'the disk is full';
    let runs = 0;
    lifecycle.every(1, 'sweeping', () => {
      runs += 1;
      if (error !== null) throw new Error(error);
    });
    const runsLater = async () => {
      const goal = runs + 5;
      await until('it ran five times', () => runs >= goal);
    };
    await runsLater();
    error = 'the file is locked';
    await runsLater();
    error = null;
    await runsLater();
    expect(lines.map(({ level, message, fields }) => [level, message, fields])).toEqual([
      ['error', 'sweeping failed; it is tried again', { error: 'the disk is full' }],
      ['error', 'sweeping failed; it is tried again', { error: 'the file is locked' }],
      ['info', 'sweeping works again', {}],
    ]);
  });
});
