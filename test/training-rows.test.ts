import { describe, expect, it } from 'vitest';
import type { Hold } from '../src/alerts/holds.ts';
import { resolveConfig } from '../src/config.ts';
import type { AssetRows } from '../src/history/asset-rows.ts';
import { excludeRows } from '../src/history/exclusions.ts';
import {
  alertedStretches,
  createTrainingRows,
  heldStretches,
  type TrainingRowsParts,
} from '../src/training-rows.ts';
import type { Alert, AlertOutcome } from '../src/types.ts';
import { healthyRows } from './models/support/fixtures.ts';

const channels = { current: {}, pressure: {}, speed: {} };
const document = {
  state_dir: '/nowhere',
  classes: {
    pump: { topic: 'plant/{asset}/telemetry', channels, window: { length: 8 }, train: { after: 400 } },
  },
};
const [config] = resolveConfig(document, { env: {}, baseDir: '/' }).config!.classes;

const rows = ['a', 'b'].map((id, i) => healthyRows(id, 1200, i + 1));
const [from, to] = [rows[0].at[0], rows[0].at.at(-1)!];
const second = 1000;

const alertOf = (
  assetId: string,
  startedAt: number,
  resolvedAt: number | null,
  outcome: AlertOutcome | null = null,
): Alert =>
  ({
    id: `${assetId} ${startedAt}`,
    assetId,
    startedAt,
    resolvedAt,
    className: 'pump',
    rule: 'anomaly',
    handling: { outcome },
  }) as Alert;

/** The rows above as the history gives them, and a journal that has these. */
function gatherer(
  alerts: readonly Alert[] = [],
  holds: readonly Hold[] = [],
  kept: readonly AssetRows[] = rows,
  plannedWork: TrainingRowsParts['plannedWork'] = () => [],
) {
  const reads: { from?: number; to?: number }[] = [];
  const gather = createTrainingRows({
    config,
    plannedWork,
    history: {
      stats: () => {
        const count = kept.reduce((sum, { at }) => sum + at.length, 0);
        const classes =
          count === 0 ? [] : [{ name: 'pump', rows: count, segments: 1, fromAt: from, toAt: to }];
        return { bytes: 0, rows: count, segments: 1, damaged: 0, dropped: 0, lastError: null, classes };
      },
      assets: async () => kept.map(({ assetId }) => assetId),
      async read(_className, query = {}) {
        reads.push(query);
        const outside = [
          { assetId: null, from: Number.NEGATIVE_INFINITY, to: query.from! - 1, reason: 'labelled' },
          { assetId: null, from: query.to! + 1, to: Number.POSITIVE_INFINITY, reason: 'labelled' },
        ] as const;
        return [...excludeRows(kept, outside, 3).assets];
      },
    },
    journal: {
      list: ({ state } = {}) => ({
        alerts: alerts.filter(({ resolvedAt }) => (state === 'firing' ? resolvedAt === null : true)),
        nextCursor: null,
      }),
      holdsSince: () => holds,
    },
  });
  return { gather, reads };
}

const request = { from: 0, to: to + 1, most: 1_000_000, withAlerted: false };
const countOf = (assets: readonly AssetRows[], id: string) =>
  assets.find(({ assetId }) => assetId === id)?.at.length ?? 0;

describe('training rows', () => {
  it('are all rows of the look back when nothing happened', async () => {
    const { gather, reads } = gatherer();
    const { assets, refusal } = await gather(request);
    expect(refusal).toBeNull();
    expect([countOf(assets, 'a'), countOf(assets, 'b')]).toEqual([1200, 1200]);
    expect(reads).toEqual([{ from, to }]);
  });

  it('are without what was alerted on, a window around it included; unless a person says that it was normal', async () => {
    const alert = alertOf('a', from + 600 * second, from + 700 * second);
    const { gather } = gatherer([alert]);
    const { assets } = await gather(request);
    // 101 rows of the alert, and 8 on either side.
    expect([countOf(assets, 'a'), countOf(assets, 'b')]).toEqual([1200 - 117, 1200]);
    expect(countOf((await gather({ ...request, withAlerted: true })).assets, 'a')).toBe(1200);
  });

  it('are with what a person found to be a false alarm, and without what was a fault', async () => {
    const times = ['a', from + 600 * second, from + 700 * second] as const;
    const rowsOf = async (outcome: AlertOutcome | null) =>
      countOf((await gatherer([alertOf(...times, outcome)]).gather(request)).assets, 'a');
    expect([await rowsOf('false_alarm'), await rowsOf('fault'), await rowsOf(null)]).toEqual([
      1200,
      1200 - 117,
      1200 - 117,
    ]);
  });

  it('are without what an alert that still fires has seen', async () => {
    const { gather } = gatherer([alertOf('b', from + 1000 * second, null)]);
    expect(countOf((await gather(request)).assets, 'b')).toBe(992);
  });

  it('are without maintenance, of an asset or of the class', async () => {
    const hold = { kind: 'out_of_service', by: 'ada', reason: 'bearings' } as const;
    const part = { since: from + 100 * second, until: from + 199 * second };
    const ofAsset: Hold = { ...hold, ...part, of: { scope: 'asset', assetId: 'a' } };
    const { assets } = await gatherer([], [ofAsset]).gather(request);
    expect([countOf(assets, 'a'), countOf(assets, 'b')]).toEqual([1100, 1200]);
    const ofClass: Hold = { ...hold, ...part, of: { scope: 'class', className: 'pump' } };
    const both = (await gatherer([], [ofClass]).gather(request)).assets;
    expect([countOf(both, 'a'), countOf(both, 'b')]).toEqual([1100, 1100]);
  });

  it('are without planned work on the asset', async () => {
    const work = (_className: string, assetId: string) =>
      assetId === 'b' ? [{ from: from + 300 * second, to: from + 349 * second }] : [];
    const { assets } = await gatherer([], [], rows, work).gather(request);
    expect([countOf(assets, 'a'), countOf(assets, 'b')]).toEqual([1200, 1150]);
  });

  it('are without stretches of held values', async () => {
    const measured = rows[0].measured.map((one, i) => (i >= 900 && i < 960 ? 0 : one));
    const { gather } = gatherer([], [], [{ ...rows[0], measured }, rows[1]]);
    expect(countOf((await gather(request)).assets, 'a')).toBe(1180);
  });

  it('are evenly spread stretches where there are too many, the newest among them', async () => {
    const { gather, reads } = gatherer();
    const { assets } = await gather({ ...request, most: 1600 });
    // Of 1200 seconds two thirds, in stretches of four windows.
    expect(reads.length).toBe(24);
    const count = countOf(assets, 'a') + countOf(assets, 'b');
    expect(count).toBeGreaterThan(1400);
    expect(count).toBeLessThan(1800);
    expect(assets[0].at.at(-1)).toBe(to);
  });

  it('are refused with the reason of the report', async () => {
    expect(await gatherer([], [], []).gather(request)).toEqual({
      assets: [],
      refusal: 'No rows of the class are kept yet.',
    });
    const { refusal } = await gatherer([alertOf('a', from, null), alertOf('b', from, null)]).gather(request);
    expect(refusal).toBe('There are no rows to train on.');
    const still = rows.map((one) => ({ ...one, values: one.values.map((_, i) => i % 3) }));
    expect((await gatherer([], [], still).gather(request)).refusal).toMatch(/Nothing of it ever changes/);
  });

  it('know holds that end of themselves, and those that have nothing to do with work', () => {
    const hold = { kind: 'out_of_service', since: 5, until: null, by: 'ada', reason: 'x' } as const;
    expect(heldStretches([{ ...hold, of: { scope: 'asset', assetId: 'a' } }], 'pump')).toEqual([
      { assetId: 'a', from: 5, to: Number.POSITIVE_INFINITY, reason: 'maintenance' },
    ]);
    expect(
      heldStretches(
        [
          { ...hold, kind: 'shelved', of: { scope: 'asset', assetId: 'a' } },
          { ...hold, of: { scope: 'alarm', assetId: 'a', rule: 'anomaly' } },
          { ...hold, of: { scope: 'class', className: 'press' } },
        ],
        'pump',
      ),
    ).toEqual([]);
    expect(alertedStretches([alertOf('a', 50_000, 60_000)], config)).toEqual([
      { assetId: 'a', from: 42_000, to: 68_000, reason: 'alerted' },
    ]);
  });
});
