import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../bench/run.mjs', import.meta.url));
const bench = (...args: string[]) => promisify(execFile)(process.execPath, [program, 'budget', ...args]);

interface BenchRecord {
  readonly data_set: string;
  readonly asked_per_week: number;
  readonly ratio_mean: number;
  readonly series: number;
  readonly calibrations: number;
  readonly without_threshold: number;
}

describe('bench budget', () => {
  it('prints one JSON array last: healthy pumps keep each budget in the mean', async () => {
    const { stdout } = await bench('--quick', '--json', '--sets', 'simulator');
    const records: BenchRecord[] = JSON.parse(stdout.trim().split('\n').at(-1)!);
    const healthy = records.filter(({ data_set }) => data_set === 'simulator');
    expect(healthy.map(({ asked_per_week }) => asked_per_week)).toEqual([3, 7, 20]);
    for (const { ratio_mean, series, calibrations, without_threshold } of healthy) {
      expect(ratio_mean).toBeGreaterThan(1 / 1.5);
      expect(ratio_mean).toBeLessThan(1.5);
      expect(series).toBe(12);
      expect(calibrations + without_threshold).toBe(36);
    }
    expect(records.filter(({ data_set }) => data_set === 'simulator-drifting')).toHaveLength(3);
  }, 300_000);

  it('says which data sets there are when asked for another', async () => {
    await expect(bench('--sets', 'smd,nothing')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no data set nothing; there are smd, batadal'),
    });
  }, 120_000);
});
