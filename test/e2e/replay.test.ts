import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { ReplayReport } from '../../src/commands/replay-report.ts';
import { Plant } from '../../src/simulator/plant.ts';
import { pumpChannels } from '../../src/simulator/pump.ts';
import { availableBrokers } from './support/brokers.ts';
import { temporaryFolder, writeConfig } from './support/config-file.ts';
import { runCommand } from './support/process.ts';

const trainRows = 900;
/** First and last row of each fault. */
const faults = [
  { kind: 'leak', from: 1000, to: 1079 },
  { kind: 'bearing_wear', from: 1200, to: 1299 },
] as const;
const rows = 1400;

/** A recorded run of one pump with two labelled faults, as a historian would export it. */
function writeRecording(folder: string): string {
  const startAt = Date.UTC(2026, 0, 5, 6);
  const plant = new Plant({ pumps: 1, seed: 3, startAt });
  for (const { kind, from, to } of faults) {
    const [begin, end] = [startAt + from * 1000, startAt + (to + 1) * 1000];
    plant.inject(0, { kind, startAt: begin, endAt: end, size: 2, rampMs: 10_000 });
  }
  const lines = [['time', ...pumpChannels.map(({ name }) => name), 'anomaly'].join(';')];
  for (let row = 0; row < rows; row++) {
    const at = plant.advance();
    const anomaly = plant.labelsAt(at).length > 0 ? 1 : 0;
    lines.push([new Date(at).toISOString(), ...plant.pumps[0].values, anomaly].join(';'));
  }
  const file = join(folder, 'pump.csv');
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}

function reportOf(stdout: string): ReplayReport {
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as ReplayReport;
}

describe('forewarn replay', { timeout: 60_000 }, () => {
  it.each(availableBrokers('replay'))('finds the labelled faults through $name', async ({ name, start }) => {
    const folder = temporaryFolder();
    const file = writeRecording(folder);
    const config = writeConfig(folder);
    const broker = name === 'mosquitto' ? ['--broker', (await start()).url] : [];
    const options = ['--class', 'pump', '--config', config, '--train-rows', String(trainRows), ...broker];
    const { code, stdout, stderr } = await runCommand(['replay', file, ...options, '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = reportOf(stdout);
    expect(report).toMatchObject({
      rows,
      train_rows: trainRows,
      refused: 0,
      late: 0,
      repeated: 0,
      gap_rows: 0,
    });
    expect(report.windows_scored).toBe(rows - trainRows);
    expect(report.events).toMatchObject(
      faults.map(({ from, to }) => ({
        label: 'anomaly',
        from_row: from,
        to_row: to,
        alert: expect.any(String),
      })),
    );
    expect(report.alerts.map(({ true_alert }) => true_alert)).toEqual([true, true]);
    for (const [i, alert] of report.alerts.entries()) {
      expect(alert.fired_row).toBeGreaterThanOrEqual(faults[i].from);
      expect(alert.fired_row).toBeLessThanOrEqual(faults[i].to);
      expect(alert.resolved_row).toBeGreaterThan(faults[i].to);
      expect(alert.channels.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 5);
    }
    expect(stdout).toContain(`alert at row ${report.alerts[0].fired_row} inside a labelled event`);
  });

  const skab = join(import.meta.dirname, '../../../shared/data/skab/valve1/10.csv');
  if (!existsSync(skab))
    console.warn(`SKIPPED: replay of a recorded pump rig, because ${skab} is not there.`);
  it.skipIf(!existsSync(skab))('finds the closed valve of a recorded pump rig', async () => {
    const { code, stdout, stderr } = await runCommand(['replay', skab, '--class', 'rig', '--json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const report = reportOf(stdout);
    expect(report.train_rows).toBe(400);
    expect(report.alerts.filter(({ true_alert }) => true_alert)).not.toEqual([]);
    expect(report.events.every(({ alert }) => alert !== null)).toBe(true);
  });
});
