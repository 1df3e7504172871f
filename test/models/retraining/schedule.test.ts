import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  createSchedule,
  jitterOf,
  type Schedule,
  type ScheduleOptions,
} from '../../../src/models/retraining/schedule.ts';
import { temporaryDirectory } from '../support/fixtures.ts';

const dayMs = 86_400_000;
const nightly = { expression: '0 3 * * *', timeZone: 'UTC' };
const three = 3 * 3_600_000;

interface Bench {
  readonly schedule: Schedule;
  readonly directory: string;
  readonly go: (to: number) => void;
}

/** Time begins at midnight of day 100; the calendar is that of `nightly`, whatever the expression. */
function benchOf(
  changes: Partial<ScheduleOptions> = {},
  directory = temporaryDirectory(),
  startAt = 100 * dayMs,
): Bench {
  let now = startAt;
  const schedule = createSchedule({
    directory,
    className: 'pump',
    cron: nightly,
    jitterMs: 0,
    clock: () => now,
    nextRun: () => {
      const today = Math.floor(now / dayMs) * dayMs + three;
      return today > now ? today : today + dayMs;
    },
    ...changes,
  });
  schedule.start();
  return {
    schedule,
    directory,
    go(to) {
      now = to;
    },
  };
}

describe('schedule', () => {
  it('is due at its time, and once begun not again before the next', () => {
    const { schedule, go } = benchOf();
    expect([schedule.nextRunAt(), schedule.lastRunAt()]).toEqual([100 * dayMs + three, null]);
    go(100 * dayMs + three - 1);
    expect(schedule.due(null)).toBeNull();
    go(100 * dayMs + three);
    expect(schedule.due(null)).toBe('scheduled');
    schedule.begin();
    expect(schedule.due(null)).toBeNull();
    expect([schedule.nextRunAt(), schedule.lastRunAt()]).toEqual([101 * dayMs + three, 100 * dayMs + three]);
  });

  it('catches up once with what was due while the process was down', () => {
    const { directory } = benchOf();
    const { schedule, go } = benchOf({ jitterMs: 600_000 }, directory, 105 * dayMs + 1000);
    expect(schedule.nextRunAt()).toBeGreaterThanOrEqual(105 * dayMs + 1000);
    expect(schedule.nextRunAt()).toBeLessThan(105 * dayMs + 601_000);
    go(105 * dayMs + 601_000);
    expect(schedule.due(null)).toBe('missed');
    schedule.begin();
    expect(schedule.due(null)).toBeNull();
    expect(Math.floor(schedule.nextRunAt()! / dayMs)).toBe(105);
  });

  it('keeps its appointment over a restart that misses nothing', () => {
    const { schedule, directory } = benchOf();
    const again = benchOf({ nextRun: () => 0 }, directory, 100 * dayMs + 1000);
    expect(again.schedule.nextRunAt()).toBe(schedule.nextRunAt());
  });

  it('begins a run on disk first: a process that dies in it does not begin it again and again', () => {
    const { schedule, directory, go } = benchOf();
    go(100 * dayMs + three);
    schedule.begin();
    const again = benchOf({}, directory, 100 * dayMs + three + 5000);
    expect(again.schedule.due(null)).toBeNull();
    expect(again.schedule.lastRunAt()).toBe(100 * dayMs + three);
  });

  it('takes a changed schedule at its word and catches up with nothing of the old one', () => {
    const { directory } = benchOf();
    const again = benchOf({ cron: { ...nightly, timeZone: 'Europe/Berlin' } }, directory, 105 * dayMs);
    expect(again.schedule.due(null)).toBeNull();
    expect(again.schedule.nextRunAt()).toBe(105 * dayMs + three);
  });

  it('is never due without a schedule, drift or not', () => {
    const { schedule, go } = benchOf({ cron: null });
    go(200 * dayMs);
    expect([schedule.nextRunAt(), schedule.due(150 * dayMs)]).toEqual([null, null]);
  });

  it('is due for drift, a day after the last run at the earliest and once for each', () => {
    const { schedule, go } = benchOf({ nextRun: () => 900 * dayMs });
    expect(schedule.due(100 * dayMs)).toBe('drift');
    schedule.begin();
    expect(schedule.due(100 * dayMs + 1)).toBeNull();
    go(101 * dayMs);
    expect(schedule.due(100 * dayMs + 1)).toBe('drift');
    schedule.begin();
    go(103 * dayMs);
    // Nothing new since the run that it was the cause of.
    expect(schedule.due(100 * dayMs + 1)).toBeNull();
  });

  it('survives a damaged file', () => {
    const { directory } = benchOf();
    for (const text of ['', '{', 'null', '{"nextAt":"soon"}']) {
      writeFileSync(join(directory, 'schedule.json'), text);
      expect(benchOf({}, directory).schedule.nextRunAt()).toBe(100 * dayMs + three);
    }
    expect(JSON.parse(readFileSync(join(directory, 'schedule.json'), 'utf8'))).toMatchObject({
      cron: nightly,
    });
  });

  it('spreads classes over the jitter, each always alike', () => {
    const all = Array.from({ length: 1000 }, (_, i) => jitterOf(`class-${i}`, 5, 600_000));
    expect(all.every((ms) => ms >= 0 && ms < 600_000)).toBe(true);
    const mean = all.reduce((sum, ms) => sum + ms, 0) / all.length;
    expect(Math.abs(mean - 300_000)).toBeLessThan(30_000);
    expect(jitterOf('pump', 5, 600_000)).toBe(jitterOf('pump', 5, 600_000));
  });
});
