import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IngestClass } from '../../src/ingest/ingest-class.ts';
import { harness, pump } from './support.ts';

const t0 = 1_700_000_000_000;
const topic = 'plant/north/a/telemetry';
type Events = readonly { readonly at: number; readonly values: readonly (number | null)[] }[];

function ingestOf(spec: IngestClass) {
  const line = harness([{ ...spec, maxAheadMs: 1e15 }]);
  line.time.now = 0;
  const feed = (events: Events) => {
    for (const { at, values } of events)
      line.send(topic, { ts: at, values: { speed: values[0], flow: values[1] } });
  };
  return { ...line, feed };
}

/** The rows up to the last that follow each other without a break, as the history would give them. */
function lastRun(rows: ReturnType<typeof harness>['rows'], everyMs: number) {
  let first = rows.length - 1;
  while (first > 0 && rows[first].at - rows[first - 1].at === everyMs) first--;
  const run = rows.slice(first);
  return {
    at: Float64Array.from(run, ({ at }) => at),
    values: Float32Array.from(run.flatMap(({ values }) => values)),
    measured: Uint8Array.from(run.flatMap(({ measured }) => measured)),
  };
}

describe('an ingest that takes up where another stopped', () => {
  const classes = fc.record({
    aggregate: fc.constantFrom('first' as const, 'mean' as const),
    windowLength: fc.integer({ min: 1, max: 5 }),
    stride: fc.integer({ min: 1, max: 4 }),
  });
  const value = fc.option(fc.integer({ min: -1000, max: 1000 }), { freq: 4 });
  const step = fc.record({
    // In hundredths of a slot: onward with jitter, repetitions, gaps and long absences.
    by: fc.oneof(
      { weight: 12, arbitrary: fc.integer({ min: 60, max: 140 }) },
      { weight: 4, arbitrary: fc.integer({ min: 0, max: 60 }) },
      { weight: 2, arbitrary: fc.integer({ min: 140, max: 900 }) },
    ),
    values: fc.tuple(value, value),
  });

  it('gives the rows and windows of one that did not stop', () => {
    let continued = 0;
    fc.assert(
      fc.property(
        classes,
        fc.array(step, { minLength: 4, maxLength: 60 }),
        fc.integer({ min: 0, max: 100 }),
        (shape, steps, percent) => {
          const spec = { ...pump, ...shape };
          let at = t0;
          const events = steps.map(({ by, values }) => {
            at += Math.round((by * spec.sampleEveryMs) / 100);
            return { at, values };
          });
          const cut = Math.floor((percent * events.length) / 100);
          const whole = ingestOf(spec);
          whole.feed(events.slice(0, cut));
          // A daemon that stops gives out the row that it has begun.
          whole.ingest.flush();
          const before = { rows: whole.rows.length, windows: whole.windows.length };
          const past = lastRun(whole.rows, spec.sampleEveryMs);
          whole.feed(events.slice(cut));

          const next = ingestOf(spec);
          const replayed: number[] = [];
          if (past.at.length > 0) {
            const asset = next.ingest.restore('pump', 'north/a', past, (window) => replayed.push(window.at));
            expect(asset).toMatchObject({ id: 'north/a', labels: { site: 'north', asset: 'a' } });
          }
          expect(next.ingest.stats()).toMatchObject({ rows: 0, windows: 0 });
          expect([next.announced, next.ingest.assets()]).toEqual([[], []]);
          next.feed(events.slice(cut));
          expect(next.rows).toEqual(whole.rows.slice(before.rows));
          expect(next.windows).toEqual(whole.windows.slice(before.windows));
          const old = whole.windows.slice(0, before.windows).map((window) => window.at);
          expect(old.slice(old.length - replayed.length)).toEqual(replayed);
          expect(next.announced.length).toBe(next.ingest.stats().readings > 0 ? 1 : 0);
          if (before.rows > 0 && next.windows.length > 0) continued++;
        },
      ),
      { numRuns: 500 },
    );
    expect(continued).toBeGreaterThan(50);
  });

  it('knows what comes late or a second time', () => {
    const first = ingestOf(pump);
    first.feed([0, 1, 2, 3].map((second) => ({ at: t0 + second * 1000, values: [second, second] })));
    const next = ingestOf(pump);
    next.ingest.restore('pump', 'north/a', lastRun(first.rows, 1000), () => undefined);
    next.feed([
      { at: t0 + 3000, values: [9, 9] },
      { at: t0 + 1000, values: [9, 9] },
      { at: t0 + 4000, values: [4, 4] },
    ]);
    expect(next.rows.map(({ at, values }) => [at, values])).toEqual([[t0 + 4000, [4, 4]]]);
    expect(next.ingest.stats()).toMatchObject({ repeated: 2, late: 2, gapRows: 0 });
  });

  it('takes up no asset that its topics do not give, or that is there already', () => {
    const line = ingestOf(pump);
    const rows = { at: Float64Array.of(t0), values: Float32Array.of(1, 2), measured: Uint8Array.of(1, 1) };
    const restore = (className: string, id: string) =>
      line.ingest.restore(className, id, rows, () => undefined);
    expect(restore('press', 'north/a')).toBeNull();
    expect(restore('pump', 'a')).toBeNull();
    expect(restore('pump', 'north/a/b')).toBeNull();
    expect(restore('pump', 'north/a')).not.toBeNull();
    expect(restore('pump', 'north/a')).toBeNull();
  });
});
