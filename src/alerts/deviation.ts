import type { Score, ToleratedReason, Verdict } from '../types.ts';

/** Which deviations of one channel from what the model expects matter. */
export interface DeviationRule {
  readonly direction: 'both' | 'above' | 'below';
  /** In the channel's unit. */
  readonly minAbsolute: number;
  /** As a share of what is expected. */
  readonly minRelative: number;
}

/** The channels that together have this share of the score are guilty; fewer are when one has it alone. */
const GUILTY_SHARE = 0.8;

/**
 * Why a score does not count although the model finds it high; null when it does. Pure. It counts when at least one of the
 * guilty channels (largest shares first, until they have 80 % of the score) deviates in a direction that matters, by at
 * least both of its minima. `rules` is by position of the channel; null minds everything. A guilty channel without a
 * reading lets the score count: what is missing must not hide an alert.
 */
export function toleratedReason(
  { attribution, expected, actual }: Score,
  rules: readonly (DeviationRule | null)[],
): ToleratedReason | null {
  let reason: ToleratedReason = 'other_direction';
  let share = 0;
  const ranked = Array.from(attribution.keys()).sort((a, b) => attribution[b] - attribution[a]);
  for (const channel of ranked) {
    const found = excuseOf(rules[channel], actual[channel], expected[channel]);
    if (found === null) return null;
    if (found === 'below_minimum') reason = found;
    share += attribution[channel];
    if (share >= GUILTY_SHARE) break;
  }
  return reason;
}

function excuseOf(rule: DeviationRule | null, actual: number, expected: number): ToleratedReason | null {
  const deviation = actual - expected;
  if (rule === null || Number.isNaN(deviation)) return null;
  if (rule.direction === 'above' && deviation <= 0) return 'other_direction';
  if (rule.direction === 'below' && deviation >= 0) return 'other_direction';
  const least = Math.max(rule.minAbsolute, rule.minRelative * Math.abs(expected));
  return Math.abs(deviation) < least ? 'below_minimum' : null;
}

export interface DeviationGateOptions {
  /** By position of the channel; null minds everything. */
  readonly rules: readonly (DeviationRule | null)[];
  /** Scores below this are clear in any case and are not looked at. */
  readonly from: number;
}

/**
 * Stands between the scores of one class and its alerts: a window whose deviation does not matter is normal, with its score
 * kept and the reason named.
 */
export class DeviationGate {
  /** Windows since the start that the model alone would have called anomalous, or still anomalous, by reason. */
  readonly counts: Record<ToleratedReason, number> = { other_direction: 0, below_minimum: 0 };
  readonly #options: DeviationGateOptions;

  constructor(options: DeviationGateOptions) {
    this.#options = options;
  }

  judge(verdict: Verdict): Verdict {
    if (verdict.kind === 'unknown' || verdict.score.value < this.#options.from) return verdict;
    const tolerated = toleratedReason(verdict.score, this.#options.rules);
    if (tolerated === null) return verdict;
    this.counts[tolerated] += 1;
    return { ...verdict, kind: 'normal', tolerated };
  }
}

/** Null when no channel of the class has a rule: then every verdict counts, and nothing is to be asked. */
export function deviationGate(options: DeviationGateOptions): DeviationGate | null {
  return options.rules.every((rule) => rule === null) ? null : new DeviationGate(options);
}
