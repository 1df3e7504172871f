import { describe, expect, it } from 'vitest';
import { floods } from '../../../src/alerts/kpis/alarm-flood.ts';
import { alarmKpiReport } from '../../../src/alerts/kpis/alarm-groups.ts';
import { alarmKpis } from '../../../src/alerts/kpis/alarm-kpis.ts';
import { type AlarmLine, alarmRecords } from '../../../src/alerts/kpis/alarm-record.ts';
import { noisyPlant } from '../noise/noisy-stage.ts';
import { assetNamed } from '../support/fixtures.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const since = 1_700_000_000_000;

let number = 0;
/** The lines of one alert, at times after `since`. */
function alert(
  times: { raised: number; told?: number | null; acknowledged?: number; resolved?: number },
  of: Partial<AlarmLine> = {},
): AlarmLine[] {
  number += 1;
  const base = {
    alertId: `al_${number}`,
    assetId: 'north/pump-1',
    className: 'pump',
    labels: { site: 'north' },
    rule: 'anomaly',
    priority: 'medium',
    outcome: null,
    ...of,
  } as const;
  const line = (at: number, reason: string, what: string) => ({ ...base, at: since + at, reason, what });
  const { raised, told = raised, acknowledged, resolved } = times;
  return [
    line(raised, 'raised', 'firing'),
    ...(told === raised ? [] : [line(raised, 'not_told', 'suppressed')]),
    ...(told === null || told === raised ? [] : [line(told, 'unsuppress', 'unacknowledged')]),
    ...(acknowledged === undefined ? [] : [line(acknowledged, 'acknowledge', 'acknowledged')]),
    ...(resolved === undefined ? [] : [line(resolved, 'resolved', 'resolved')]),
    ...(resolved !== undefined && told === null ? [line(resolved, 'not_told', 'closed')] : []),
  ];
}
const kpis = (lines: AlarmLine[], lasting = hour) => alarmKpis(alarmRecords(lines), since, since + lasting);

describe('alarm figures', () => {
  it('are nothing of nothing', () => {
    expect(kpis([])).toEqual({
      raised: 0,
      told: 0,
      perTenMinutes: { mean: 0, peak: 0 },
      flood: { count: 0, ms: 0, share: 0 },
      top: [],
      chattering: [],
      stale: [],
      priorities: Object.fromEntries(
        ['low', 'medium', 'high', 'critical'].map((priority) => [priority, { count: 0, share: 0 }]),
      ),
      outcomes: { faults: 0, falseAlarms: 0, unjudged: 0, falseShare: null },
      acknowledging: { count: 0, waiting: 0, medianMs: null, p90Ms: null },
    });
  });

  it('count what was told when it was told, and what never was as raised alone', () => {
    const figures = kpis([
      ...alert({ raised: -minute }),
      ...alert({ raised: minute }),
      ...alert({ raised: 2 * minute, told: 30 * minute }),
      ...alert({ raised: 3 * minute, told: null, resolved: 4 * minute }),
      ...alert({ raised: 59 * minute, told: 61 * minute }),
      ...alert({ raised: 60 * minute }),
    ]);
    // An hour has six times ten minutes; the first alert counts for the peak of the minutes after it.
    expect(figures).toMatchObject({ raised: 4, told: 2, perTenMinutes: { mean: 2 / 6, peak: 2 } });
  });

  it('name the ten alarms told most often, with their shares', () => {
    const lines = Array.from({ length: 12 }, (_, i) =>
      Array.from({ length: i + 1 }, (_, k) =>
        alert({ raised: k * minute }, { assetId: `pump-${String(i + 1).padStart(2, '0')}` }),
      ),
    ).flat(2);
    const { top } = kpis(lines);
    expect(top).toHaveLength(10);
    expect(top[0]).toEqual({ asset: 'pump-12', rule: 'anomaly', count: 12, share: 12 / 78 });
    expect(top[9]).toMatchObject({ asset: 'pump-03', count: 3 });
  });

  it('find chattering at three in a minute, whether told or not', () => {
    const at = (times: number[], assetId: string) =>
      times.flatMap((raised) => alert({ raised, told: null }, { assetId }));
    const { chattering } = kpis([
      ...at([0, 59 * second, 119 * second], 'slow'),
      ...at([0, 30 * second, 59 * second], 'fast'),
      ...at([0, 30 * second, minute], 'edge'),
      ...at([0, 1, 2, 3], 'faster'),
    ]);
    expect(chattering).toEqual([
      { asset: 'faster', rule: 'anomaly', most: 4 },
      { asset: 'fast', rule: 'anomaly', most: 3 },
    ]);
  });

  it('find what stood for more than a day, over the start of the time and to its end', () => {
    const lines = [
      ...alert({ raised: -2 * day }, { assetId: 'standing' }),
      ...alert({ raised: -2 * day, resolved: minute }, { assetId: 'ended' }),
      ...alert({ raised: -3 * day, resolved: -minute }, { assetId: 'before' }),
      ...alert({ raised: minute, resolved: day + minute }, { assetId: 'a day' }),
      ...alert({ raised: minute, resolved: day + minute + 1 }, { assetId: 'longer' }),
    ];
    expect(kpis(lines, 2 * day).stale.map(({ asset, ms }) => [asset, ms])).toEqual([
      ['standing', 4 * day],
      ['ended', 2 * day + minute],
      ['longer', day + 1],
    ]);
  });

  it('mix priorities, and time how long it takes to acknowledge', () => {
    const priorities = ['low', 'low', 'medium', 'critical'] as const;
    const taken = [1, 2, 3, 10];
    const figures = kpis([
      ...priorities.flatMap((priority, i) =>
        alert({ raised: 0, acknowledged: taken[i]! * minute }, { priority }),
      ),
      ...alert({ raised: 0 }, { priority: 'high' }),
      ...alert({ raised: 50 * minute, acknowledged: 61 * minute }),
    ]);
    expect(figures.priorities).toEqual({
      low: { count: 2, share: 2 / 6 },
      medium: { count: 2, share: 2 / 6 },
      high: { count: 1, share: 1 / 6 },
      critical: { count: 1, share: 1 / 6 },
    });
    // Of 1, 2, 3 and 10 minutes: between 2 and 3, and 0.7 of the way from 3 to 10.
    expect(figures.acknowledging).toMatchObject({ count: 4, waiting: 2, medianMs: 2.5 * minute });
    expect(figures.acknowledging.p90Ms).toBeCloseTo(7.9 * minute, 6);
  });

  it('are made for the plant, each site, each class and both together', () => {
    const south = { labels: { site: 'south' }, assetId: 'south/press-1', className: 'press' };
    const lines = [
      ...alert({ raised: 0 }),
      ...alert({ raised: 0 }),
      ...alert({ raised: 0 }, south),
      ...alert({ raised: 0 }, { ...south, labels: {} }),
    ];
    const report = alarmKpiReport(alarmRecords(lines), since, since + hour, 'site');
    const told = (list: readonly { kpis: { told: number } }[]) => list.map(({ kpis: one }) => one.told);
    expect(report.total.told).toBe(4);
    expect(report.sites.map(({ site }) => site)).toEqual(['north', 'south', '']);
    expect(told(report.sites)).toEqual([2, 1, 1]);
    expect(report.classes.map((one) => one.class)).toEqual(['pump', 'press']);
    expect(told(report.groups)).toEqual([2, 1, 1]);
  });
});

describe('floods', () => {
  const every = (step: number, count: number, from = 0) =>
    Array.from({ length: count }, (_, i) => since + from + i * step);

  it('need more than ten in ten minutes', () => {
    expect(floods(every(minute, 10), since, since + hour)).toEqual({ count: 0, ms: 0, peak: 10 });
    expect(floods(every(minute, 60), since, since + hour)).toEqual({ count: 0, ms: 0, peak: 10 });
  });

  it('last from the eleventh until fewer than five are left of the last ten minutes', () => {
    // Eleven at once, at minute 5: all of them leave at minute 15.
    expect(floods(every(0, 11, 5 * minute), since, since + hour)).toEqual({
      count: 1,
      ms: 10 * minute,
      peak: 11,
    });
    // One in every 30 s, 12 of them: the eleventh comes at minute 5, and the eighth, which leaves four, goes at 13.5.
    expect(floods(every(30 * second, 12), since, since + hour)).toEqual({
      count: 1,
      ms: 8.5 * minute,
      peak: 12,
    });
  });

  it('count from the start of the time, to its end, and each by itself', () => {
    expect(floods(every(0, 11, -5 * minute), since, since + hour)).toEqual({
      count: 1,
      ms: 5 * minute,
      peak: 0,
    });
    expect(floods(every(0, 11, 55 * minute), since, since + hour)).toEqual({
      count: 1,
      ms: 5 * minute,
      peak: 11,
    });
    const two = [...every(0, 11), ...every(0, 20, 30 * minute)];
    expect(floods(two, since, since + hour)).toEqual({ count: 2, ms: 20 * minute, peak: 20 });
    expect(floods(every(0, 11, -30 * minute), since, since + hour)).toEqual({ count: 0, ms: 0, peak: 0 });
  });
});

describe('the journal', () => {
  it('gives the lines that the figures are made of', () => {
    const { wall, start } = noisyPlant(since);
    const stage = start();
    const pump = assetNamed('pump-3');
    const first = stage.raise(pump);
    wall.now += minute;
    stage.alerting.desk.acknowledge(first.id, { by: 'ada', comment: null });
    wall.now += minute;
    stage.resolve(pump);
    stage.silences.add({ matchers: ['asset=pump-3'], by: 'ada', comment: 'seal', forMs: hour });
    const second = stage.raise(pump);
    wall.now += hour;
    stage.alerting.sweep();
    const records = alarmRecords(stage.journal.alarmLog.lines(since) ?? []);
    const times = records.map(({ alertId, raisedAt, toldAt, acknowledgedAt, resolvedAt }) => [
      alertId,
      ...[raisedAt, toldAt, acknowledgedAt, resolvedAt].map((at) => (at === null ? null : at - since)),
    ]);
    expect(times).toEqual([
      [first.id, 0, 0, minute, 2 * minute],
      [second.id, 2 * minute, 2 * minute + hour, null, null],
    ]);
    // What fires is there however old it is; what is over is not.
    expect(stage.journal.alarmLog.lines(since + 2 * hour)?.map(({ alertId }) => alertId)).toEqual(
      Array(3).fill(second.id),
    );
    stage.stop();
  });
});
