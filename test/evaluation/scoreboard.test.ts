import { describe, expect, it } from 'vitest';
import type { LabelledStream, Protocol } from '../../src/evaluation/protocol.ts';
import { createScoreboard } from '../../src/evaluation/scoreboard.ts';
import { flagsOf } from './shared-vectors.ts';

const hourMs = 3_600_000;
const pooled: Protocol = {
  name: 'x',
  folders: [],
  vusWindow: 2,
  average: 'pooled',
  about: '',
  groups: () => [],
  ownTotal: (streams) => ({ own: streams.length, undefined_here: Number.NaN }),
};

/** A stream from a picture of its labels; the first `trainRows` train. */
function streamOf(
  name: string,
  picture: string,
  role: LabelledStream['role'] = 'test',
  trainRows = 2,
): LabelledStream {
  const labels = flagsOf(picture);
  return {
    name,
    at: Float64Array.from(labels, (_, row) => row * hourMs),
    values: [],
    trainRows,
    role,
    labels,
    changepoints: null,
  };
}

function boardOf(
  protocol: Protocol,
  entries: readonly { stream: LabelledStream; flags: string; seed?: number }[],
) {
  const board = createScoreboard(protocol);
  for (const { stream, flags, seed = 1 } of entries) {
    const flagged = flagsOf(flags);
    board.add({
      detector: 'forewarn',
      seed,
      stream,
      rowMs: hourMs,
      scores: Float32Array.from(flagged, (flag) => (flag === 1 ? 2 : Number.NaN)),
      flags: flagged,
    });
  }
  return board.report();
}

describe('the scoreboard', () => {
  const a = streamOf('a', '..' + '..##......');
  const b = streamOf('b', '..' + '####......');
  const normal = streamOf('n', '..' + '..........', 'normal');

  it('adds the rows and events of all files up', () => {
    const { rows, files } = boardOf(pooled, [
      // Training rows count nowhere, whatever stands there: here one event found late, and one false one.
      { stream: a, flags: '##' + '...#....#.' },
      { stream: b, flags: '##' + '..........' },
      { stream: normal, flags: '##' + '#.........' },
    ]);
    const { forewarn } = rows;
    expect(forewarn.f1).toBeCloseTo(1 / (1 + (1 + 5) / 2), 10);
    expect(forewarn.precision).toBe(0.5);
    expect(forewarn.far).toBeCloseTo(100 / 14, 10);
    expect(forewarn.mar).toBeCloseTo(500 / 6, 10);
    expect(forewarn.normal_far).toBe(10);
    expect(forewarn.event_recall).toBe(0.5);
    expect(forewarn.event_f1).toBe(0.5);
    expect(forewarn.false_events_per_day).toBeCloseTo(24 / 14, 10);
    expect({ rows: forewarn.delay_median, seconds: forewarn.delay_median_s }).toEqual({
      rows: 1,
      seconds: 3600,
    });
    expect(forewarn.own).toBe(2);
    expect(forewarn).not.toHaveProperty('undefined_here');
    expect(forewarn).not.toHaveProperty('f1_sd');
    expect(files.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(files[1].rows.forewarn).toMatchObject({ f1: 0, event_recall: 0, mar: 100 });
    expect(files[1].rows.forewarn).not.toHaveProperty('delay_median');
  });

  it('takes means over files where the protocol wants them', () => {
    const entries = [
      { stream: a, flags: '..' + '..##......' },
      { stream: b, flags: '..' + '..........' },
    ];
    expect(boardOf({ ...pooled, average: 'files' }, entries).rows.forewarn.f1).toBe(0.5);
    expect(boardOf(pooled, entries).rows.forewarn.f1).toBeCloseTo(2 / 4, 10);
    expect(boardOf({ ...pooled, average: 'files' }, entries).rows.forewarn.mar).toBe(50);
    expect(boardOf(pooled, entries).rows.forewarn.mar).toBeCloseTo(400 / 6, 10);
  });

  it('gives mean and spread over seeds', () => {
    const { rows, files } = boardOf(pooled, [
      { stream: a, flags: '..' + '..##......', seed: 1 },
      { stream: a, flags: '..' + '..........', seed: 2 },
    ]);
    expect(rows.forewarn.f1).toBe(0.5);
    expect(rows.forewarn.f1_sd).toBeCloseTo(Math.SQRT1_2, 10);
    expect(files[0].rows.forewarn.mar).toBe(50);
    // One seed alone has a delay, so there is no spread of it.
    expect(rows.forewarn.delay_median).toBe(0);
    expect(rows.forewarn).not.toHaveProperty('delay_median_sd');
  });
});
