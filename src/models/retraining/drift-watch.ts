import type { Row, Verdict } from '../../types.ts';
import type { Scaling } from '../engine.ts';
import { scaleValue } from '../scaling.ts';
import { type DriftOptions, type DriftState, freshDrift, stepDrift } from './page-hinkley.ts';

export interface DriftStatus {
  /** Channels whose mean has moved for good, and `score` when the scores have. */
  readonly moved: readonly string[];
  /** Time of the rows at which the first of them was found; null while none is. */
  readonly sinceAt: number | null;
  /** Hours watched since the model was put in use. */
  readonly hours: number;
}

/**
 * Watches whether a class still runs as its model knows it: hourly means of each channel, over all assets, and of the
 * scores. It judges nothing and raises nothing; a challenger is what shows whether it matters.
 */
export interface DriftWatch {
  /** Begins anew, for a model that is put in use. */
  begin(scaling: Scaling): void;
  onRow(row: Row): void;
  onVerdict(verdict: Verdict): void;
  status(): DriftStatus;
}

const hourMs = 3_600_000;
/**
 * By the hour, a day's ups and downs cancel before they count. Two days show what is usual; a lasting shift by three
 * deviations is found within a day, by two within a day and a half.
 */
const watching = { reference: 48, tolerance: 0.5, limit: 50, greatest: 5 };
/** In the model's scaled units, where a channel's own deviation is about 1. */
const leastInputDeviation = 0.05;
const leastScoreDeviation = 0.02;
/** A fault drives scores sky-high for an hour; that is an alert and not drift. */
const greatestScore = 2;
/** Rows this far behind the hour in hand are of a clock that was set back. */
const lateMs = hourMs;

export function createDriftWatch(channels: readonly string[]): DriftWatch {
  const series = [...channels, 'score'];
  const scoreAt = channels.length;
  const sums = new Float64Array(series.length);
  const counts = new Float64Array(series.length);
  let states: DriftState[] = [];
  let scaling: Scaling | null = null;
  let hourFrom = Number.NaN;
  let hours = 0;
  let sinceAt: number | null = null;

  const clear = (): void => {
    sums.fill(0);
    counts.fill(0);
  };

  const optionsOf = (index: number): DriftOptions => ({
    ...watching,
    leastDeviation: index === scoreAt ? leastScoreDeviation : leastInputDeviation,
  });

  const close = (at: number): void => {
    states = states.map((state, index) =>
      counts[index] === 0 ? state : stepDrift(state, sums[index] / counts[index], optionsOf(index)),
    );
    hours++;
    if (sinceAt === null && states.some(({ drift }) => drift !== null)) sinceAt = at;
    clear();
  };

  return {
    begin(next) {
      scaling = next;
      states = series.map(() => freshDrift);
      hourFrom = Number.NaN;
      hours = 0;
      sinceAt = null;
      clear();
    },
    onRow({ at, values, measured }) {
      if (scaling === null) return;
      if (Number.isNaN(hourFrom) || at < hourFrom - lateMs) {
        clear();
        hourFrom = at;
      } else if (at >= hourFrom + hourMs) {
        close(at);
        hourFrom = at;
      }
      for (let channel = 0; channel < channels.length; channel++) {
        if (measured[channel] === 0) continue;
        sums[channel] += scaleValue(values[channel], channel, scaling);
        counts[channel]++;
      }
    },
    onVerdict(verdict) {
      if (verdict.kind === 'unknown' || scaling === null) return;
      sums[scoreAt] += Math.min(greatestScore, verdict.score.value);
      counts[scoreAt]++;
    },
    status: () => ({
      moved: series.filter((_, index) => states[index] !== undefined && states[index].drift !== null),
      sinceAt,
      hours,
    }),
  };
}
