import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RefusalReason } from '../../src/ingest/refusal.ts';
import { harness, pump, scalarPump } from './support.ts';

const ts = 1_700_000_000_000;
const classes = [
  pump,
  { ...scalarPump, name: 'valve', topic: 'valves/{asset}/{channel}', aggregate: 'mean' as const },
];

const label = fc.oneof(fc.constantFrom('a', 'b', 'north', '', '__proto__', '\u0000', '+'), fc.string());
const topics = fc.oneof(
  fc.string({ maxLength: 80 }),
  fc.tuple(label, label).map(([site, asset]) => `plant/${site}/${asset}/telemetry`),
  fc.tuple(label, fc.constantFrom('speed', 'flow', 'constructor', '')).map(([a, c]) => `valves/${a}/${c}`),
  fc.constantFrom('plant/north/a/telemetry', 'valves/a/speed', 'valves/a/flow', 'x'.repeat(5000)),
  fc.constantFrom('plant/north/a/telemetry', 'valves/a/speed'),
);

const stamp = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: ts - 100_000, max: ts + 100_000 }) },
  fc.double(),
  fc.constantFrom(null, 'soon', '2023-11-14T22:13:20Z', '1700000000', {}, [], true),
  fc.string(),
);
const raw = fc.oneof(fc.double(), fc.integer(), fc.string(), fc.boolean(), fc.constant(null), fc.jsonValue());
const sample = fc.record(
  {
    ts: stamp,
    values: fc.oneof(fc.record({ speed: raw, flow: raw }, { requiredKeys: [] }), raw),
    value: raw,
  },
  { requiredKeys: [] },
);
const text = (value: unknown) => Buffer.from(JSON.stringify(value) ?? '');
const payloads = fc.oneof(
  fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
  fc.json().map((json) => Buffer.from(json)),
  { weight: 4, arbitrary: sample.map(text) },
  fc.array(sample, { maxLength: 5 }).map(text),
  raw.map(text),
  // Cut short and mangled, as a broken gateway sends it.
  fc.tuple(sample, fc.nat(60)).map(([value, cut]) => text(value).subarray(0, cut)),
  fc
    .constantFrom('', ' ', '[', '{"__proto__":{"speed":1}}', '\ufeff', '[[[[', 'Infinity')
    .map((s) => Buffer.from(s)),
  fc.constant(Buffer.alloc(300_000, 0x31)),
);

describe('accept', () => {
  it('survives 10,000 fuzzed messages and counts each exactly once', { timeout: 60_000 }, () => {
    const { ingest, rows, windows, time } = harness(classes, { assets: 300, topics: 100 });
    const reasons = new Set<RefusalReason>();
    let messages = 0;
    const total = () => {
      const { accepted, refused } = ingest.stats();
      return accepted + Object.values(refused).reduce((sum, count) => sum + count, 0);
    };
    fc.assert(
      fc.property(topics, payloads, fc.nat(7), fc.nat(60), (topic, payload, chance, passed) => {
        time.now += passed;
        const before = total();
        const { accepted } = ingest.stats();
        ingest.accept(topic, payload, { retain: chance === 0 });
        messages++;
        expect(total()).toBe(before + 1);
        expect(ingest.stats().messages).toBe(messages);
        if (ingest.stats().accepted === accepted) reasons.add(ingest.refusals()[0]!.reason);
      }),
      { numRuns: 10_000 },
    );
    ingest.flush();

    const stats = ingest.stats();
    expect(messages).toBe(10_000);
    expect(stats.refused.sink_failed).toBe(0);
    // Enough of it must be good for the grid to be fuzzed as well.
    expect(stats.accepted).toBeGreaterThan(500);
    expect(stats.windows).toBeGreaterThan(10);
    expect(stats.rows).toBe(rows.length);
    expect(stats.windows).toBe(windows.length);
    expect(ingest.assets().length).toBeLessThanOrEqual(300);
    for (const { coverage } of windows) expect(coverage >= 0 && coverage <= 1).toBe(true);
    for (const { values, measured } of rows) {
      for (const [c, value] of values.entries())
        expect(measured[c] === 0 || Number.isFinite(value)).toBe(true);
    }
    // All that a message alone can be refused for, so that the fuzzing reached every way out.
    for (const reason of [
      'no_class',
      'bad_topic',
      'unknown_channel',
      'retained',
      'too_large',
      'empty',
      'not_json',
      'not_an_object',
      'not_a_number',
      'no_channels',
      'missing_timestamp',
      'bad_timestamp',
      'future_timestamp',
    ] satisfies RefusalReason[]) {
      expect(reasons, reason).toContain(reason);
    }
  });
});
