import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAlerting } from '../../src/alerts/alerting.ts';
import { type DeviationRule, deviationGate, toleratedReason } from '../../src/alerts/deviation.ts';
import { silentLogger } from '../../src/log.ts';
import type { Score } from '../../src/types.ts';
import { assetNamed, channels, policy, temporaryJournal, verdictOf } from './support/fixtures.ts';

const pump = assetNamed('pump-3');
const above: DeviationRule = { direction: 'above', minAbsolute: 0, minRelative: 0 };

/** Channels as `[share, expected, actual]`. */
function scoreOf(...channels: readonly (readonly [number, number, number])[]): Score {
  const column = (c: 0 | 1 | 2) => Float32Array.from(channels, (one) => one[c]);
  const [attribution, expected, actual] = [column(0), column(1), column(2)];
  return { asset: pump, at: 0, value: 3, attribution, expected, actual, model: 'pump-1' };
}

describe('what deviates', () => {
  it('counts in the direction that matters, and by as much as matters', () => {
    const [higher, lower] = [scoreOf([1, 10, 12]), scoreOf([1, 10, 8])];
    expect(toleratedReason(higher, [above])).toBeNull();
    expect(toleratedReason(lower, [above])).toBe('other_direction');
    expect(toleratedReason(lower, [{ ...above, direction: 'below' }])).toBeNull();
    expect(toleratedReason(higher, [{ ...above, minAbsolute: 2 }])).toBeNull();
    expect(toleratedReason(higher, [{ ...above, minAbsolute: 2.1 }])).toBe('below_minimum');
    expect(toleratedReason(scoreOf([1, -10, -8]), [{ ...above, minRelative: 0.2 }])).toBeNull();
    expect(toleratedReason(higher, [{ direction: 'both', minAbsolute: 1, minRelative: 0.3 }])).toBe(
      'below_minimum',
    );
  });

  it('asks the channels that together have four fifths of the score, and no others', () => {
    const first = scoreOf([0.1, 10, 12], [0.3, 10, 12], [0.6, 10, 8]);
    const rules = [above, above, above];
    expect(toleratedReason(first, rules)).toBeNull();
    expect(toleratedReason(scoreOf([0.1, 10, 12], [0.3, 10, 8], [0.6, 10, 8]), rules)).toBe(
      'other_direction',
    );
    expect(toleratedReason(scoreOf([0.15, 10, 12], [0.85, 10, 8]), rules.slice(1))).toBe('other_direction');
  });

  it('counts where a guilty channel has no reading or no rule', () => {
    expect(toleratedReason(scoreOf([1, 10, Number.NaN]), [above])).toBeNull();
    expect(toleratedReason(scoreOf([0.5, 10, 8], [0.5, 10, 8]), [above, null])).toBeNull();
  });

  it('is never tolerated less for larger minima', () => {
    const number = fc.double({ min: -100, max: 100, noNaN: true });
    const minimum = fc.double({ min: 0, max: 50, noNaN: true });
    fc.assert(
      fc.property(number, number, minimum, minimum, (expected, actual, minAbsolute, more) => {
        const score = scoreOf([1, expected, actual]);
        const rule = { ...above, minAbsolute };
        const tolerated = toleratedReason(score, [rule]) !== null;
        const stricter = toleratedReason(score, [{ ...rule, minAbsolute: minAbsolute + more }]) !== null;
        expect(stricter || !tolerated).toBe(true);
      }),
    );
  });
});

describe('the gate', () => {
  // Of the verdicts of the fixtures vibration has 62 % of the score and reads more, current 20 % and reads more.
  const below: DeviationRule = { direction: 'below', minAbsolute: 0, minRelative: 0 };

  it('makes a verdict normal, keeps its score, names the reason and counts it', () => {
    const gate = deviationGate({ rules: [below, below, below], from: 0.7 })!;
    const verdict = verdictOf(pump, 5, 3);
    expect(gate.judge(verdict)).toEqual({ ...verdict, kind: 'normal', tolerated: 'other_direction' });
    expect(gate.counts).toEqual({ other_direction: 1, below_minimum: 0 });
    expect(gate.judge({ kind: 'unknown', asset: pump, at: 6, reason: 'learning' }).kind).toBe('unknown');
    const clear = verdictOf(pump, 7, 0.6);
    expect(gate.judge(clear)).toBe(clear);
    expect(gate.counts).toEqual({ other_direction: 1, below_minimum: 0 });
  });

  it('hands on what counts, and is not there when everything does', () => {
    const verdict = verdictOf(pump, 5, 3);
    expect(deviationGate({ rules: [null, above, null], from: 0.7 })!.judge(verdict)).toBe(verdict);
    expect(deviationGate({ rules: [null, null, null], from: 0.7 })).toBeNull();
  });

  it('makes of a window whose deviation does not matter a clear one for its alert, whatever the score', () => {
    const clock = () => 1_700_000_000_000;
    const journal = temporaryJournal(clock);
    const alerting = createAlerting({
      journal,
      sinks: [],
      policies: () => ({ ...policy, forMs: 0, keepFiringForMs: 0 }),
      channels: () => channels,
      knows: { asset: () => true, class: () => true },
      clock,
      log: silentLogger,
    });
    alerting.start();
    const gate = deviationGate({ rules: [below, below, below], from: policy.clear })!;
    alerting.onVerdict(gate.judge(verdictOf(pump, 0, 5)));
    expect(alerting.current(pump.id, 'anomaly')).toBeNull();
    alerting.onVerdict(verdictOf(pump, 10, 2));
    alerting.onVerdict(gate.judge(verdictOf(pump, 20, 5)));
    alerting.flush();
    expect(journal.list().alerts).toMatchObject([{ state: 'resolved', resolvedAt: 20, peakScore: 2 }]);
    alerting.stop();
  });
});
