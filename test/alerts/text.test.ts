import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAlertIds } from '../../src/alerts/alert-id.ts';
import { backoffMs } from '../../src/alerts/backoff.ts';
import { describeAnomaly, describeSilence, evidenceOf } from '../../src/alerts/evidence.ts';
import { rfc3339 } from '../../src/alerts/rfc3339.ts';
import { assetNamed, channels, verdictOf } from './support/fixtures.ts';

describe('evidenceOf and describeAnomaly', () => {
  const asset = assetNamed('pump-3');
  const verdict = verdictOf(asset, 0, 2);
  if (verdict.kind === 'unknown') throw new Error('no score');
  const evidence = evidenceOf(verdict.score, channels);

  it('sorts channels by their share and leaves nothing out', () => {
    expect(evidence).toEqual([
      { channel: 'vibration', unit: 'mm/s', share: 0.62, expected: 2.1, actual: 4.8 },
      { channel: 'current', unit: 'A', share: 0.2, expected: 10.1, actual: 11.2 },
      { channel: 'pressure', unit: 'bar', share: 0.18, expected: 5, actual: null },
    ]);
  });

  it('tells the operator where to look', () => {
    expect(describeAnomaly(asset, evidence).summary).toBe(
      'pump-3 (north/1): vibration reads 4.8 mm/s where 2.1 is expected (62 % of the score), ' +
        'current 11.2 A where 10.1 (20 %), pressure is missing (18 %)',
    );
  });

  it('names an asset by its id when the topic does not, and manages without units and channels', () => {
    const bare = { ...asset, labels: { machine: 'x' }, id: 'x' };
    const [top] = evidence;
    expect(describeAnomaly(bare, [{ ...top, unit: '', actual: 12345.67, expected: 0.00123 }]).summary).toBe(
      'x: vibration reads 12346 where 0.00123 is expected (62 % of the score)',
    );
    expect(describeAnomaly(bare, []).summary).toBe('x: behaves unusually');
    expect(describeSilence(asset).summary).toBe('pump-3 (north/1): sends no data any more');
  });
});

describe('createAlertIds', () => {
  it('makes ids that sort in the order of making, even when the clock goes back', () => {
    const times = fc.array(fc.integer({ min: 1_600_000_000_000, max: 4_000_000_000_000 }), { minLength: 1 });
    fc.assert(
      fc.property(times, (clock) => {
        let turn = 0;
        const next = createAlertIds(() => clock[turn++ % clock.length]);
        const ids = Array.from({ length: 50 }, next);
        expect(ids.toSorted()).toEqual(ids);
        expect(new Set(ids).size).toBe(50);
      }),
    );
  });

  it('sorts on beyond the ids that fit into one millisecond', () => {
    const next = createAlertIds(() => 1_700_000_000_000);
    let last = '';
    for (let i = 0; i < 100_000; i += 1) {
      const id = next();
      if (id <= last) throw new Error(`${id} comes after ${last}`);
      last = id;
    }
    expect(last).toMatch(/^al_[0-9a-z]{19}$/);
  });
});

describe('rfc3339', () => {
  it('agrees with Date for every time of the years 0 to 9999', () => {
    const first = -62_167_219_200_000;
    const last = 253_402_300_799_999;
    fc.assert(
      fc.property(fc.integer({ min: first, max: last }), (at) => {
        expect(rfc3339(at)).toBe(new Date(at).toISOString());
      }),
      { numRuns: 2000, examples: [[first], [last], [0], [951_782_400_000], [4_107_542_399_999]] },
    );
  });
});

describe('backoffMs', () => {
  const policy = { minMs: 1000, maxMs: 300_000 };

  it('grows with the attempts and stays within its bounds', () => {
    expect([1, 2, 5, 9, 1000].map((attempts) => backoffMs(attempts, policy, 1, undefined))).toEqual([
      2000, 4000, 32_000, 300_000, 300_000,
    ]);
    expect(backoffMs(7, policy, 0, undefined)).toBe(1000);
  });

  it('waits at least as long as the receiver wishes, up to an hour', () => {
    expect(backoffMs(1, policy, 0, 7000)).toBe(7000);
    expect(backoffMs(1, policy, 0, 1e12)).toBe(3_600_000);
  });
});
