import { describe, expect, it } from 'vitest';
import { StreamRecorder } from '../../src/commands/stream-recorder.ts';
import type { Alert, Asset, Verdict } from '../../src/types.ts';

const asset: Asset = { index: 0, id: 's', className: 'c', labels: {} };

function scored(at: number, value: number): Verdict {
  const score = {
    asset,
    at,
    value,
    attribution: Float32Array.of(value / 4, 1 - value / 4),
    expected: new Float32Array(2),
    actual: new Float32Array(2),
    model: 'm',
  };
  return { kind: value >= 1 ? 'anomalous' : 'normal', asset, at, score };
}

const alertOf = (firedAt: number, resolvedAt: number | null, rule: Alert['rule'] = 'anomaly') =>
  ({
    rule,
    firedAt,
    resolvedAt,
    channels: [{ channel: 'a', unit: '', share: 1, expected: 0, actual: 1 }],
  }) as unknown as Alert;

function recorderOf(rows: number): StreamRecorder {
  const stream = {
    name: 's',
    at: Float64Array.from({ length: rows }, (_, row) => row * 10),
    values: [],
    trainRows: 1,
    role: 'test',
    labels: new Uint8Array(rows),
    changepoints: null,
  } as const;
  return new StreamRecorder(stream, ['a', 'b'], true);
}

describe('StreamRecorder', () => {
  it('brings verdicts of moved and inserted rows back to the message that made them', () => {
    const recorder = recorderOf(4);
    recorder.onRow(0);
    recorder.row = 1;
    // A gap: message 1 lets out an inserted row and its own, which stands a little off its stamp.
    recorder.onRow(5);
    recorder.onRow(10);
    recorder.row = 3;
    recorder.onRow(31);
    recorder.onVerdict({ kind: 'unknown', asset, at: 5, reason: 'low_coverage' });
    recorder.onVerdict(scored(10, 0.5));
    recorder.onVerdict(scored(31, 2));
    recorder.onAlert(alertOf(10, 31));
    const { score, attribution, flagged, alerts, firstTestRow } = recorder.trace();
    expect([...score]).toEqual([Number.NaN, 0.5, Number.NaN, 2]);
    expect([...attribution.subarray(2, 4)]).toEqual([0.125, 0.875]);
    expect([...attribution.subarray(4, 6)]).toEqual([Number.NaN, Number.NaN]);
    expect([...flagged]).toEqual([0, 1, 1, 0]);
    expect(alerts).toEqual([{ raisedRow: 1, clearedRow: 3, channels: [{ channel: 'a', share: 1 }] }]);
    expect(firstTestRow).toBe(1);
  });

  it('flags to the end what still fires, and nothing for silence', () => {
    const recorder = recorderOf(4);
    for (recorder.row = 0; recorder.row < 4; recorder.row++) recorder.onRow(recorder.row * 10);
    recorder.onAlert(alertOf(20, null));
    recorder.onAlert(alertOf(0, null, 'silent'));
    const { flagged, alerts } = recorder.trace();
    expect([...flagged]).toEqual([0, 0, 1, 1]);
    expect(alerts).toHaveLength(1);
  });
});
