import { describe, expect, it } from 'vitest';
import { detectionDelays, eventMetrics, falseAlarmEventsPerDay } from '../../src/evaluation/event-metrics.ts';
import { binaryCases, rangeVectors } from './range-vectors.ts';
import { flagsOf } from './shared-vectors.ts';

describe('eventMetrics', () => {
  it('cuts the last row of an event that reaches the end, as upstream', () => {
    expect(eventMetrics(flagsOf('.#..##'), flagsOf('.#...#')).recall).toBe(0.5);
    expect(eventMetrics(flagsOf('.#.##.'), flagsOf('.#..#.')).recall).toBe(1);
  });

  it.skipIf(rangeVectors === undefined)('gives EventF1 of the 60-row vectors', () => {
    for (const { name, labels, predictions, expected } of binaryCases) {
      expect(eventMetrics(labels, predictions).f1, name).toBeCloseTo(expected.EventF1, 15);
    }
  });
});

describe('detectionDelays', () => {
  it('counts rows and time from the first row of the event, null for a miss', () => {
    const times = Float64Array.of(0, 1000, 2000, 5000, 6000, 7000, 8000, 9000);
    const delays = detectionDelays(flagsOf('.###.##.'), flagsOf('#..#...#'), times);
    expect(delays).toEqual([{ rows: 2, ms: 4000 }, null]);
  });
});

describe('falseAlarmEventsPerDay', () => {
  it('counts segments without a true row over the normal time', () => {
    const labels = flagsOf('....##....');
    const predictions = flagsOf('##.##.#..#');
    // Three false segments over 8 normal rows of 6 hours, which are 2 days; the middle one touches the event.
    expect(falseAlarmEventsPerDay(labels, predictions, 6 * 3_600_000)).toBe(1.5);
    expect(falseAlarmEventsPerDay(flagsOf('##'), flagsOf('..'), 1000)).toBeNaN();
  });
});
