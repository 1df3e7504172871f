import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/models/random.ts';
import { separation } from '../../../src/models/retraining/fault-trials.ts';
import {
  channelRanges,
  type InjectedFault,
  injectedFaults,
  injectFault,
} from '../../../src/models/retraining/injected-faults.ts';
import { healthyRows } from '../support/fixtures.ts';

const rows = healthyRows('a', 400, 1);
const ranges = channelRanges([rows], 3);
const [from, to] = [100, 140];

const inject = (fault: InjectedFault, channel = 0) =>
  injectFault(rows, { fault, channel, from, to }, ranges[channel], createRandom(5));
const channelOf = (values: Float32Array, channel: number) => values.filter((_, i) => i % 3 === channel);
const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('injected faults', () => {
  it('knows centre and spread of each channel, by what was measured', () => {
    expect(ranges[0].center).toBeCloseTo(50, 0);
    // The load is a sum of two sines; its interquartile range is that of 5 times their sum.
    expect(ranges[0].spread).toBeGreaterThan(3);
    expect(ranges[0].spread).toBeLessThan(6);
    const holed = { ...rows, measured: rows.measured.map((one, i) => (i < 600 ? 0 : one)) };
    expect(channelRanges([holed], 3)).not.toEqual(ranges);
    const still = { ...rows, values: rows.values.map((value, i) => (i % 3 === 1 ? 7 : value)) };
    expect(channelRanges([still], 3)[1]).toEqual({ center: 7, spread: 0 });
  });

  it.each(injectedFaults)('%s changes its rows of its channel and nothing else', (fault) => {
    for (const channel of [0, 1, 2]) {
      const faulty = inject(fault, channel);
      const changed = [...faulty.values.keys()].filter((i) => faulty.values[i] !== rows.values[i]);
      expect(changed.length).toBeGreaterThan(0);
      expect(changed.every((i) => i % 3 === channel && i >= from * 3 && i < to * 3)).toBe(true);
      expect(faulty.at).toBe(rows.at);
      expect(faulty.measured).toBe(rows.measured);
    }
  });

  it('has faults that are what they are called', () => {
    const part = (fault: InjectedFault) => channelOf(inject(fault).values, 0).subarray(from, to);
    const healthy = channelOf(rows.values, 0).subarray(from, to);
    const { center, spread } = ranges[0];
    expect(part('spike').filter((value, i) => value !== healthy[i]).length).toBe(2);
    expect(mean(part('level_shift')) - mean(healthy)).toBeCloseTo(3 * spread, 2);
    expect(part('ramp')[39] - healthy[39]).toBeCloseTo(4 * spread, 2);
    expect(part('ramp')[0] - healthy[0]).toBeCloseTo(0.1 * spread, 2);
    expect(new Set(part('stuck'))).toEqual(new Set([channelOf(rows.values, 0)[from - 1]]));
    expect(new Set(part('dropout'))).toEqual(new Set([0]));
    expect(part('broken_correlation')[7]).toBeCloseTo(2 * center - healthy[7], 2);
    expect(mean(part('noise_burst').map((value, i) => (value - healthy[i]) ** 2))).toBeGreaterThan(
      spread ** 2,
    );
  });

  it('drops out downward where zero is a usual reading', () => {
    const around = { center: 0.2, spread: 1 };
    const dropped = injectFault(rows, { fault: 'dropout', channel: 0, from, to }, around, createRandom(1));
    expect(channelOf(dropped.values, 0)[from]).toBeCloseTo(-3.8, 5);
  });

  it('measures separation as the area under the ROC curve', () => {
    const of = (clean: number[], faulty: number[]) =>
      separation(Float64Array.from(clean), Float64Array.from(faulty));
    expect(of([1, 2], [3, 4])).toBe(1);
    expect(of([3, 4], [1, 2])).toBe(0);
    expect(of([1, 1], [1, 1])).toBe(0.5);
    expect(of([1, 3], [2, 4])).toBe(0.75);
  });
});
