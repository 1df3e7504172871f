import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slotOf } from '../../src/ingest/grid.ts';
import type { IngestClass } from '../../src/ingest/ingest-class.ts';
import { type Event, referenceGrid } from './reference-grid.ts';
import { harness, pump } from './support.ts';

const topic = 'plant/north/a/telemetry';
const t0 = 1_700_000_000_000;

/** Feeds events of one asset, ends with a flush, and gives what came out. */
function run(spec: IngestClass, events: readonly Event[], asset = 'a') {
  const { ingest, send, rows, windows, time } = harness([{ ...spec, maxAheadMs: 1e15 }]);
  time.now = 0;
  for (const { at, values } of events) {
    send(`plant/north/${asset}/telemetry`, { ts: at, values: { speed: values[0], flow: values[1] } });
  }
  ingest.flush();
  return { rows, windows, stats: ingest.stats() };
}

describe('slotOf', () => {
  it('rounds to the nearest slot exactly, for any stamps and widths', () => {
    const stamp = fc.integer({ min: 0, max: 1e14 - 1 });
    const width = fc.integer({ min: 1, max: 86_400_000 });
    // Stamps a fraction of a slot away from an edge are those that floating point could get wrong.
    const edge = fc.integer({ min: -2, max: 2 });
    fc.assert(
      fc.property(stamp, stamp, width, edge, fc.boolean(), (origin, any, every, near, atEdge) => {
        const aligned = origin + Math.floor((any - origin) / every) * every + Math.floor(every / 2) + near;
        const at = atEdge ? Math.min(Math.max(aligned, 0), 1e14 - 1) : any;
        const slot = BigInt(slotOf(at, origin, every));
        const distance = 2n * (BigInt(at) - BigInt(origin) - slot * BigInt(every));
        expect(distance >= -BigInt(every) && distance < BigInt(every)).toBe(true);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('the grid of an asset', () => {
  const classes = fc.record({
    sampleEveryMs: fc.constantFrom(1, 7, 100, 1000),
    aggregate: fc.constantFrom('first' as const, 'mean' as const),
    windowLength: fc.integer({ min: 1, max: 5 }),
    stride: fc.integer({ min: 1, max: 6 }),
  });
  const value = fc.option(fc.integer({ min: -1000, max: 1000 }), { freq: 4 });
  const step = fc.record({
    // In hundredths of a slot. Mostly onward, with jitter, repetitions, gaps, long absences and clocks set back.
    by: fc.oneof(
      { weight: 12, arbitrary: fc.integer({ min: 60, max: 140 }) },
      { weight: 4, arbitrary: fc.integer({ min: 0, max: 60 }) },
      { weight: 3, arbitrary: fc.integer({ min: 140, max: 900 }) },
      { weight: 2, arbitrary: fc.integer({ min: -400, max: -1 }) },
      { weight: 1, arbitrary: fc.constantFrom(-10_000, -1500, 1500, 10_000) },
    ),
    values: fc.tuple(value, value),
  });

  it('gives the rows, windows and counts of the reference', () => {
    const seen = { gapRows: 0, late: 0, repeated: 0, clockResets: 0, windows: 0 };
    fc.assert(
      fc.property(classes, fc.array(step, { minLength: 1, maxLength: 80 }), (shape, steps) => {
        const spec = { ...pump, ...shape };
        let at = t0;
        const events = steps.map(({ by, values }) => {
          at += Math.round((by * spec.sampleEveryMs) / 100);
          return { at, values };
        });
        const expected = referenceGrid(spec, events);
        const { rows, windows, stats } = run(spec, events);
        expect(rows).toEqual(expected.rows.map((row) => ({ id: 'north/a', ...row })));
        expect(windows).toEqual(expected.windows.map((window) => ({ id: 'north/a', ...window })));
        expect(stats).toMatchObject({
          ...expected.counts,
          rows: expected.rows.length,
          windows: expected.windows.length,
        });
        for (const key of ['gapRows', 'late', 'repeated', 'clockResets', 'windows'] as const)
          seen[key] += stats[key];
      }),
      { numRuns: 1500 },
    );
    // The generator must have reached every branch, or the comparison above shows little.
    for (const count of Object.values(seen)) expect(count).toBeGreaterThan(20);
  });

  it('is its own: assets of several slabs, interleaved, come out as each alone', () => {
    const spec = { ...pump, windowLength: 3, stride: 1 };
    const { ingest, send, rows, windows } = harness([spec]);
    const eventsOf = (asset: number): Event[] =>
      Array.from({ length: 8 }, (_, i) => ({
        at: t0 + asset + i * 1000 * ((asset % 3) + 1),
        values: [asset + i / 8, asset % 4 === 0 && i % 2 === 0 ? null : -1 - asset],
      }));
    const count = 600;
    for (let i = 0; i < 8; i++) {
      for (let asset = 0; asset < count; asset++) {
        const { at, values } = eventsOf(asset)[i]!;
        send(`plant/north/${asset}/telemetry`, { ts: at, values: { speed: values[0], flow: values[1] } });
      }
    }
    ingest.flush();
    for (const asset of [0, 1, 255, 256, 257, 511, 512, 599]) {
      const expected = referenceGrid(spec, eventsOf(asset));
      const id = `north/${asset}`;
      expect(rows.filter((row) => row.id === id)).toEqual(expected.rows.map((row) => ({ id, ...row })));
      expect(windows.filter((row) => row.id === id)).toEqual(expected.windows.map((row) => ({ id, ...row })));
    }
  });

  it('puts jitter of almost half a slot on either side into the same slot', () => {
    const jitter = [0, 499, -500, 250, -250, 499];
    const events = jitter.map((by, i) => ({ at: t0 + i * 1000 + by, values: [i, i] }));
    const { rows, stats } = run(pump, events);
    expect(rows.map(({ at }) => at)).toEqual(jitter.map((_, i) => t0 + i * 1000));
    expect(stats).toMatchObject({ gapRows: 0, late: 0, repeated: 0 });
  });

  it('holds the last values through a gap, and says that they were not measured', () => {
    const { rows } = run(pump, [
      { at: t0, values: [1, 2] },
      { at: t0 + 2000, values: [3, null] },
    ]);
    expect(rows.map(({ values, measured }) => [values, measured])).toEqual([
      [
        [1, 2],
        [1, 1],
      ],
      [
        [1, 2],
        [0, 0],
      ],
      [
        [3, 2],
        [1, 0],
      ],
    ]);
  });

  it('bridges a gap of one window and starts anew after a longer one', () => {
    const whole = [0, 1, 2, 3].map((i) => ({ at: t0 + i * 1000, values: [i, i] }));
    const runWithGap = (missing: number) =>
      run(pump, [...whole, { at: t0 + (4 + missing) * 1000, values: [9, 9] }]);
    expect(runWithGap(4).stats).toMatchObject({ rows: 9, gapRows: 4, windows: 3 });
    expect(runWithGap(5).stats).toMatchObject({ rows: 5, gapRows: 0, windows: 1 });
  });

  it('follows a device whose clock was set back, and not one that repeats old data', () => {
    const whole = Array.from({ length: 6 }, (_, i) => ({ at: t0 + i * 1000, values: [i, i] }));
    const past = t0 - 3_600_000;
    const back = Array.from({ length: 13 }, (_, i) => ({ at: past + i * 1000, values: [i, i] }));
    const reset = run(pump, [...whole, ...back]);
    // 2T = 8 late ones, two readings each; the ninth is the first row of the new grid.
    expect(reset.stats).toMatchObject({ clockResets: 1, late: 16, rows: 11 });
    expect(reset.rows[6]).toMatchObject({ at: past + 8000, values: [8, 8] });

    const old = Array.from({ length: 40 }, (_, i) => ({ at: t0 - 5000 + (i % 7) * 100, values: [i, i] }));
    expect(run(pump, [...whole, ...old]).stats).toMatchObject({ clockResets: 0, late: 80, rows: 6 });
  });

  it('averages in mean mode and gives the row when the next slot begins', () => {
    const { send, rows } = harness([{ ...pump, aggregate: 'mean' }]);
    const say = (at: number, speed: number) => send(topic, { ts: at, values: { speed, flow: 1 } });
    say(t0, 1);
    say(t0 + 100, 2);
    say(t0 + 499, 6);
    expect(rows).toEqual([]);
    say(t0 + 500, 50);
    expect(rows).toEqual([{ id: 'north/a', at: t0, values: [3, 1], measured: [1, 1] }]);
  });

  it('flushes an open slot once', () => {
    const { ingest, send, rows } = harness([pump]);
    send(topic, { ts: t0, values: { speed: 1 } });
    ingest.flush();
    ingest.flush();
    expect(rows).toHaveLength(1);
    send(topic, { ts: t0, values: { flow: 1 } });
    expect(ingest.stats().repeated).toBe(1);
  });

  it.each([
    { sampleEveryMs: 0 },
    { sampleEveryMs: 0.5 },
    { windowLength: 0 },
    { stride: Number.NaN },
    { channels: [] },
  ])('is not made for %j', (wrong) => {
    expect(() => harness([{ ...pump, ...wrong }])).toThrowError(
      expect.objectContaining({ code: 'INGEST_CLASS_INVALID' }),
    );
  });
});
