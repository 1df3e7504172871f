import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../bench/run.mjs', import.meta.url));
const bench = (...args: string[]) => promisify(execFile)(process.execPath, [program, 'choice', ...args]);
const present = existsSync(new URL('../../../shared/data/skab', import.meta.url));
if (!present)
  console.warn('SKIPPED: evidence without labels is not compared with truth, shared/data is absent');

interface Report {
  readonly ranking: readonly {
    readonly evidence: string;
    readonly truth: 'ap' | 'vus_pr';
    readonly files: number;
    readonly per_file_mean: number;
    readonly picked: number;
    readonly best_in_hindsight: number;
  }[];
  readonly refusal: readonly {
    readonly detector: string;
    readonly separation: number;
    readonly near_random: number;
    readonly below_all_sound: Readonly<Record<string, number>>;
  }[];
  readonly detectors: readonly { readonly source: string; readonly broken: boolean; readonly ap: number }[];
  readonly sentence: string;
}

describe('bench choice', () => {
  it.skipIf(!present)(
    'prints one JSON object last: seven kinds of evidence on 15 detectors, and injected faults refuse noise',
    async () => {
      const { stdout } = await bench('--quick', '--json', '--sets', 'skab');
      const lines = stdout.trim().split('\n');
      const report: Report = JSON.parse(lines.at(-1)!);
      expect(report.detectors.filter(({ broken }) => !broken)).toHaveLength(15);
      expect(new Set(report.ranking.map(({ evidence }) => evidence)).size).toBe(7);
      expect(report.ranking).toHaveLength(14);
      for (const entry of report.ranking) {
        expect(entry.files).toBe(2);
        expect(Math.abs(entry.per_file_mean)).toBeLessThanOrEqual(1);
        expect(entry.picked).toBeGreaterThan(0);
        expect(entry.picked).toBeLessThanOrEqual(entry.best_in_hindsight);
      }
      const refusalOf = (name: string) => report.refusal.find(({ detector }) => detector.startsWith(name))!;
      expect(refusalOf('constant')).toMatchObject({ separation: 0.5, near_random: 1 });
      expect(refusalOf('random').near_random).toBe(1);
      expect(refusalOf('random').below_all_sound.injected_ap).toBe(1);
      expect(refusalOf('sound').near_random).toBeLessThan(0.5);
      expect(lines.at(-2)).toBe(report.sentence);
    },
    300_000,
  );

  it('says which data sets there are when asked for another', async () => {
    await expect(bench('--sets', 'skab,nothing')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no data set nothing; there are skab, smd'),
    });
  }, 120_000);
});
