import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  firstMemory,
  judge,
  type WatchdogLimits,
  type WatchdogMemory,
  type WatchdogSnapshot,
} from '../../src/alerts/watchdog.ts';

const minute = 60_000;
const limits: WatchdogLimits = { noDataForMs: 10 * minute, sinkFailingForMs: 10 * minute, diskFree: 0.05 };
const well: WatchdogSnapshot = {
  broker: { state: 'connected', messages: 1 },
  failedTrainings: new Map(),
  dropped: new Map([['windows to score', 0]]),
  failingSinks: new Map(),
  disk: { free: 50e9, total: 100e9 },
};

/** What is wrong after the last of these moments. */
function wrongAfter(
  moments: readonly (readonly [at: number, snapshot: WatchdogSnapshot])[],
  with_: WatchdogLimits = limits,
): Record<string, string> {
  let memory: WatchdogMemory = firstMemory(0);
  let wrong: [string, string][] = [];
  for (const [at, snapshot] of moments) {
    const judged = judge(memory, snapshot, with_, at);
    memory = judged.memory;
    wrong = [...judged.findings].filter(
      (finding): finding is [(typeof finding)[0], string] => finding[1] !== null,
    );
  }
  return Object.fromEntries(wrong);
}

describe('watchdog', () => {
  it('finds nothing wrong with a Forewarn that is well', () => {
    expect(wrongAfter([[1000, well]])).toEqual({});
  });

  it('says for how long there has been no data, and whose fault it is', () => {
    const more = { ...well, broker: { state: 'connected', messages: 2 } };
    const away = { ...more, broker: { state: 'reconnecting', messages: 2 } };
    expect(
      wrongAfter([
        [minute, more],
        [11 * minute - 1, more],
      ]),
    ).toEqual({});
    expect(
      wrongAfter([
        [minute, more],
        [11 * minute, more],
      ]),
    ).toEqual({
      'watchdog:no_data': 'Forewarn: no data for 10 min, no machine publishes',
    });
    expect(
      wrongAfter([
        [minute, more],
        [14 * minute, away],
      ]),
    ).toEqual({
      'watchdog:no_data': 'Forewarn: no data for 13 min, the broker is reconnecting',
    });
    expect(
      wrongAfter([
        [minute, well],
        [14 * minute, more],
      ]),
    ).toEqual({});
  });

  it('counts the time without data from the start, before the first message', () => {
    const none = { ...well, broker: { state: 'connecting', messages: 0 } };
    expect(wrongAfter([[10 * minute, none]])).toHaveProperty(['watchdog:no_data']);
  });

  it('tells of losses while they go on, and for five minutes after', () => {
    const lost = (count: number) => ({ ...well, dropped: new Map([['windows to score', count]]) });
    const text = 'Forewarn: windows to score are lost (7 since the start)';
    expect(wrongAfter([[minute, lost(7)]])).toEqual({ 'watchdog:data_dropped': text });
    expect(
      wrongAfter([
        [minute, lost(7)],
        [6 * minute - 1, lost(7)],
      ]),
    ).toEqual({ 'watchdog:data_dropped': text });
    expect(
      wrongAfter([
        [minute, lost(7)],
        [6 * minute, lost(7)],
      ]),
    ).toEqual({});
  });

  it('forgives a sink that recovers, and counts anew', () => {
    const failing = { ...well, failingSinks: new Map([['mail', 'connection refused']]) };
    const moments = [
      [0, failing],
      [9 * minute, well],
      [10 * minute, failing],
    ] as const;
    // Data keeps coming here: only the sink is asked about.
    const noData = { ...limits, noDataForMs: 0 };
    expect(wrongAfter([...moments, [19 * minute, failing]], noData)).toEqual({});
    expect(wrongAfter([...moments, [20 * minute, failing]], noData)).toEqual({
      'watchdog:sink_failing': 'Forewarn: mail has failed for 10 min: connection refused',
    });
  });

  it('names the classes whose training failed', () => {
    const failedTrainings = new Map([
      ['pump', 'ran out of memory'],
      ['fan', 'crashed'],
    ]);
    expect(wrongAfter([[0, { ...well, failedTrainings }]])).toEqual({
      'watchdog:training_failed':
        'Forewarn: training of pump failed: ran out of memory; training of fan failed: crashed',
    });
  });

  it('tells of a disk that is nearly full, not of one that cannot be asked', () => {
    expect(wrongAfter([[0, { ...well, disk: { free: 4.96e9, total: 100e9 } }]])).toEqual({
      'watchdog:disk_full': 'Forewarn: the disk of the state directory has 4.9 % left (4960 MB)',
    });
    expect(wrongAfter([[0, { ...well, disk: { free: 5e9, total: 100e9 } }]])).toEqual({});
    expect(wrongAfter([[0, { ...well, disk: null }]])).toEqual({});
  });

  it('says nothing about what is switched off', () => {
    const bad: WatchdogSnapshot = {
      ...well,
      failingSinks: new Map([['mail', 'refused']]),
      disk: { free: 0, total: 100 },
    };
    const off = { noDataForMs: 0, sinkFailingForMs: 0, diskFree: 0 };
    expect(
      wrongAfter(
        [
          [0, bad],
          [1e12, bad],
        ],
        off,
      ),
    ).toEqual({});
  });

  it('judges every rule at every moment, whatever happens', () => {
    const snapshot = fc.record({
      broker: fc.record({ state: fc.constantFrom('connected', 'reconnecting'), messages: fc.nat() }),
      failedTrainings: fc.constant(new Map<string, string>()),
      dropped: fc.nat().map((count) => new Map([['windows to score', count]])),
      failingSinks: fc.subarray(['a', 'b']).map((names) => new Map(names.map((name) => [name, 'refused']))),
      disk: fc.option(fc.record({ free: fc.nat(), total: fc.nat() })),
    });
    fc.assert(
      fc.property(fc.array(fc.tuple(snapshot, fc.nat(20 * minute)), { minLength: 1 }), (steps) => {
        let memory = firstMemory(0);
        let at = 0;
        for (const [next, passed] of steps) {
          at += passed;
          const judged = judge(memory, next, limits, at);
          memory = judged.memory;
          expect(judged.findings.size).toBe(5);
          expect([...memory.failingSince.keys()]).toEqual([...next.failingSinks.keys()]);
          // What failed for long enough is told, and nothing else is.
          const long = [...memory.failingSince.values()].some(
            (since) => at - since >= limits.sinkFailingForMs,
          );
          expect(judged.findings.get('watchdog:sink_failing') !== null).toBe(long);
          expect(memory.messages.roseAt).toBeLessThanOrEqual(at);
        }
      }),
    );
  });
});
