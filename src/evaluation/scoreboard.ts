import type { EvaluationReport, FileReport, MetricRows, Metrics } from './evaluation-report.ts';
import { fileMetrics, type Tally, tallyOf, totalMetrics } from './judged-metrics.ts';
import { spreadMetrics } from './metric-spread.ts';
import type { JudgedStream, LabelledStream, Protocol } from './protocol.ts';

/** Collects what detectors said of streams, once for every seed, and adds it up. */
export interface Scoreboard {
  /** Takes all rows of a stream; the training rows are cut off. Without rows to judge it does nothing. */
  add(entry: ScoreEntry): void;
  /** Rows in the order in which detectors came. */
  report(): Pick<EvaluationReport, 'rows' | 'files'>;
}

export interface ScoreEntry {
  readonly detector: string;
  readonly seed: number;
  readonly stream: LabelledStream;
  readonly rowMs: number;
  /** One a row of the stream, 1.0 being the detector's threshold; NaN where it said nothing. */
  readonly scores: ArrayLike<number>;
  readonly flags: Uint8Array;
}

export function createScoreboard(protocol: Protocol): Scoreboard {
  /** By detector, then by seed. */
  const tallies = new Map<string, Map<number, Tally[]>>();

  const filesOf = (): string[] => {
    const [bySeed] = tallies.values();
    const [first] = bySeed?.values() ?? [];
    return (first ?? []).flatMap(({ stream }) => (stream.role === 'test' ? [stream.name] : []));
  };

  const rowsOf = (metrics: (tallied: readonly Tally[]) => Metrics): MetricRows =>
    Object.fromEntries(
      [...tallies].map(([detector, bySeed]) => [detector, spreadMetrics([...bySeed.values()].map(metrics))]),
    );

  return {
    add(entry) {
      const { stream, detector, seed } = entry;
      if (stream.role === 'train') return;
      const bySeed = tallies.get(detector) ?? new Map<number, Tally[]>();
      tallies.set(detector, bySeed);
      const list = bySeed.get(seed) ?? [];
      bySeed.set(seed, list);
      list.push(tallyOf(judgedStream(entry, stream.role), protocol.vusWindow));
    },
    report: () => ({
      rows: rowsOf((tallied) => totalMetrics(tallied, protocol)),
      files: filesOf().map(
        (name): FileReport => ({
          name,
          rows: rowsOf((tallied) =>
            fileMetrics(
              tallied.find(({ stream }) => stream.name === name && stream.role === 'test')!,
              protocol,
            ),
          ),
        }),
      ),
    }),
  };
}

function judgedStream({ stream, rowMs, scores, flags }: ScoreEntry, role: 'test' | 'normal'): JudgedStream {
  const { name, at, labels, changepoints, trainRows } = stream;
  return {
    name,
    role,
    at: at.subarray(trainRows),
    labels: labels.subarray(trainRows),
    changepoints: changepoints === null ? null : changepoints.subarray(trainRows),
    trainLabels: labels.subarray(0, trainRows),
    rowMs,
    scores: Float64Array.from(
      { length: at.length - trainRows },
      // Nothing said is nothing suspected: such rows rank last.
      (_, row) => scores[trainRows + row] || 0,
    ),
    flags: flags.subarray(trainRows),
  };
}
