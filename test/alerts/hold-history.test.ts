import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Hold } from '../../src/alerts/holds.ts';
import { openJournal } from '../../src/alerts/journal.ts';
import { temporaryDirectory } from './support/fixtures.ts';

describe('history of holds', () => {
  it('tells what was in force at some time since, ended or not', () => {
    let now = 1000;
    const journal = openJournal({ file: join(temporaryDirectory(), 'alerts.db'), clock: () => now });
    onTestFinished(() => journal.close());
    const hold = (assetId: string, since: number): Hold => ({
      kind: 'out_of_service',
      of: { scope: 'asset', assetId },
      since,
      until: null,
      by: 'ada',
      reason: 'bearings',
    });
    journal.operate([], [{ kind: 'begin', hold: hold('a', 1000) }]);
    now = 2000;
    journal.operate([], [{ kind: 'end', hold: hold('a', 1000), by: 'ada', reason: null }]);
    journal.operate([], [{ kind: 'begin', hold: hold('b', 2000) }]);
    expect(journal.holdsSince(1500)).toEqual([{ ...hold('a', 1000), until: 2000 }, hold('b', 2000)]);
    expect(journal.holdsSince(2500)).toEqual([hold('b', 2000)]);
    expect(journal.holds()).toEqual([hold('b', 2000)]);
  });
});
