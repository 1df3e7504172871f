import { describe, expect, it } from 'vitest';
import type { Alert } from '../../src/types.ts';
import { alertingOn, clock } from './support/alerting-on.ts';
import { assetNamed, policy, temporaryJournal, until, verdictOf } from './support/fixtures.ts';

const pump = assetNamed('pump-3');

describe('alerts of low confidence', () => {
  const doubtful = (at: number, value: number) => {
    const verdict = verdictOf(pump, at, value);
    return verdict.kind === 'unknown'
      ? verdict
      : { ...verdict, score: { ...verdict.score, model: 'online' } };
  };

  it('end for whom they were told, and for nobody that is only called when none answers', () => {
    const journal = temporaryJournal(clock);
    const called = { name: 'chief', afterMs: 60_000, sinks: ['log'], match: [], priority: 'low' } as const;
    const alerting = alertingOn(journal, {
      escalation: [called],
      policies: () => ({ ...policy, forMs: 0 }),
    });
    alerting.start();
    alerting.onVerdict(doubtful(10, 2));
    alerting.handOver('pump');
    alerting.flush();
    const told = (sink: string) => journal.outbox.head(sink)?.notification.transition ?? null;
    expect([told('ops'), told('log')]).toEqual(['firing', null]);
    alerting.stop();
  });

  it('are low and say so, whatever the consequence and the peak; a trained model ends them and raises its own', async () => {
    const journal = temporaryJournal(clock);
    const seen: Alert[] = [];
    const critical = { ...policy, consequence: 'critical', forMs: 0 } as const;
    const alerting = alertingOn(journal, { policies: () => critical, onChange: (alert) => seen.push(alert) });
    alerting.start();
    alerting.onVerdict(doubtful(10, 2));
    alerting.onVerdict(doubtful(20, 9));
    await until('the alert is told', () => seen.length === 1);
    expect(seen[0]).toMatchObject({ priority: 'low', model: 'online' });
    expect(seen[0].summary).toContain('low confidence');
    expect(alerting.current(pump.id, 'anomaly')?.alert).toMatchObject({ priority: 'low', peakScore: 9 });

    expect(alerting.handOver('press')).toBe(0);
    expect(alerting.handOver('pump')).toBe(1);
    await until('the end is told', () => seen.length === 2);
    expect(seen[1]).toMatchObject({ id: seen[0].id, state: 'resolved', resolvedAt: 20 });
    expect(alerting.status()).toMatchObject({ firing: 0, transitions: { raised: 1, resolved: 1 } });
    expect(alerting.handOver('pump')).toBe(0);

    alerting.onVerdict(verdictOf(pump, 30, 9));
    await until('the trained model raises its own', () => seen.length === 3);
    expect(seen[2]).toMatchObject({ state: 'firing', priority: 'critical', model: 'pump-1' });
    expect(alerting.handOver('pump')).toBe(0);
    alerting.stop();
    journal.close();
  });
});
