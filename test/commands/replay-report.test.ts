import { describe, expect, it } from 'vitest';
import type { Recording } from '../../src/commands/recording.ts';
import { formatReport, reportReplay } from '../../src/commands/replay-report.ts';
import type { DaemonParts } from '../../src/daemon-parts.ts';
import type { Alert } from '../../src/types.ts';
import { alertNamed } from '../alerts/support/fixtures.ts';

const start = 1_600_000_000_000;

/** 100 rows, one a second but for a pause of a minute before row 50; labelled 35 to 44 and 70 to 79. */
function recordingOf(labelled = true): Recording {
  const label = Uint8Array.from({ length: 100 }, (_, row) =>
    (row >= 35 && row < 45) || (row >= 70 && row < 80) || row < 5 ? 1 : 0,
  );
  return {
    at: Float64Array.from({ length: 100 }, (_, row) => start + row * 1000 + (row >= 50 ? 60_000 : 0)),
    channels: ['flow'],
    values: [new Float64Array(100)],
    labels: labelled ? { anomaly: label } : {},
    sampleEveryMs: 1000,
  };
}

/** Only what a report reads of a daemon's parts; `firing` is the episode in progress. */
const partsWith = (firing: Alert | null) =>
  ({
    pipeline: {
      alerting: {
        current: (assetId: string) => (assetId === firing?.assetId ? { alert: firing } : null),
      },
      ingest: { stats: () => ({ refused: { not_json: 2, too_big: 1 }, late: 4, repeated: 5, gapRows: 60 }) },
      lines: new Map([
        ['pump', { config: { sampleEveryMs: 1000 }, scorer: { stats: () => ({ scored: 77 }) } }],
      ]),
    },
    registry: { champion: () => ({ card: { id: 'pump-1-abc', training: { seconds: 3.21 } } }) },
  }) as unknown as DaemonParts;

function alertAt(row: number, changes: Partial<Alert> = {}): Alert {
  const at = recordingOf().at[row];
  return {
    ...alertNamed(`alert-${row}`),
    assetId: 'a',
    className: 'pump',
    labels: {},
    rule: 'anomaly',
    state: 'firing',
    startedAt: at - 2000,
    firedAt: at,
    resolvedAt: null,
    score: 1.2,
    peakScore: 3.456,
    model: 'pump-1-abc',
    channels: [
      { channel: 'flow', unit: '', share: 0.5, expected: 1.23456, actual: 7 },
      { channel: 'current', unit: '', share: 0.3, expected: 4, actual: null },
      { channel: 'speed', unit: '', share: 0.15, expected: 123_456, actual: 0.000_123_456 },
      { channel: 'fourth', unit: '', share: 0.05, expected: 0, actual: 0 },
    ],
    summary: '',
    ...changes,
  };
}

const report = (alerts: readonly Alert[], recording = recordingOf(), firing: Alert | null = null) =>
  reportReplay({
    recording,
    alerts,
    parts: partsWith(firing),
    className: 'pump',
    trainRows: 20,
    file: 'rig.csv',
  });

describe('reportReplay', () => {
  it('gives the rows of each alert, also behind a pause and off the grid by less than half a step', () => {
    const { at } = recordingOf();
    const { alerts } = report([
      alertAt(60, { firedAt: at[60] - 400, resolvedAt: at[75] + 300 }),
      alertAt(38, { startedAt: at[36], resolvedAt: at[49] }),
    ]);
    expect(
      alerts.map(({ started_row, fired_row, resolved_row }) => [started_row, fired_row, resolved_row]),
    ).toEqual([
      [36, 38, 49],
      [58, 60, 75],
    ]);
  });

  it('holds alerts against the labels after the training rows', () => {
    const { alerts, events } = report([alertAt(60), alertAt(38), alertAt(41)]);
    expect(alerts.map(({ id, true_alert }) => [id, true_alert])).toEqual([
      ['alert-38', true],
      ['alert-41', true],
      ['alert-60', false],
    ]);
    expect(events).toEqual([
      { label: 'anomaly', from_row: 35, to_row: 44, alert: 'alert-38', delay_rows: 3 },
      { label: 'anomaly', from_row: 70, to_row: 79, alert: null, delay_rows: null },
    ]);
  });

  it('counts the first and the last row of an event as inside', () => {
    const inside = report([alertAt(34), alertAt(35), alertAt(44), alertAt(45)]).alerts;
    expect(inside.map(({ true_alert }) => true_alert)).toEqual([false, true, true, false]);
  });

  it('claims nothing without labels', () => {
    const { alerts, events } = report([alertAt(38)], recordingOf(false));
    expect(alerts[0].true_alert).toBeNull();
    expect(events).toEqual([]);
  });

  it('gives an alert that still fires its peak up to now, and leaves the earlier ones as they ended', () => {
    const ended = alertAt(38, { state: 'resolved', resolvedAt: recordingOf().at[49] });
    const { alerts } = report([ended, alertAt(60)], recordingOf(), alertAt(60, { peakScore: 9 }));
    expect(alerts.map(({ id, resolved_row, peak_score }) => [id, resolved_row, peak_score])).toEqual([
      ['alert-38', 49, 3.456],
      ['alert-60', null, 9],
    ]);
  });

  it('sums up what the line did', () => {
    expect(report([])).toEqual({
      file: 'rig.csv',
      rows: 100,
      train_rows: 20,
      model: 'pump-1-abc',
      train_s: 3.21,
      windows_scored: 77,
      alerts: [],
      events: [
        { label: 'anomaly', from_row: 35, to_row: 44, alert: null, delay_rows: null },
        { label: 'anomaly', from_row: 70, to_row: 79, alert: null, delay_rows: null },
      ],
      refused: 3,
      late: 4,
      repeated: 5,
      gap_rows: 60,
    });
  });
});

describe('formatReport', () => {
  it('tells it in lines', () => {
    const resolvedAt = recordingOf().at[49];
    const lines = formatReport(report([alertAt(38, { resolvedAt }), alertAt(60)]));
    expect(lines).toEqual([
      'model pump-1-abc from 20 rows in 3.2 s; 77 windows scored; 60 gap rows, 4 late, 5 repeated, 3 refused',
      'alert at row 38 inside a labelled event, resolved at row 49, peak score 3.5',
      '  50 % flow: 7 where 1.235 is expected',
      '  30 % current: nothing where 4 is expected',
      '  15 % speed: 0.0001235 where 123500 is expected',
      'alert at row 60 OUTSIDE the labelled events, still firing at the end, peak score 3.5',
      '  50 % flow: 7 where 1.235 is expected',
      '  30 % current: nothing where 4 is expected',
      '  15 % speed: 0.0001235 where 123500 is expected',
      'event anomaly rows 35 to 44: alerted after 3 rows',
      'event anomaly rows 70 to 79: MISSED',
    ]);
  });

  it('says so when nothing happened, and leaves a peak out that there is not', () => {
    expect(formatReport(report([], recordingOf(false)))[1]).toBe('no alert');
    const [, line] = formatReport(report([alertAt(38, { peakScore: null })], recordingOf(false)));
    expect(line).toBe('alert at row 38, still firing at the end');
  });
});
