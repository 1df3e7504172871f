/** ISA-18.2 and EEMUA 191 count alarms in ten minutes. */
export const TEN_MINUTES_MS = 600_000;
/** A flood begins when there are more than this in ten minutes, and is over when there are fewer than five. */
const BEGINS_ABOVE = 10;
const ENDS_BELOW = 5;

export interface Floods {
  readonly count: number;
  readonly ms: number;
  /** Most alarms in any ten minutes, whether a flood or not. */
  readonly peak: number;
}

/**
 * Times of flood between `since` and `until` from the times of alarms, in any order, by the trailing ten minutes: from
 * the alarm that makes it more than ten up to the moment at which fewer than five are left. Alarms of the ten minutes
 * before `since` count if they are given.
 */
export function floods(times: readonly number[], since: number, until: number): Floods {
  const sorted = times.filter((at) => at < until).sort((a, b) => a - b);
  let [count, ms, peak] = [0, 0, 0];
  let begunAt: number | null = null;
  /** Alarms before this one have left the ten minutes. */
  let oldest = 0;
  const end = (at: number) => {
    const from = Math.max(begunAt ?? at, since);
    if (at > from) {
      count += 1;
      ms += at - from;
    }
    begunAt = null;
  };
  /** Lets alarms leave up to `at`; the flood ends when the one leaves that makes them fewer than five. */
  const leave = (at: number, arrived: number) => {
    for (; oldest < arrived && sorted[oldest]! + TEN_MINUTES_MS <= at; oldest += 1) {
      if (begunAt !== null && arrived - oldest - 1 < ENDS_BELOW) end(sorted[oldest]! + TEN_MINUTES_MS);
    }
  };
  for (const [i, at] of sorted.entries()) {
    leave(at, i);
    const present = i + 1 - oldest;
    if (at >= since) peak = Math.max(peak, present);
    if (begunAt === null && present > BEGINS_ABOVE) begunAt = at;
  }
  leave(until, sorted.length);
  if (begunAt !== null) end(until);
  return { count, ms, peak };
}
