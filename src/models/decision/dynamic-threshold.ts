import { ForewarnError } from '../../errors.ts';

/** Rows of the history from `from` up to, not including, `to`. */
export interface ErrorSequence {
  readonly from: number;
  readonly to: number;
  readonly peak: number;
}

export interface DynamicThreshold {
  /** An error above it is anomalous; infinity where no error of the history stands out. */
  readonly threshold: number;
  /** Runs of anomalous errors, in order of time. */
  readonly sequences: readonly ErrorSequence[];
}

/** Deviations above the mean that are tried, as in the authors' program. */
const deviations = Array.from({ length: 20 }, (_, i) => 2.5 + 0.5 * i);
/** More than that and it is the history's way, not its exception (as in the authors' program). */
const mostSequences = 5;
const greatestShare = 0.5;
/** A peak that is not at least this share above the next lower one is no exception: the paper's p. */
const leastDrop = 0.13;

/**
 * The non-parametric threshold of Hundman et al. (2018, "Detecting Spacecraft Anomalies Using LSTMs and Nonparametric
 * Dynamic Thresholding"): mean plus z deviations of the history, with the z whose removal of errors lowers mean and
 * deviation most for how many errors and sequences it costs, `(dMean/mean + dSd/sd) / (|e_a| + |E_seq|²)`. Then
 * sequences are pruned whose peaks do not fall by 13 % to the next lower, and the threshold rises above them.
 *
 * `history` is a trailing run of smoothed errors (from 0, oldest first, up to a few thousand); the newest row is
 * anomalous where the last sequence reaches the end. Causal, as nothing after the history is seen.
 *
 * @throws ForewarnError THRESHOLD_INVALID for an error that is negative or not finite.
 */
export function dynamicThreshold(history: ArrayLike<number>): DynamicThreshold {
  for (let i = 0; i < history.length; i++) {
    if (!(history[i] >= 0 && Number.isFinite(history[i]))) {
      throw new ForewarnError('THRESHOLD_INVALID', `smoothed error ${i} is ${history[i]}`, {
        hint: 'Errors are finite and at least 0; leave rows out that were not judged.',
      });
    }
  }
  const all = moments(history, Number.POSITIVE_INFINITY);
  let best = { score: 0, threshold: Number.POSITIVE_INFINITY };
  if (all.deviation > 0) {
    for (const z of deviations) {
      const threshold = all.mean + z * all.deviation;
      const score = scoreOf(history, threshold, all);
      // Of equal scores the higher threshold, which has more room below it.
      if (score > 0 && score >= best.score) best = { score, threshold };
    }
  }
  return prune(history, best.threshold);
}

interface Moments {
  readonly count: number;
  readonly mean: number;
  readonly deviation: number;
}

function scoreOf(history: ArrayLike<number>, threshold: number, all: Moments): number {
  const rest = moments(history, threshold);
  const sequences = sequencesAbove(history, threshold).length;
  const anomalous = all.count - rest.count;
  if (anomalous === 0 || anomalous >= greatestShare * all.count || sequences > mostSequences) return 0;
  const drops = (all.mean - rest.mean) / all.mean + (all.deviation - rest.deviation) / all.deviation;
  return drops / (anomalous + sequences ** 2);
}

/** Mean and standard deviation of the errors up to `threshold`. */
function moments(history: ArrayLike<number>, threshold: number): Moments {
  let count = 0;
  let mean = 0;
  let squares = 0;
  for (let i = 0; i < history.length; i++) {
    if (history[i] > threshold) continue;
    count++;
    const step = history[i] - mean;
    mean += step / count;
    squares += step * (history[i] - mean);
  }
  return { count, mean, deviation: count === 0 ? 0 : Math.sqrt(squares / count) };
}

function sequencesAbove(history: ArrayLike<number>, threshold: number): ErrorSequence[] {
  const sequences: { from: number; to: number; peak: number }[] = [];
  for (let i = 0; i < history.length; i++) {
    if (!(history[i] > threshold)) continue;
    const open = sequences[sequences.length - 1];
    if (open?.to === i) {
      open.to = i + 1;
      open.peak = Math.max(open.peak, history[i]);
    } else sequences.push({ from: i, to: i + 1, peak: history[i] });
  }
  return sequences;
}

/** Peaks from the highest down, the highest normal error last: what lies below the last great drop is normal. */
function prune(history: ArrayLike<number>, threshold: number): DynamicThreshold {
  const sequences = sequencesAbove(history, threshold);
  let normal = 0;
  for (let i = 0; i < history.length; i++) if (history[i] <= threshold) normal = Math.max(normal, history[i]);
  const peaks = [...sequences.map(({ peak }) => peak).sort((a, b) => b - a), normal];
  let kept = 0;
  for (let i = 0; i < sequences.length; i++) {
    if ((peaks[i] - peaks[i + 1]) / peaks[i] >= leastDrop) kept = i + 1;
  }
  if (kept === 0) return { threshold: Number.POSITIVE_INFINITY, sequences: [] };
  const pruned = kept < sequences.length ? peaks[kept] : threshold;
  return { threshold: pruned, sequences: sequences.filter(({ peak }) => peak > pruned) };
}
