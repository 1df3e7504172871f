import { describe, expect, it } from 'vitest';
import {
  createPump,
  type PumpChannel,
  pumpChannels,
  simulateRow,
  undisturbed,
} from '../../src/simulator/pump.ts';

const column = Object.fromEntries(pumpChannels.map(({ name }, index) => [name, index])) as Record<
  PumpChannel,
  number
>;

function rowsOf(options: { seed: number; stream?: number; spread?: number }, count: number): number[][] {
  const pump = createPump(options);
  const out = new Float64Array(pumpChannels.length);
  return Array.from({ length: count }, () => {
    simulateRow(pump, undisturbed, out);
    return [...out];
  });
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function correlation(rows: readonly number[][], one: PumpChannel, other: PumpChannel): number {
  const a = rows.map((row) => row[column[one]]);
  const b = rows.map((row) => row[column[other]]);
  const [meanA, meanB] = [mean(a), mean(b)];
  const covariance = mean(a.map((value, index) => (value - meanA) * (b[index] - meanB)));
  const deviation = (values: number[], centre: number) =>
    Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
  return covariance / (deviation(a, meanA) * deviation(b, meanB));
}

/** Mean of `channel` over the rows whose speed is within 1 % of `ratio` of nominal. */
function meanNear(rows: readonly number[][], ratio: number, channel: PumpChannel): number {
  return mean(
    rows.filter((row) => Math.abs(row[0] / 2950 - ratio) < 0.01).map((row) => row[column[channel]]),
  );
}

describe('a healthy pump', () => {
  it('gives the same rows for the same seed and stream, others for others', () => {
    expect(rowsOf({ seed: 7, stream: 3 }, 500)).toEqual(rowsOf({ seed: 7, stream: 3 }, 500));
    expect(rowsOf({ seed: 7, stream: 3 }, 5)).not.toEqual(rowsOf({ seed: 7, stream: 4 }, 5));
    expect(rowsOf({ seed: 7, stream: 3 }, 5)).not.toEqual(rowsOf({ seed: 8, stream: 3 }, 5));
  });

  it('stays in plausible ranges over five hours, for pumps that differ by 3 %', () => {
    const ranges: Record<PumpChannel, [number, number]> = {
      speed: [2150, 3000],
      current: [15, 62],
      pressure: [2.9, 7],
      flow: [75, 135],
      vibration: [0.9, 2.9],
      bearing_temperature: [30, 50],
      fluid_temperature: [15, 26],
      voltage: [370, 430],
    };
    for (let stream = 0; stream < 4; stream++) {
      const rows = rowsOf({ seed: 11, stream, spread: 0.03 }, 18_000);
      for (const { name } of pumpChannels) {
        const readings = rows.map((row) => row[column[name]]);
        expect(Math.min(...readings), name).toBeGreaterThan(ranges[name][0]);
        expect(Math.max(...readings), name).toBeLessThan(ranges[name][1]);
      }
    }
  });

  it('couples its channels as physics does', () => {
    const rows = rowsOf({ seed: 5 }, 10_000);
    for (const channel of ['current', 'pressure', 'flow', 'vibration'] as const) {
      expect(correlation(rows, 'speed', channel), channel).toBeGreaterThan(0.9);
    }
    // Temperature follows the load of the last minutes, not of the moment.
    const recent = rows
      .slice(300)
      .map((row, index) => [
        mean(rows.slice(index, index + 300).map((earlier) => earlier[0])),
        ...row.slice(1),
      ]);
    const thermal = correlation(recent, 'speed', 'bearing_temperature');
    expect(thermal).toBeGreaterThan(0.6);
    expect(thermal).toBeGreaterThan(correlation(rows, 'speed', 'bearing_temperature') + 0.1);
    expect(Math.abs(correlation(rows, 'speed', 'voltage'))).toBeLessThan(0.2);
    // Affinity laws, with the static pressure of the system taken off the head.
    const [low, high] = [0.76, 1];
    expect(meanNear(rows, high, 'flow') / meanNear(rows, low, 'flow')).toBeCloseTo(high / low, 0);
    const head = (ratio: number) => meanNear(rows, ratio, 'pressure') - 0.6;
    expect(head(high) / head(low) / (high / low) ** 2).toBeGreaterThan(0.95);
    expect(head(high) / head(low) / (high / low) ** 2).toBeLessThan(1.15);
    expect(meanNear(rows, high, 'current') / meanNear(rows, low, 'current')).toBeGreaterThan(
      (high / low) ** 2,
    );
  });

  it('changes its load every one to three minutes', () => {
    const rows = rowsOf({ seed: 2 }, 12_000);
    // A change is a run of rows in which the smoothed speed moves; holds are what lies between.
    let changes = 0;
    let moving = false;
    for (let index = 5; index < rows.length - 5; index++) {
      const moved = Math.abs(rows[index + 5][0] - rows[index - 5][0]) > 40;
      if (moved && !moving) changes++;
      moving = moved;
    }
    expect(changes).toBeGreaterThan(12_000 / 180);
    expect(changes).toBeLessThan(12_000 / 60);
  });

  it('differs from its type by the spread', () => {
    const vibrationNear = (spread: number) =>
      Array.from({ length: 12 }, (_, stream) =>
        meanNear(rowsOf({ seed: 9, stream, spread }, 3000), 1, 'vibration'),
      ).filter((value) => !Number.isNaN(value));
    const widthOf = (values: number[]) => (Math.max(...values) - Math.min(...values)) / mean(values);
    expect(widthOf(vibrationNear(0))).toBeLessThan(0.01);
    expect(widthOf(vibrationNear(0.01))).toBeLessThan(0.12);
    expect(widthOf(vibrationNear(0.05))).toBeGreaterThan(0.12);
  });

  it('is cheap: more than 200,000 rows a second', () => {
    const pump = createPump({ seed: 1 });
    const out = new Float64Array(pumpChannels.length);
    const startedAt = performance.now();
    for (let index = 0; index < 200_000; index++) simulateRow(pump, undisturbed, out);
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });
});
