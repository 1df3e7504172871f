import { type Asset, onlineModel, type Row, type Score, type Verdict, type Window } from '../../types.ts';
import {
  anchorReading,
  expectedReading,
  isAway,
  isJudged,
  judgeReading,
  learnReading,
  noteMove,
  smoothedScore,
  smoothScore,
  watchSize,
} from './channel-watch.ts';

/**
 * Scores the assets of a class by each channel's own level and spread, from the first minutes on, while the class has no
 * trained model. It is meant to be quiet: it finds a sudden jump to where a channel has never been, and nothing else.
 */
export interface OnlineModel {
  /** Takes an asset's next row. */
  onRow(row: Row): void;
  /** The verdict of the window that ends in the row taken last; `learning` until the asset is warm. */
  judge(window: Window): Verdict;
  status(): OnlineStatus;
  /** Forgets everything: a trained model has taken over. */
  clear(): void;
}

export interface OnlineStatus {
  /** Assets that it scores, and those that it does not yet. */
  readonly scoring: number;
  readonly warmingUp: number;
  /** Rows of an asset before it is scored. */
  readonly rowsNeeded: number;
}

export interface OnlineModelOptions {
  readonly channels: number;
  /** An asset without rows for longer than this, in its own time, begins anew. */
  readonly forgetAfterMs: number;
  readonly minCoverage: number;
  /** Score from which a verdict is anomalous. */
  readonly raise: number;
}

/** Rows of an asset before it is scored. */
export const warmUpRows = 180;
/** From this score on a reading teaches only slowly. */
const heldFrom = 1;
/** When channels move together, those with at least this score have arrived somewhere else. */
const anchoredFrom = 0.15;
/** With fewer channels there is no telling a fault from another operating point. */
const fewestTogether = 3;
const detector = { source: 'online', kind: 'level' } as const;

interface AssetWatch {
  /** `[C x watchSize]`. */
  readonly channels: Float64Array;
  rows: number;
  lastAt: number;
}

export function createOnlineModel(options: OnlineModelOptions): OnlineModel {
  const { channels, raise } = options;
  /** By asset index. */
  const watches: (AssetWatch | undefined)[] = [];
  const scores = new Float64Array(channels);

  const begin = (): AssetWatch => ({
    channels: new Float64Array(channels * watchSize),
    rows: 0,
    lastAt: Number.NaN,
  });

  const watchOf = ({ index }: Asset, at: number): AssetWatch => {
    let watch = watches[index];
    const passedMs = watch === undefined ? 0 : at - watch.lastAt;
    if (watch === undefined || passedMs > options.forgetAfterMs || passedMs < 0) {
      watch = begin();
      watches[index] = watch;
    }
    return watch;
  };

  const scoreOf = (asset: Asset, at: number, { channels: watch }: AssetWatch, window: Window): Score => {
    const from = window.values.length - channels;
    const attribution = new Float32Array(channels);
    const expected = new Float32Array(channels);
    const actual = new Float32Array(channels);
    let value = 0;
    let total = 0;
    for (let channel = 0; channel < channels; channel++) {
      const score = smoothedScore(watch, channel * watchSize);
      value = Math.max(value, score);
      attribution[channel] = score ** 2;
      total += score ** 2;
      expected[channel] = expectedReading(watch, channel * watchSize);
      actual[channel] = window.measured[from + channel] === 1 ? window.values[from + channel] : Number.NaN;
    }
    for (let channel = 0; channel < channels; channel++)
      attribution[channel] = total > 0 ? attribution[channel] / total : 1 / channels;
    return { asset, at, value, attribution, expected, actual, model: onlineModel, detector };
  };

  return {
    onRow({ asset, at, values, measured }) {
      const watch = watchOf(asset, at);
      watch.lastAt = at;
      watch.rows++;
      let judged = 0;
      let moving = 0;
      for (let channel = 0; channel < channels; channel++) {
        scores[channel] = Number.NaN;
        if (measured[channel] === 0) continue;
        const place = channel * watchSize;
        scores[channel] = judgeReading(watch.channels, place, values[channel]);
        const moves = noteMove(watch.channels, place, scores[channel]);
        if (!isJudged(watch.channels, place) || isAway(watch.channels, place)) continue;
        judged++;
        if (moves) moving++;
      }
      // Most of what moves at all has moved at once: a start, a stop or another load, and no fault of one part.
      const together = judged >= fewestTogether && 2 * moving >= judged;
      for (let channel = 0; channel < channels; channel++) {
        const place = channel * watchSize;
        const score = scores[channel];
        if (Number.isNaN(score)) continue;
        const away = isAway(watch.channels, place);
        smoothScore(watch.channels, place, (together && !away) || watch.rows <= warmUpRows ? 0 : score);
        if (together && score >= anchoredFrom && !away) anchorReading(watch.channels, place, values[channel]);
        else
          learnReading(watch.channels, place, values[channel], watch.rows > warmUpRows && score >= heldFrom);
      }
    },
    judge(window) {
      const { asset, at } = window;
      const watch = watches[asset.index];
      if (watch === undefined || watch.rows <= warmUpRows)
        return { kind: 'unknown', asset, at, reason: 'learning' };
      const lastRow = window.measured.subarray(window.measured.length - channels);
      if (window.coverage < options.minCoverage || !lastRow.includes(1))
        return { kind: 'unknown', asset, at, reason: 'low_coverage' };
      const score = scoreOf(asset, at, watch, window);
      return { kind: score.value >= raise ? 'anomalous' : 'normal', asset, at, score };
    },
    status() {
      let scoring = 0;
      let known = 0;
      for (const watch of watches) {
        if (watch === undefined) continue;
        known++;
        if (watch.rows > warmUpRows) scoring++;
      }
      return { scoring, warmingUp: known - scoring, rowsNeeded: warmUpRows };
    },
    clear() {
      watches.length = 0;
    },
  };
}
