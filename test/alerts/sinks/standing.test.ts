import { describe, expect, it } from 'vitest';
import { standingAlerts } from '../../../src/alerts/sinks/standing.ts';
import { alertNamed, raising, resolving, temporaryJournal } from '../support/fixtures.ts';

const idOf = (n: number) => `al_${String(n).padStart(5, '0')}`;

describe('what stands', () => {
  it('is all that fires and was told, of one asset or of all, also beyond a page of the journal', () => {
    const journal = temporaryJournal();
    const alerts = Array.from({ length: 1002 }, (_, n) =>
      alertNamed(idOf(n), { assetId: `north/1/pump-${n}`, firedAt: 2000 + n }),
    );
    journal.record(alerts.map((alert) => raising(alert)));
    const over = alerts[0]!;
    journal.record([resolving(over, 9000)]);
    const { handling } = over;
    const withheld = alertNamed('al_withheld', {
      assetId: 'north/1/other',
      handling: { ...handling, told: false },
    });
    journal.record([raising(withheld)]);
    const standing = standingAlerts(journal);
    expect(new Set(standing().map(({ id }) => id))).toEqual(new Set(alerts.slice(1).map(({ id }) => id)));
    expect(standing('north/1/pump-7').map(({ id }) => id)).toEqual([idOf(7)]);
    expect(standing('north/1/pump-0')).toEqual([]);
    expect(standing('north/1/other')).toEqual([]);
  });
});
