import { describe, expect, it } from 'vitest';
import { Maintenance, type MaintenanceConfig, occurrencesOf } from '../../../src/alerts/noise/maintenance.ts';
import { assetNamed } from '../support/fixtures.ts';
import { noisyPlant } from './noisy-stage.ts';

const minute = 60_000;
const hour = 60 * minute;
const at = (text: string) => Date.parse(text);
const shown = (config: MaintenanceConfig, from: string, to: string) =>
  occurrencesOf(config)
    .between(at(from), at(to))
    .map((one) => `${new Date(one.from).toISOString()} ${new Date(one.to).toISOString()}`)
    .sort();
const weekly: MaintenanceConfig = {
  name: 'weekly',
  match: ['site=north'],
  timezone: 'Europe/Berlin',
  when: { start: '2026-01-04T06:00', durationMs: 2 * hour, rule: 'FREQ=WEEKLY;BYDAY=SU' },
};
const ics = (...lines: string[]) =>
  ['BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//test//', ...lines, 'END:VCALENDAR', ''].join('\r\n');
const calendar = (text: string, timezone = 'UTC'): MaintenanceConfig => ({
  name: 'calendar',
  match: [],
  timezone,
  when: { calendar: text },
});

describe('recurring windows', () => {
  it('begin at the same local time before and after daylight saving time begins (2027-03-28)', () => {
    expect(shown(weekly, '2027-03-20T00:00Z', '2027-04-05T00:00Z')).toEqual([
      '2027-03-21T05:00:00.000Z 2027-03-21T07:00:00.000Z',
      '2027-03-28T04:00:00.000Z 2027-03-28T06:00:00.000Z',
      '2027-04-04T04:00:00.000Z 2027-04-04T06:00:00.000Z',
    ]);
  });

  it('and before and after it ends (2026-10-25)', () => {
    expect(shown(weekly, '2026-10-17T00:00Z', '2026-11-02T00:00Z')).toEqual([
      '2026-10-18T04:00:00.000Z 2026-10-18T06:00:00.000Z',
      '2026-10-25T05:00:00.000Z 2026-10-25T07:00:00.000Z',
      '2026-11-01T05:00:00.000Z 2026-11-01T07:00:00.000Z',
    ]);
  });

  it('last as long as they say over the change itself', () => {
    const night = {
      ...weekly,
      when: { start: '2026-01-03T23:00', durationMs: 6 * hour, rule: 'FREQ=DAILY' },
    };
    expect(shown(night, '2027-03-27T12:00Z', '2027-03-28T12:00Z')).toEqual([
      '2027-03-27T22:00:00.000Z 2027-03-28T04:00:00.000Z',
    ]);
    expect(shown(night, '2026-10-24T12:00Z', '2026-10-25T12:00Z')).toEqual([
      '2026-10-24T21:00:00.000Z 2026-10-25T03:00:00.000Z',
    ]);
  });

  it('take the hour that comes twice once, and leave out the one that does not exist', () => {
    const early = { ...weekly, when: { start: '2026-01-04T02:30', durationMs: hour, rule: 'FREQ=DAILY' } };
    expect(shown(early, '2026-10-25T00:00Z', '2026-10-26T00:00Z')).toEqual([
      '2026-10-25T00:30:00.000Z 2026-10-25T01:30:00.000Z',
    ]);
    expect(shown(early, '2027-03-27T12:00Z', '2027-03-29T12:00Z')).toEqual([
      '2027-03-29T00:30:00.000Z 2027-03-29T01:30:00.000Z',
    ]);
  });

  it('happen once without a rule, end with UNTIL and COUNT, and never when a rule is impossible', () => {
    const when = { start: '2026-01-05T06:00', durationMs: hour };
    const of = (rule: string | null) =>
      shown({ ...weekly, when: { ...when, rule } }, '2026-01-01T00:00Z', '2027-01-01T00:00Z').length;
    expect(of(null)).toBe(1);
    expect(of('FREQ=DAILY;COUNT=3')).toBe(3);
    expect(of('RRULE:FREQ=DAILY;UNTIL=20260107T050000Z')).toBe(3);
    expect(of('FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30')).toBe(0);
  });

  it.each([
    'FREQ=FOO',
    'COUNT=3',
    'FREQ=MINUTELY',
    'FREQ=DAILY;BYHUOR=3',
    'nonsense',
    'FREQ=WEEKLY;BYDAY=XX',
  ])('refuse %s', (rule) => {
    const when = { start: '2026-01-05T06:00', durationMs: hour, rule };
    expect(() => occurrencesOf({ ...weekly, when })).toThrow(
      expect.objectContaining({ code: 'RECURRENCE_INVALID' }),
    );
  });
});

describe('a calendar', () => {
  const event = (...lines: string[]) => ['BEGIN:VEVENT', 'UID:1', 'SUMMARY:Cleaning', ...lines, 'END:VEVENT'];

  it('recurs without its exceptions, with one moved and one cancelled, over the change of time', () => {
    const text = ics(
      ...event(
        'DTSTART;TZID=Europe/Berlin:20270307T060000',
        'DTEND;TZID=Europe/Berlin:20270307T080000',
        'RRULE:FREQ=WEEKLY;BYDAY=SU;COUNT=6',
        'EXDATE;TZID=Europe/Berlin:20270314T060000',
        'RDATE;TZID=Europe/Berlin:20270401T120000',
      ),
      ...event(
        'RECURRENCE-ID;TZID=Europe/Berlin:20270321T060000',
        'DTSTART;TZID=Europe/Berlin:20270322T100000',
        'DURATION:PT30M',
      ),
      ...event(
        'RECURRENCE-ID;TZID=Europe/Berlin:20270404T060000',
        'DTSTART;TZID=Europe/Berlin:20270404T060000',
        'DTEND;TZID=Europe/Berlin:20270404T080000',
        'STATUS:CANCELLED',
      ),
    );
    expect(shown(calendar(text), '2027-03-01T00:00Z', '2027-05-01T00:00Z')).toEqual([
      '2027-03-07T05:00:00.000Z 2027-03-07T07:00:00.000Z',
      '2027-03-22T09:00:00.000Z 2027-03-22T09:30:00.000Z',
      '2027-03-28T04:00:00.000Z 2027-03-28T06:00:00.000Z',
      '2027-04-01T10:00:00.000Z 2027-04-01T12:00:00.000Z',
      '2027-04-11T04:00:00.000Z 2027-04-11T06:00:00.000Z',
    ]);
  });

  it('knows times in UTC, without a zone, of whole days, and in zones as Windows names them', () => {
    const of = (...lines: string[]) =>
      shown(calendar(ics(...event(...lines)), 'Europe/Berlin'), '2026-10-01T00:00Z', '2026-12-01T00:00Z');
    expect(of('DTSTART:20261020T060000Z', 'DURATION:PT1H')).toEqual([
      '2026-10-20T06:00:00.000Z 2026-10-20T07:00:00.000Z',
    ]);
    expect(of('DTSTART:20261020T060000', 'DURATION:PT1H')).toEqual([
      '2026-10-20T04:00:00.000Z 2026-10-20T05:00:00.000Z',
    ]);
    expect(of('DTSTART;VALUE=DATE:20261025')).toEqual(['2026-10-24T22:00:00.000Z 2026-10-25T23:00:00.000Z']);
    expect(of('DTSTART;TZID="W. Europe Standard Time":20261026T060000', 'DURATION:PT1H')).toEqual([
      '2026-10-26T05:00:00.000Z 2026-10-26T06:00:00.000Z',
    ]);
  });

  it.each([
    ['nonsense', /no iCalendar/],
    [ics(), /no event/],
    [ics('BEGIN:VEVENT', 'UID:1', 'END:VEVENT'), /no DTSTART/],
    [ics(...event('DTSTART:20261020T060000Z')), /ends when it begins/],
    [ics(...event('DTSTART;TZID=Mars/Base:20261020T060000', 'DURATION:PT1H')), /Mars\/Base/],
  ])('refuses %#', (text, message) => {
    expect(() => occurrencesOf(calendar(text))).toThrow(
      expect.objectContaining({ code: 'CALENDAR_INVALID', message: expect.stringMatching(message) }),
    );
  });
});

describe('maintenance', () => {
  const pump = assetNamed('pump-3');

  it('is right to the minute over the change of time, and over a restart', () => {
    for (const [begin, end] of [
      ['2026-10-25T05:00:00Z', '2026-10-25T07:00:00Z'],
      ['2027-03-28T04:00:00Z', '2027-03-28T06:00:00Z'],
    ]) {
      const { wall, start } = noisyPlant(at(begin!) - minute, { maintenance: [weekly] });
      let stage = start();
      stage.alerting.sweep();
      const before = stage.raise(assetNamed('pump-1'));
      expect(before.operatorState).toBe('unacknowledged');
      wall.now = at(begin!);
      const during = stage.raise(pump);
      expect(during).toMatchObject({
        operatorState: 'suppressed',
        handling: { told: false, suppressedFor: 'maintenance:weekly' },
      });
      stage.alerting.sweep();
      expect(stage.newest(assetNamed('pump-1')).operatorState).toBe('suppressed');
      stage.stop();
      wall.now = at(end!) - minute;
      stage = start();
      stage.alerting.sweep();
      expect(stage.told()).toEqual([`${before.id}:firing:ops`]);
      wall.now = at(end!) - 1;
      stage.alerting.sweep();
      expect(stage.told()).toEqual([]);
      wall.now = at(end!);
      stage.alerting.sweep();
      expect(stage.told()).toEqual([`${during.id}:firing:ops`]);
      expect(stage.newest(assetNamed('pump-1')).operatorState).toBe('unacknowledged');
      stage.stop();
    }
  });

  it('knows when there was work on an asset, so that nothing is learned of it', () => {
    const stage = noisyPlant(at('2026-11-01T12:00Z'), { maintenance: [weekly] }).start();
    const { id: assetId, className, labels } = pump;
    const [from, to] = [at('2026-10-18T05:00Z'), at('2026-10-25T06:00Z')];
    expect(stage.noise.plannedWork({ assetId, className, labels }, from, to)).toEqual([
      { from: at('2026-10-18T04:00Z'), to: at('2026-10-18T06:00Z') },
      { from: at('2026-10-25T05:00Z'), to: at('2026-10-25T07:00Z') },
    ]);
    const south = { assetId, className, labels: { site: 'south' } };
    expect(stage.noise.plannedWork(south, from, to)).toEqual([]);
    stage.stop();
  });

  it('names the silence where a window, a stopped line and flapping mute as well', () => {
    const { wall, start } = noisyPlant(at('2026-10-25T05:00Z'), {
      maintenance: [weekly],
      flapping: { everyMs: minute, low: 0.05, high: 0.2 },
    });
    const stage = start();
    for (let i = 0; i < 5; i++) {
      wall.now += minute;
      stage.raise(pump);
      wall.now += minute;
      stage.resolve(pump);
    }
    stage.raise(pump);
    expect(stage.newest(pump).handling.suppressedFor).toBe('maintenance:weekly');
    stage.silences.add({ matchers: ['asset=pump-3'], by: 'ada', comment: 'seal', forMs: minute });
    expect(stage.newest(pump).handling.suppressedFor).toMatch(/^silence:sl_/);
    wall.now += minute;
    stage.alerting.sweep();
    expect(stage.newest(pump).handling.suppressedFor).toBe('maintenance:weekly');
    stage.stop();
    const without = noisyPlant(wall.now).start();
    expect(without.raise(pump).handling.suppressedFor).toBeNull();
    without.stop();
  });

  it('leaves alone what does not match', () => {
    const wall = { now: at('2026-10-25T05:30:00Z') };
    const maintenance = new Maintenance([{ ...weekly, match: ['site=south'] }], () => wall.now);
    expect(maintenance.current()).toEqual(['weekly']);
    const { id: assetId, className, labels } = pump;
    expect(maintenance.on({ assetId, className, labels, rule: 'anomaly' })).toBeNull();
  });

  it('follows a wall clock that is put back', () => {
    const wall = { now: at('2026-10-25T05:30:00Z') };
    const maintenance = new Maintenance([weekly], () => wall.now);
    expect([maintenance.sweep(), maintenance.sweep()]).toEqual([true, false]);
    wall.now = at('2026-10-25T03:30:00Z');
    expect([maintenance.sweep(), maintenance.current()]).toEqual([true, []]);
    wall.now = at('2026-10-18T05:59:59Z');
    expect(maintenance.current()).toEqual(['weekly']);
  });
});
