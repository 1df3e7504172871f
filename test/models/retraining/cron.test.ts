import { getTasks } from 'node-cron';
import { describe, expect, it } from 'vitest';
import { cronMistake, isTimeZone, nextCronRun } from '../../../src/models/retraining/cron.ts';

describe('cron', () => {
  it('finds the next time in the time zone of the schedule', () => {
    for (const timeZone of ['UTC', 'Europe/Berlin', 'Asia/Kolkata']) {
      const at = nextCronRun({ expression: '0 3 * * *', timeZone });
      const clock = new Intl.DateTimeFormat('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' });
      expect(clock.format(at!)).toBe('03:00');
      expect(at! - Date.now()).toBeGreaterThan(0);
      expect(at! - Date.now()).toBeLessThanOrEqual(25 * 3_600_000);
    }
  });

  it('leaves nothing running', () => {
    nextCronRun({ expression: '* * * * *', timeZone: null });
    expect(getTasks().size).toBe(0);
  });

  it.each(['0 3 * * *', '*/15 * * * *', '0 3 * * 1-5', '0 0 3 * * *', '0 0 29 2 *'])('knows %s', (text) => {
    expect(cronMistake(text)).toBeNull();
  });

  it.each(['', 'soon', '0 3 * *', '61 3 * * *', '0 3 30 2 *'])('finds the mistake in "%s"', (text) => {
    expect(cronMistake(text)).toEqual(expect.any(String));
  });

  it('knows time zones', () => {
    expect(['UTC', 'Europe/Berlin', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([true, true, false, false]);
  });
});
