/** When windows become an alert and when it is over, as the class's alert section says; without its delays. */
export interface EpisodeRule {
  /** Score from which a window is anomalous, and below which it is normal again. */
  readonly raise: number;
  readonly clear: number;
  /** So many anomalous windows of so many, at most 30. */
  readonly raiseOn: { readonly windows: number; readonly of: number };
  /** Normal windows in a row that end it. */
  readonly clearAfter: number;
}

export interface EpisodeCounts {
  /** Windows with a score. */
  readonly windows: number;
  readonly anomalous: number;
  /** What would have been alerts. */
  readonly episodes: number;
}

/** Counts the alerts that scores would raise, without raising any. */
export interface EpisodeCounter {
  /** Scores of one asset come in order of time. */
  see(assetIndex: number, score: number): void;
  counts(): EpisodeCounts;
}

export function createEpisodeCounter({ raise, clear, raiseOn, clearAfter }: EpisodeRule): EpisodeCounter {
  const mask = 2 ** raiseOn.of - 1;
  /** By asset: the last windows as bits, the newest lowest, 1 = anomalous. */
  const recent: number[] = [];
  /** By asset: normal windows in a row while an episode lasts; -1 while none does. */
  const calm: number[] = [];
  let windows = 0;
  let anomalous = 0;
  let episodes = 0;

  return {
    see(asset, score) {
      const high = score >= raise;
      windows++;
      if (high) anomalous++;
      const last = ((recent[asset] ?? 0) * 2 + (high ? 1 : 0)) & mask;
      recent[asset] = last;
      calm[asset] ??= -1;
      if (calm[asset] >= 0) {
        calm[asset] = score < clear ? calm[asset] + 1 : 0;
        if (calm[asset] < clearAfter) return;
        calm[asset] = -1;
        recent[asset] = 0;
      } else if (high && ones(last) >= raiseOn.windows) {
        calm[asset] = 0;
        episodes++;
      }
    },
    counts: () => ({ windows, anomalous, episodes }),
  };
}

function ones(bits: number): number {
  let count = 0;
  for (let rest = bits; rest > 0; rest &= rest - 1) count++;
  return count;
}
