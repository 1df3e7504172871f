import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../src/config.ts';
import { createConfirmedFaults } from '../src/confirmed-faults.ts';
import { excludeRows } from '../src/history/exclusions.ts';
import type { Alert, AlertOutcome } from '../src/types.ts';
import { healthyRows } from './models/support/fixtures.ts';

const document = {
  state_dir: '/nowhere',
  classes: {
    pump: {
      topic: 'plant/{asset}/telemetry',
      channels: { current: {}, pressure: {}, speed: {} },
      window: { length: 8 },
    },
  },
};
const [config] = resolveConfig(document, { env: {}, baseDir: '/' }).config!.classes;
const rows = healthyRows('a', 3000, 1);
const [first, last] = [rows.at[0], rows.at.at(-1)!];
const at = (row: number) => first + row * 1000;

const alertOf = (id: string, from: number, to: number | null, outcome: AlertOutcome | null): Alert =>
  ({
    id,
    assetId: 'a',
    startedAt: at(from),
    resolvedAt: to === null ? null : at(to),
    handling: { outcome },
  }) as Alert;

/** Faults of a history that has the rows above, and of these alerts. */
const faultsOf = (alerts: readonly Alert[]) =>
  createConfirmedFaults({
    config,
    history: {
      stats: () => ({ bytes: 0, rows: 0, segments: 0, damaged: 0, dropped: 0, lastError: null, classes: [] }),
      assets: async () => ['a'],
      read: async (_className, { from, to } = {}) => [
        ...excludeRows(
          [rows],
          [
            { assetId: null, from: Number.NEGATIVE_INFINITY, to: from! - 1, reason: 'labelled' },
            { assetId: null, from: to! + 1, to: Number.POSITIVE_INFINITY, reason: 'labelled' },
          ],
          3,
        ).assets,
      ],
    },
    journal: {
      list: ({ state } = {}) => ({
        alerts: alerts.filter(({ resolvedAt }) => state !== 'firing' || resolvedAt === null),
        nextCursor: null,
      }),
      holdsSince: () => [],
    },
  })(first, last);

describe('confirmed faults', () => {
  it('are the alerts that a person said were faults, with what a window and its running means need before', async () => {
    const alerts = [
      alertOf('al_1', 100, 150, 'fault'),
      alertOf('al_2', 300, 350, 'false_alarm'),
      alertOf('al_3', 400, 450, null),
    ];
    const faults = await faultsOf(alerts);
    expect(faults).toHaveLength(1);
    expect(faults[0].from).toBe(at(100));
    expect([faults[0].rows.at[0], faults[0].rows.at.at(-1)]).toEqual([at(100 - 24), at(150)]);
  });

  it('go to now where they still fire, once, and no further than their beginning tells', async () => {
    const [fault, ...others] = await faultsOf([alertOf('al_1', 500, null, 'fault')]);
    expect(others).toEqual([]);
    expect(fault.rows.at.at(-1)).toBe(at(2500));
  });

  it('are not known where the history no longer has their rows', async () => {
    expect(await faultsOf([alertOf('al_1', 5000, 5100, 'fault')])).toEqual([]);
  });
});
