import type { LabelledStream } from '../evaluation/protocol.ts';
import type { StreamTrace, TracedAlert } from '../evaluation/trace.ts';
import type { Alert, Verdict } from '../types.ts';

/**
 * Notes for every row of a stream what came of its message. The grid moves and inserts rows, so verdicts are brought back to
 * the message that was being taken when their row left the grid: the prediction of row i is what was known after message i.
 */
export class StreamRecorder {
  /** The row whose message is being taken. */
  row = 0;
  readonly #stream: LabelledStream;
  readonly #channels: readonly string[];
  readonly #scores: Float32Array;
  readonly #flagged: Uint8Array;
  readonly #attribution: Float32Array;
  readonly #alerts: TracedAlert[] = [];
  /** Time and message row of everything that left the grid, in order. */
  readonly #emittedAt: number[] = [];
  readonly #emittedRow: number[] = [];
  readonly #rowAt = new Map<number, number>();
  #next = 0;

  constructor(stream: LabelledStream, channels: readonly string[], attribution: boolean) {
    const rows = stream.at.length;
    this.#stream = stream;
    this.#channels = channels;
    this.#scores = new Float32Array(rows).fill(Number.NaN);
    this.#flagged = new Uint8Array(rows);
    this.#attribution = new Float32Array(attribution ? rows * channels.length : 0).fill(Number.NaN);
  }

  onRow(at: number): void {
    this.#emittedAt.push(at);
    this.#emittedRow.push(this.row);
    this.#rowAt.set(at, this.row);
  }

  /** Verdicts come in the order of the rows, but not every row has one. */
  onVerdict(verdict: Verdict): void {
    while (this.#next < this.#emittedAt.length && this.#emittedAt[this.#next] !== verdict.at) this.#next++;
    if (this.#next >= this.#emittedAt.length) return;
    const row = this.#emittedRow[this.#next++];
    const width = this.#channels.length;
    // Inserted rows come before their message's own, which has the last word.
    this.#scores[row] = verdict.kind === 'unknown' ? Number.NaN : verdict.score.value;
    if (this.#attribution.length === 0) return;
    if (verdict.kind === 'unknown') this.#attribution.fill(Number.NaN, row * width, (row + 1) * width);
    else this.#attribution.set(verdict.score.attribution, row * width);
  }

  /** An alert as it stood at the end. */
  onAlert({ rule, firedAt, resolvedAt, channels }: Alert): void {
    if (rule !== 'anomaly') return;
    const raisedRow = this.#rowAt.get(firedAt) ?? 0;
    const clearedRow = resolvedAt === null ? null : (this.#rowAt.get(resolvedAt) ?? null);
    this.#flagged.fill(1, raisedRow, clearedRow ?? this.#flagged.length);
    this.#alerts.push({
      raisedRow,
      clearedRow,
      channels: channels.map(({ channel, share }) => ({ channel, share })),
    });
  }

  /** Without `attribution` its array is empty. */
  trace(): StreamTrace {
    const { name, at, labels, trainRows } = this.#stream;
    return {
      name,
      at,
      score: this.#scores,
      labels,
      flagged: this.#flagged,
      channels: this.#channels,
      attribution: this.#attribution,
      firstTestRow: trainRows,
      alerts: this.#alerts.sort((a, b) => a.raisedRow - b.raisedRow),
    };
  }
}
