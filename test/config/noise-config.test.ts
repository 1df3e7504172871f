import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { formatProblem } from '../../src/config/problem.ts';
import { parseConfig } from '../../src/config.ts';

const minimal = 'classes:\n  pump:\n    topic: plant/{site}/{asset}/t\n    channels: { speed: {} }\n';
function read(text: string, baseDir = '/nowhere') {
  const { config, problems } = parseConfig(minimal + text, { env: {}, baseDir });
  return {
    noise: config?.noise ?? null,
    grouping: config?.grouping ?? null,
    problems: problems.map(formatProblem),
  };
}
function folderWith(name: string, text: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-noise-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, name), text);
  return folder;
}
const calendar = [
  ...['BEGIN:VCALENDAR', 'VERSION:2.0', 'BEGIN:VEVENT', 'UID:1', 'DTSTART:20261020T060000Z', 'DURATION:PT1H'],
  ...['END:VEVENT', 'END:VCALENDAR'],
].join('\r\n');

describe('noise in the configuration', () => {
  it('is nothing but flap detection when nothing is said', () => {
    expect(read('').noise).toEqual({
      maintenance: [],
      topology: [],
      flapping: { everyMs: 60_000, low: 0.05, high: 0.2 },
    });
  });

  it('reads windows, calendars and rules', () => {
    const { noise, problems } = read(
      `
maintenance:
  - { name: weekly, match: [site=north], timezone: Europe/Berlin, start: 2026-01-05T06:00, duration: 2h, rrule: FREQ=WEEKLY }
  - { name: shutdowns, calendar: plant.ics }
topology:
  - { name: gateway, source: [asset=gateway], silent_for: 1m, same: [site] }
  - { name: stopped, source: [asset=line], channel: speed, below: 0.1, mutes: [rule=anomaly], keep_for: 0s }
`,
      folderWith('plant.ics', calendar),
    );
    expect(problems).toEqual([]);
    expect(noise).toMatchObject({
      maintenance: [
        {
          name: 'weekly',
          timezone: 'Europe/Berlin',
          when: { start: '2026-01-05T06:00', durationMs: 7_200_000, rule: 'FREQ=WEEKLY' },
        },
        { name: 'shutdowns', match: [], timezone: 'UTC', when: { calendar } },
      ],
      topology: [
        { name: 'gateway', when: { silentForMs: 60_000 }, mutes: [], same: ['site'], keepForMs: 60_000 },
        { name: 'stopped', when: { channel: 'speed', below: 0.1, above: null }, mutes: ['rule=anomaly'] },
      ],
    });
  });

  it.each([
    ['maintenance: [{ name: a }]', 'maintenance.0.start: or `calendar`: give one of the two'],
    ['maintenance: [{ name: a, start: 2026-02-30T06:00 }]', 'maintenance.0.start: is no date and time'],
    [
      'maintenance: [{ name: a, start: 2026-01-05T06:00, timezone: Mars }]',
      'maintenance.0.timezone: is no time zone',
    ],
    [
      'maintenance: [{ name: a, start: 2026-01-05T06:00, duration: 0s }]',
      'maintenance.0.duration: is nothing',
    ],
    [
      'maintenance: [{ name: a, start: 2026-01-05T06:00, match: [north] }]',
      'maintenance.0.match.0: "north" is no matcher',
    ],
    [
      'maintenance: [{ name: a, start: 2026-01-05T06:00, rrule: FREQ=OFTEN }]',
      'maintenance.0.rrule: "FREQ=OFTEN"',
    ],
    ['maintenance: [{ name: a, calendar: none.ics }]', 'maintenance.0.calendar: cannot be read'],
    [
      'maintenance: [{ name: a, calendar: x.ics, rrule: FREQ=DAILY }]',
      'maintenance.0.rrule: has no use beside',
    ],
    [
      'maintenance: [{ name: a, start: 2026-01-05T06:00 }, { name: a, start: 2026-01-05T06:00 }]',
      'maintenance.1.name: is used twice',
    ],
    ['topology: [{ name: a, silent_for: 1m }]', 'topology.0.source: names no asset'],
    [
      'topology: [{ name: a, source: [asset=x] }]',
      'topology.0.silent_for: or `channel`: give one of the two',
    ],
    [
      'topology: [{ name: a, source: [asset=x], channel: speed }]',
      'topology.0.below: and `above` are missing',
    ],
    [
      'topology: [{ name: a, source: [asset=x], channel: sped, below: 1 }]',
      'topology.0.channel: is a channel of no class',
    ],
    [
      'topology: [{ name: a, source: [asset=x], silent_for: 5m }]',
      'topology.0.silent_for: is not shorter than every',
    ],
    [
      'topology: [{ name: a, source: [asset=x], silent_for: 1m, above: 1 }]',
      'topology.0.below: has no use without',
    ],
    ['flapping: { low: 0.2 }', 'flapping.low: is not below `high` (0.2)'],
  ])('refuses %s', (text, expected) => {
    const { noise, problems } = read(text);
    expect(noise).toBeNull();
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(expected);
  });

  it('refuses a file that is no calendar', () => {
    const { problems } = read('maintenance: [{ name: a, calendar: x.ics }]', folderWith('x.ics', 'hello'));
    expect(problems).toEqual([expect.stringContaining('maintenance.0.calendar: is no iCalendar file')]);
  });
});

describe('grouping in the configuration', () => {
  it('is off when nothing is said', () => {
    expect(read('').grouping).toEqual({
      by: [],
      waitMs: 30_000,
      intervalMs: 300_000,
      flood: { alerts: 10, withinMs: 600_000 },
    });
  });

  it.each([
    ['by: [line, line]', 'grouping.by.1'],
    ['wait: 10m', 'grouping.wait'],
    ['flood: { within: 1m }', 'grouping.flood.within'],
  ])('refuses %s', (text, path) => {
    const { problems } = read(`grouping: { ${text} }\n`);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(path);
  });

  it('lets the time of floods be short where nothing is a flood', () => {
    expect(read('grouping: { flood: { alerts: 0, within: 1m } }\n').problems).toEqual([]);
  });
});
