import { describe, expect, it } from 'vitest';
import type { FaultKind, FaultRequest } from '../../src/simulator/faults.ts';
import { Plant } from '../../src/simulator/plant.ts';
import { type PumpChannel, pumpChannels } from '../../src/simulator/pump.ts';

const startAt = Date.UTC(2026, 0, 5);
const column = (channel: PumpChannel) => pumpChannels.findIndex(({ name }) => name === channel);

function rowsOf(plant: Plant, pump: number, count: number): number[][] {
  return Array.from({ length: count }, () => {
    plant.advance();
    return [...plant.pumps[pump].values];
  });
}

/** The rows of pump 1 with the fault after 100 s, minus those of its healthy twin: what the fault alone does. */
function effectOf(request: FaultRequest, seed: number, count = 400): number[][] {
  const faulty = new Plant({ pumps: 2, seed, startAt });
  faulty.inject(1, request);
  const rows = rowsOf(faulty, 1, count);
  const twin = rowsOf(new Plant({ pumps: 2, seed, startAt }), 1, count);
  return rows.map((row, index) => row.map((value, channel) => value - twin[index][channel]));
}

/** Noise of each sensor as the model of the pump documents it; vibration's at 2 mm/s. */
const noise: Record<PumpChannel, number> = {
  speed: 3,
  current: 0.25,
  pressure: 0.03,
  flow: 0.7,
  vibration: 0.06,
  bearing_temperature: 0.15,
  fluid_temperature: 0.12,
  voltage: 0.8,
};

const onset = startAt + 100_000;

const expectations: { request: FaultRequest; moves: Partial<Record<PumpChannel, number>> }[] = [
  {
    request: { kind: 'bearing_wear', startAt: onset },
    moves: { vibration: 10, bearing_temperature: 10, current: 1 },
  },
  { request: { kind: 'cavitation', startAt: onset }, moves: { pressure: -8, flow: -5, vibration: 8 } },
  { request: { kind: 'blocked_filter', startAt: onset }, moves: { flow: -10, pressure: 5, current: -2 } },
  { request: { kind: 'leak', startAt: onset }, moves: { pressure: -8, flow: -4, current: 1 } },
  { request: { kind: 'drifting_sensor', startAt: onset }, moves: { bearing_temperature: 20 } },
  {
    request: { kind: 'drifting_sensor', channel: 'fluid_temperature', startAt: onset },
    moves: { fluid_temperature: 20 },
  },
];

describe('the faults of a plant', () => {
  it.each(expectations)('$request.kind moves its channels by several sigma, and only those', (row) => {
    for (const seed of [1, 2, 3]) {
      const effect = effectOf(row.request, seed);
      // Nothing before the fault begins; its full size from 150 s after that.
      expect(
        effect
          .slice(0, 100)
          .flat()
          .every((value) => value === 0),
      ).toBe(true);
      for (const { name } of pumpChannels) {
        const settled = effect.slice(250).map((values) => values[column(name)] / noise[name]);
        const average = settled.reduce((sum, value) => sum + value, 0) / settled.length;
        const expected = row.moves[name];
        if (expected === undefined) {
          const bystander = ['speed', 'voltage'].includes(name) || row.request.kind === 'drifting_sensor';
          if (bystander) expect(average, name).toBe(0);
          continue;
        }
        expect(average * Math.sign(expected), name).toBeGreaterThan(Math.abs(expected));
      }
    }
  });

  it('makes cavitation unsteady, not only low', () => {
    const pressure = effectOf({ kind: 'cavitation', startAt: onset }, 4)
      .slice(250)
      .map((values) => values[column('pressure')]);
    const steps = pressure.slice(1).map((value, index) => Math.abs(value - pressure[index]));
    expect(steps.reduce((sum, step) => sum + step, 0) / steps.length).toBeGreaterThan(2 * noise.pressure);
  });

  it.each(['flow', 'pressure'] as const)('holds a stuck %s while the load goes on', (channel) => {
    const plant = new Plant({ pumps: 1, seed: 6, startAt });
    plant.inject(0, { kind: 'stuck_sensor', channel, startAt: onset });
    const rows = rowsOf(plant, 0, 500);
    const readings = rows.map((row) => row[column(channel)]);
    expect(new Set(readings.slice(0, 101)).size).toBe(101);
    expect(new Set(readings.slice(100)).size).toBe(1);
    const speeds = rows.slice(100).map((row) => row[column('speed')]);
    expect(Math.max(...speeds) - Math.min(...speeds)).toBeGreaterThan(250);
    const twin = rowsOf(new Plant({ pumps: 1, seed: 6, startAt }), 0, 500);
    const apart = twin.map((row, index) => Math.abs(row[column(channel)] - readings[index]) / noise[channel]);
    expect(Math.max(...apart)).toBeGreaterThan(10);
  });

  it('names a faulted channel and neighbours that exist and do not contain it', () => {
    const plant = new Plant({ pumps: 1, seed: 1, startAt });
    const names = pumpChannels.map(({ name }) => name);
    const kinds: FaultKind[] = ['bearing_wear', 'cavitation', 'blocked_filter', 'leak'];
    const faults = [
      ...kinds.map((kind) => plant.inject(0, { kind, startAt } as FaultRequest)),
      ...names.map((channel) => plant.inject(0, { kind: 'stuck_sensor', channel, startAt })),
    ].map((label) => label.fault);
    for (const { channel, neighbours } of faults) {
      expect(names).toContain(channel);
      expect(neighbours.length).toBeGreaterThan(0);
      expect(neighbours.filter((name) => name === channel || !names.includes(name))).toEqual([]);
    }
  });
});

describe('a plant', () => {
  it('runs its own clock and gives the same rows for the same calls', () => {
    const run = () => {
      const plant = new Plant({ pumps: 3, seed: 9, startAt });
      plant.inject(2, { kind: 'leak', startAt: startAt + 5000, endAt: startAt + 9000 });
      const rows = rowsOf(plant, 2, 20);
      return { rows, nextAt: plant.nextAt };
    };
    expect(run()).toEqual(run());
    expect(run().nextAt).toBe(startAt + 20_000);
    expect(new Plant({ pumps: 1, seed: 1, startAt }).advance()).toBe(startAt);
  });

  it('spreads pumps over sites and lines under unique names', () => {
    const { pumps } = new Plant({ pumps: 8, seed: 1, startAt });
    expect(pumps.map(({ site, line, asset }) => `${site}/${line}/${asset}`)).toEqual([
      'north/line-1/pump-1',
      'north/line-1/pump-2',
      'north/line-2/pump-3',
      'north/line-2/pump-4',
      'south/line-1/pump-5',
      'south/line-1/pump-6',
      'south/line-2/pump-7',
      'south/line-2/pump-8',
    ]);
    expect(new Plant({ pumps: 17, seed: 1, startAt }).pumps[16]).toMatchObject({
      site: 'north',
      line: 'line-3',
    });
  });

  it('answers for its labels', () => {
    const plant = new Plant({ pumps: 2, seed: 1, startAt });
    const leak = plant.inject(0, { kind: 'leak', startAt: startAt + 10_000 });
    plant.inject(1, { kind: 'cavitation', startAt: startAt + 20_000, endAt: startAt + 30_000 });
    expect(plant.labels()).toHaveLength(2);
    expect(plant.labelsAt(startAt + 9999)).toEqual([]);
    expect(plant.labelsAt(startAt + 25_000).map(({ fault }) => fault.kind)).toEqual(['leak', 'cavitation']);
    expect(plant.labelsAt(startAt + 30_000).map(({ fault }) => fault.kind)).toEqual(['leak']);
    rowsOf(plant, 0, 40);
    const cleared = plant.clear(leak);
    expect(cleared.fault.endAt).toBe(startAt + 40_000);
    rowsOf(plant, 0, 1);
    expect(plant.clear(leak)).toEqual(cleared);
    expect(plant.labelsAt(startAt + 40_000)).toEqual([]);
    // What is asked for in the past begins with the next row, and its label says so.
    expect(plant.inject(0, { kind: 'leak', startAt }).fault.startAt).toBe(plant.nextAt);
    expect(() => plant.inject(2, { kind: 'leak', startAt })).toThrow(RangeError);
  });

  it('returns to normal within two minutes of the clearing, from every fault at once', () => {
    const plant = new Plant({ pumps: 1, seed: 3, startAt });
    const labels = expectations.map(({ request }) => plant.inject(0, { ...request, startAt }));
    const twin = new Plant({ pumps: 1, seed: 3, startAt });
    rowsOf(plant, 0, 200);
    rowsOf(twin, 0, 200);
    for (const label of labels) plant.clear(label);
    const [after, healthy] = [rowsOf(plant, 0, 120).at(-1), rowsOf(twin, 0, 120).at(-1)];
    for (const [index, { name }] of pumpChannels.entries()) {
      expect(Math.abs((after?.[index] ?? 0) - (healthy?.[index] ?? 0)), name).toBeLessThan(4 * noise[name]);
    }
  });
});
