import { describe, expect, it } from 'vitest';
import { createIngest } from '../../src/ingest/ingest.ts';
import { harness, live, pump, scalarPump } from './support.ts';

const topic = 'plant/north/a/telemetry';
const ts = 1_700_000_000_000;

describe('a JSON payload', () => {
  it('holds channels at nested paths; strings and booleans count, null is missing', () => {
    const { ingest, send, rows } = harness([pump]);
    send(topic, { ts, values: { speed: '12.5', flow: null } });
    send(topic, { ts: ts + 1000, values: { speed: true, flow: 3 } });
    expect(rows).toEqual([
      { id: 'north/a', at: ts, values: [12.5, Number.NaN], measured: [1, 0] },
      { id: 'north/a', at: ts + 1000, values: [1, 3], measured: [1, 1] },
    ]);
    expect(ingest.stats()).toMatchObject({ messages: 2, accepted: 2, readings: 3, rows: 2 });
  });

  it('with a bad channel still gives the good ones, and the bad is counted', () => {
    const { ingest, send } = harness([pump]);
    send(topic, { ts, values: { speed: 1, flow: 'broken' } });
    expect(ingest.stats()).toMatchObject({ accepted: 1, readings: 1, refusedParts: { not_a_number: 1 } });
  });

  it('may be a batch; a bad sample in it is counted and the rest is used', () => {
    const { ingest, send, rows } = harness([pump]);
    send(topic, [
      { ts, values: { speed: 1, flow: 1 } },
      { ts: 'soon', values: { speed: 2, flow: 2 } },
      7,
      { ts: ts + 1000, values: { speed: 3, flow: 3 } },
    ]);
    expect(rows.map(({ values }) => values)).toEqual([
      [1, 1],
      [3, 3],
    ]);
    expect(ingest.stats()).toMatchObject({
      messages: 1,
      accepted: 1,
      refusedParts: { bad_timestamp: 1, not_an_object: 1 },
    });
  });

  it('reads own properties only', () => {
    const paths = ['__proto__', 'constructor.name.length', 'toString', 'values.length', 'values.map.length'];
    const channels = paths.map((path) => ({ name: path, path }));
    const { send, rows, lastReason } = harness([{ ...pump, timePath: null, channels }]);
    send(topic, '{"values": {"speed": 1}}');
    expect(lastReason()).toBe('no_channels');
    send(topic, '{"__proto__": 5, "toString": 6, "values": [1, 2, 3]}');
    expect(rows.length).toBe(0);
    send(topic, '{"__proto__": {"polluted": 1}, "constructor": {"name": {"length": 4}}}');
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('may begin with a byte order mark, and may be any Uint8Array', () => {
    const { ingest, send, rows } = harness([pump]);
    send(topic, `\ufeff${JSON.stringify({ ts, values: { speed: 1, flow: 2 } })}`);
    const text = `xx${JSON.stringify({ ts: ts + 1000, values: { speed: 3, flow: 4 } })}`;
    ingest.accept(topic, new TextEncoder().encode(text).subarray(2), live);
    expect(rows.map(({ values }) => values)).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it.each([
    ['', 'empty'],
    [' ', 'not_json'],
    ['{', 'not_json'],
    ['NaN', 'not_json'],
    ['null', 'not_an_object'],
    ['7', 'not_an_object'],
    ['"text"', 'not_an_object'],
    ['[]', 'empty'],
    ['[[]]', 'not_an_object'],
    ['{}', 'missing_timestamp'],
    ['{"ts": null}', 'missing_timestamp'],
    ['{"ts": "soon"}', 'bad_timestamp'],
    ['{"ts": {}}', 'bad_timestamp'],
    ['{"ts": -1}', 'bad_timestamp'],
    ['{"ts": 1700000060001}', 'future_timestamp'],
    ['{"ts": 1700000060000}', 'no_channels'],
    ['{"ts": 1700000000000, "values": 3}', 'no_channels'],
    ['{"ts": 1700000000000, "values": {"speed": null}}', 'no_channels'],
    ['{"ts": 1700000000000, "values": {"speed": 1e39}}', 'not_a_number'],
    ['{"ts": 1700000000000, "values": {"speed": []}}', 'not_a_number'],
    ['['.repeat(200_000), 'not_json'],
    [`{"ts": 1700000000000, "values": ${'['.repeat(50_000)}${']'.repeat(50_000)}}`, 'no_channels'],
    [`{"pad": "${'x'.repeat(256 * 1024)}"}`, 'too_large'],
  ])('%.60s is refused: %s', (payload, reason) => {
    const { ingest, send, lastReason } = harness([pump]);
    send(topic, payload);
    expect(lastReason()).toBe(reason);
    expect(ingest.stats()).toMatchObject({ messages: 1, accepted: 0, refused: { [reason]: 1 } });
    expect(ingest.refusals()[0]!.payload.length).toBeLessThanOrEqual(256);
  });

  it('that the broker kept and replays is never used', () => {
    const { ingest, send, lastReason, rows } = harness([pump]);
    send(topic, { ts, values: { speed: 1, flow: 1 } }, { retain: true });
    expect(lastReason()).toBe('retained');
    expect(rows).toEqual([]);
    expect(ingest.assets()).toEqual([]);
  });
});

describe('a scalar payload', () => {
  it.each([
    ['12.5', 12.5],
    ['"12.5"', 12.5],
    [' 12.5\r\n', 12.5],
    ['true', 1],
    ['false', 0],
    ['{"value": 12.5}', 12.5],
    ['{"value": "12.5", "unit": "bar"}', 12.5],
    ['[{"value": 12.5}, 13]', 12.5],
  ])('%s is a reading', (payload, value) => {
    const { ingest, send, rows } = harness([{ ...scalarPump, windowLength: 1 }]);
    send('plant/north/a/speed', payload);
    ingest.flush();
    expect(rows[0]).toMatchObject({ values: [value, Number.NaN], measured: [1, 0] });
  });

  it.each([
    ['null', 'no_channels'],
    ['"on"', 'not_a_number'],
    ['on', 'not_json'],
    ['{}', 'no_channels'],
    ['{"value": {}}', 'not_a_number'],
    ['1e999', 'not_a_number'],
  ])('%s is refused: %s', (payload, reason) => {
    const { send, lastReason } = harness([scalarPump]);
    send('plant/north/a/speed', payload);
    expect(lastReason()).toBe(reason);
  });

  it('has its time beside the value, and a bare number none', () => {
    const { ingest, send, rows, lastReason } = harness([{ ...scalarPump, timePath: 'at' }]);
    send('plant/north/a/speed', { value: 1, at: '2023-11-14T22:13:10Z' });
    send('plant/north/a/flow', { value: 2, at: ts - 10_000 });
    expect(rows).toEqual([{ id: 'north/a', at: ts - 10_000, values: [1, 2], measured: [1, 1] }]);
    send('plant/north/a/speed', '3');
    expect(lastReason()).toBe('missing_timestamp');
    expect(ingest.stats().accepted).toBe(2);
  });
});

describe('the ledger of refusals', () => {
  it('keeps the last few, newest first', () => {
    const { ingest, send, time } = harness([pump], { refusals: 3 });
    for (let i = 0; i < 5; i++) {
      time.now++;
      send(`nobody/${i}`, `payload ${i}`);
    }
    expect(ingest.refusals().map((refusal) => [refusal.topic, refusal.payload])).toEqual([
      ['nobody/4', 'payload 4'],
      ['nobody/3', 'payload 3'],
      ['nobody/2', 'payload 2'],
    ]);
    expect(ingest.refusals()[0]).toMatchObject({ at: time.now, reason: 'no_class' });
    expect(ingest.refusals()[0]!.detail).toMatch(/template/);
  });
});

describe('a sink that throws', () => {
  it('does not reach the caller, and the next row is whole', () => {
    let calls = 0;
    const seen: number[][] = [];
    const ingest = createIngest({
      classes: [pump],
      clock: () => ts,
      sinks: {
        onRow: ({ values }) => {
          if (calls++ === 0) throw new Error('full disk');
          seen.push([...values]);
        },
        onWindow: () => undefined,
      },
    });
    for (let i = 0; i < 2; i++) {
      const payload = JSON.stringify({ ts: ts + i * 1000, values: { speed: i, flow: i } });
      ingest.accept(topic, Buffer.from(payload), live);
    }
    expect(seen).toEqual([[1, 1]]);
    expect(ingest.refusals()[0]).toMatchObject({ reason: 'sink_failed', detail: 'full disk' });
    expect(ingest.stats()).toMatchObject({ accepted: 1, refused: { sink_failed: 1 } });
  });
});
