import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFleet } from '../src/fleet.ts';
import type { AlertRule, Asset } from '../src/types.ts';
import { assetAt, channels, noon, rowOf, scored } from './api/support/plant.ts';

function fleetOf(options: { history?: number; clock?: () => number; alerts?: Map<string, string> } = {}) {
  const { history = 4, clock = () => noon, alerts = new Map<string, string>() } = options;
  const alertOf = (assetId: string, rule: AlertRule) => alerts.get(`${rule} ${assetId}`) ?? null;
  return createFleet({ history, channelsOf: () => channels, clock, alertOf });
}

describe('what is kept of an asset', () => {
  it('keeps the last rows in order, as copies', () => {
    const fleet = fleetOf({ history: 3 });
    const asset = assetAt(1);
    const row = rowOf(asset, 0);
    for (let i = 1; i <= 5; i++) {
      row.values.set([i, -i]);
      row.measured.set([1, i % 2]);
      fleet.onRow({ ...row, at: i * 1000 });
    }
    const detail = fleet.asset(asset.id)!;
    expect(detail.lastRows.map(({ at, values, measured }) => [at, [...values], [...measured]])).toEqual([
      [3000, [3, -3], [1, 1]],
      [4000, [4, -4], [1, 0]],
      [5000, [5, -5], [1, 1]],
    ]);
    expect(detail).toMatchObject({
      rows: 5,
      lastRowAt: 5000,
      lastSeenAt: noon,
      state: 'warming_up',
      score: null,
    });
  });

  it('keeps what windows came to, and the last evidence through unknown verdicts', () => {
    const fleet = fleetOf({ history: 3 });
    const asset = assetAt(1);
    fleet.onVerdict(scored(asset, 1000, 0.5));
    fleet.onVerdict(scored(asset, 2000, 1.5, [0.125, 0.875]));
    expect(fleet.asset(asset.id)).toMatchObject({ state: 'anomalous', reason: null });
    fleet.onVerdict({ kind: 'unknown', asset, at: 3000, reason: 'learning' });
    expect(fleet.asset(asset.id)).toMatchObject({ state: 'learning', reason: 'learning' });
    fleet.onVerdict({ kind: 'unknown', asset, at: 4000, reason: 'low_coverage' });
    const detail = fleet.asset(asset.id)!;
    expect(detail).toMatchObject({
      state: 'unknown',
      reason: 'low_coverage',
      score: 1.5,
      scoredAt: 2000,
      model: 'pump-1-abc',
    });
    expect(detail).toMatchObject({ windows: 4, anomalousWindows: 1 });
    expect(detail.lastScores).toEqual([
      { at: 2000, value: 1.5, outcome: 'anomalous' },
      { at: 3000, value: null, outcome: 'learning' },
      { at: 4000, value: null, outcome: 'low_coverage' },
    ]);
    expect([...detail.evidence!.attribution]).toEqual([0.125, 0.875]);
    expect([...detail.evidence!.expected]).toEqual([1.5, 2.5]);
    expect([...detail.evidence!.actual]).toEqual([1, Number.NaN]);
  });

  it('keeps assets of many slabs apart', () => {
    const fleet = fleetOf();
    const assets = Array.from({ length: 700 }, (_, index) => assetAt(index));
    for (const asset of assets) fleet.onRow(rowOf(asset, asset.index, [asset.index, 0]));
    for (const asset of assets) expect(fleet.asset(asset.id)!.lastRows[0]!.values[0]).toBe(asset.index);
    expect(fleet.summary()).toMatchObject({ assets: 700, states: { warming_up: 700, normal: 0 } });
  });

  it('counts states by class and verdicts by what they came to', () => {
    const fleet = fleetOf();
    fleet.onVerdict(scored(assetAt(0), 0, 0.5));
    fleet.onVerdict(scored(assetAt(1), 0, 2));
    fleet.onVerdict({ kind: 'unknown', asset: assetAt(2), at: 0, reason: 'overloaded' });
    const summary = fleet.summary();
    expect(summary.states).toMatchObject({ normal: 1, anomalous: 1, unknown: 1, silent: 0 });
    expect(summary.classes.find(({ name }) => name === 'press')!.states).toMatchObject({
      normal: 1,
      anomalous: 0,
    });
    expect(summary.verdicts).toMatchObject({ normal: 1, anomalous: 1, overloaded: 1, learning: 0 });
  });

  it('shows the alert of the model before that of silence', () => {
    const alerts = new Map([['silent south/pump-1', 'al_2']]);
    const fleet = fleetOf({ alerts });
    fleet.onAsset(assetAt(1));
    expect(fleet.asset('south/pump-1')!.alert).toBe('al_2');
    alerts.set('anomaly south/pump-1', 'al_1');
    expect(fleet.asset('south/pump-1')!.alert).toBe('al_1');
  });
});

describe('paging', () => {
  it('gives each asset once, whatever the page size and the filter, while others join', () => {
    const query = fc.record({
      count: fc.integer({ min: 0, max: 60 }),
      joining: fc.integer({ min: 0, max: 5 }),
      limit: fc.integer({ min: 1, max: 25 }),
      site: fc.option(fc.constantFrom('north', 'south', 'toString'), { nil: undefined }),
      className: fc.option(fc.constantFrom('pump', 'press', 'fan'), { nil: undefined }),
      state: fc.option(fc.constantFrom('normal' as const, 'warming_up' as const), { nil: undefined }),
    });
    fc.assert(
      fc.property(query, ({ count, joining, limit, site, className, state }) => {
        const fleet = fleetOf();
        const known: Asset[] = [];
        const join = () => {
          const asset = assetAt(known.length);
          known.push(asset);
          fleet.onAsset(asset);
          if (asset.index % 5 === 0) fleet.onVerdict(scored(asset, 0, 0.5));
        };
        for (let i = 0; i < count; i++) join();
        const seen: string[] = [];
        let cursor: number | null = 0;
        while (cursor !== null) {
          const page: ReturnType<typeof fleet.assets> = fleet.assets({
            limit,
            cursor,
            ...(site === undefined ? {} : { labels: { site } }),
            ...(className === undefined ? {} : { className }),
            ...(state === undefined ? {} : { state }),
          });
          expect(page.assets.length).toBeLessThanOrEqual(limit);
          seen.push(...page.assets.map(({ asset }) => asset.id));
          cursor = page.next;
          if (cursor !== null && known.length < count + joining) join();
        }
        const wanted = known.filter(
          (asset) =>
            (site === undefined || asset.labels.site === site) &&
            (className === undefined || asset.className === className) &&
            (state === undefined || (asset.index % 5 === 0 ? 'normal' : 'warming_up') === state),
        );
        // Assets that joined after the last page was cut may be missing; those that were there never.
        const before = wanted.filter(({ index }) => index < count).map(({ id }) => id);
        expect(new Set(seen).size).toBe(seen.length);
        expect(seen.filter((id) => before.includes(id))).toEqual(before);
        expect(seen.every((id) => wanted.some((asset) => asset.id === id))).toBe(true);
      }),
    );
  });
});

describe('silence', () => {
  function watch() {
    const state = { now: noon };
    const alerts = new Map<string, string>();
    const fleet = fleetOf({ clock: () => state.now, alerts });
    const asset = assetAt(1);
    const sweep = (seconds: number, options: { since?: number | null; afterMs?: number } = {}) => {
      const heard: [boolean, boolean][] = [];
      for (let i = 0; i < seconds; i++) {
        state.now += 1000;
        const { since = noon - 3_600_000, afterMs = 10_000 } = options;
        fleet.sweepSilence(
          state.now,
          () => afterMs,
          (_, silent, changed) => heard.push([silent, changed]),
          since,
        );
      }
      return heard;
    };
    const speak = () => fleet.onRow(rowOf(asset, state.now));
    speak();
    sweep(1);
    return { fleet, asset, state, alerts, sweep, speak };
  }

  it('comes at the limit, is told at every sweep, and ends with a row', () => {
    const { fleet, asset, sweep, speak } = watch();
    expect(sweep(8)).toEqual([]);
    expect(sweep(3)).toEqual([
      [true, true],
      [true, false],
      [true, false],
    ]);
    expect(fleet.asset(asset.id)!.state).toBe('silent');
    expect(fleet.assets({ state: 'silent', limit: 10 }).assets).toHaveLength(1);
    speak();
    expect(sweep(3)).toEqual([[false, true]]);
    expect(fleet.asset(asset.id)!.state).toBe('warming_up');
  });

  it('goes on telling that the asset talks until its alert is over', () => {
    const { asset, alerts, sweep, speak } = watch();
    sweep(12);
    alerts.set(`silent ${asset.id}`, 'al_1');
    speak();
    expect(sweep(3)).toEqual([
      [false, true],
      [false, false],
      [false, false],
    ]);
    alerts.clear();
    expect(sweep(3)).toEqual([]);
  });

  it('ends the alert of before a restart', () => {
    const { fleet, alerts, sweep } = watch();
    const returning = assetAt(2);
    alerts.set(`silent ${returning.id}`, 'al_1');
    fleet.onRow(rowOf(returning, noon));
    expect(sweep(1)).toEqual([[false, false]]);
  });

  it('is not blamed on assets while the broker is away, nor sooner than the limit after it came back', () => {
    const { state, sweep } = watch();
    expect(sweep(30, { since: null })).toEqual([]);
    const since = state.now;
    expect(sweep(9, { since })).toEqual([]);
    expect(sweep(1, { since })).toEqual([[true, true]]);
  });

  it('lasts while the broker is away', () => {
    const { sweep } = watch();
    sweep(12);
    expect(sweep(1, { since: null })).toEqual([[true, false]]);
  });

  it('is not made of a sleeping machine or a clock set forward', () => {
    const { state, sweep } = watch();
    state.now += 3_600_000;
    expect(sweep(10)).toEqual([]);
    expect(sweep(1)).toEqual([[true, true]]);
  });

  it('is never found where the limit is 0', () => {
    const { sweep } = watch();
    expect(sweep(100, { afterMs: 0 })).toEqual([]);
  });
});
