import type { EvaluationReport } from '../../../src/evaluation/evaluation-report.ts';
import { segmentsOf } from '../../../src/evaluation/segments.ts';
import type { StreamTrace, TracedAlert } from '../../../src/evaluation/trace.ts';

/** Numbers from 0 to 1 that are the same in every run (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface StreamShape {
  readonly name: string;
  readonly rows: number;
  readonly channels: readonly string[];
  readonly firstTestRow: number;
  /** Labelled stretches, ends excluded; the score is high in them and the first channels are guilty. */
  readonly events: readonly (readonly [number, number])[];
}

/** A stream with noise of about 0.4, events of about 4, a gap of unknown scores and alerts wherever it is above 1. */
export function syntheticTrace({ name, rows, channels, firstTestRow, events }: StreamShape): StreamTrace {
  const random = randomNumbers(rows + channels.length);
  const labels = new Uint8Array(rows);
  for (const [start, end] of events) labels.fill(1, start, end);
  const score = new Float32Array(rows);
  const attribution = new Float32Array(rows * channels.length);
  for (let row = 0; row < rows; row++) {
    const known = row >= 30 && (row < rows * 0.3 || row > rows * 0.32);
    score[row] = known ? 0.3 + 0.2 * random() + labels[row] * 3 * (0.5 + random()) : Number.NaN;
    const weights = channels.map((_, i) => random() + (labels[row] === 1 && i < 2 ? 12 / (i + 1) : 0));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    weights.forEach((weight, i) => {
      attribution[row * channels.length + i] = known ? weight / total : Number.NaN;
    });
  }
  const flagged = score.map((value) => (value >= 1 ? 1 : 0));
  const alerts = segmentsOf(Uint8Array.from(flagged)).map(
    ({ start, end }): TracedAlert => ({
      raisedRow: start,
      clearedRow: end === rows ? null : end,
      channels: channels.slice(0, 2).map((channel, i) => ({ channel, share: 0.5 / (i + 1) })),
    }),
  );
  return {
    name,
    at: Float64Array.from({ length: rows }, (_, row) => Date.UTC(2026, 0, 1) + row * 1000),
    score,
    labels,
    flagged: Uint8Array.from(flagged),
    channels,
    attribution,
    firstTestRow,
    alerts,
  };
}

/** A report with a row for every kind of detector; `f1` of each file differs, so that sorting shows. */
export function syntheticReport(traces: readonly StreamTrace[]): EvaluationReport {
  return {
    protocol: 'synthetic',
    settings: { seeds: [1, 2], model: { window: 30, kind: 'lstm_autoencoder' } },
    rows: {
      forewarn: { f1: 0.834, f1_sd: 0.004, far: 16.1, mar: 17.9, vus_pr: 0.902, event_recall: 0.97 },
      zscore: { f1: 0.81, far: 36.4, mar: 10.5, vus_pr: 0.85, event_recall: 0.99 },
      pca: { f1: 0.76, far: 26.6, mar: 24.9, vus_pr: 0.82, event_recall: 0.95 },
      random: { f1: 0.51, far: 50, mar: 50, vus_pr: 0.574, event_recall: 1 },
      flag_all: { f1: 0.7, far: 100, mar: 0, vus_pr: Number.NaN, event_recall: 1 },
    },
    files: traces.map(({ name }, i) => ({
      name,
      rows: { forewarn: { f1: ((i * 7) % 10) / 10, far: i }, pca: { f1: 0.5, far: 20 } },
    })),
    traces,
  };
}
