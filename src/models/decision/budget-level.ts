import { type AlertBudget, thresholdForBudget, type UnsupportedBudget } from './alert-budget.ts';
import type { Calibrated } from './calibration.ts';
import type { Calibration } from './detector.ts';
import type { StatisticStream } from './episode-rate.ts';
import type { ResidualRun } from './smoothed-run.ts';

/** How many false alerts are tolerated, and when scores become an alert; cloneable. */
export interface BudgetOrder {
  /** Per asset; above 0. */
  readonly alertsPerWeek: number;
  /** Score from which a window is anomalous; so many anomalous windows of so many raise an alert ... */
  readonly raise: number;
  readonly raiseOn: { readonly windows: number; readonly of: number };
  /** ... and so many normal ones end it. */
  readonly clearAfter: number;
}

/** What became of a budget: the alerts per asset and week to expect of it, with a 90 % interval, or why it is not kept. */
export type BudgetCard =
  | { readonly asked: number; readonly expected: number; readonly low: number; readonly high: number }
  | ({ readonly asked: number } & UnsupportedBudget);

/**
 * The calibration with all thresholds times the level at which the scores of later normal time keep the budget. Where the
 * data cannot say, it stays as it is.
 */
export function keepBudget(
  { calibration, later }: Calibrated,
  runs: readonly ResidualRun[],
  order: BudgetOrder,
  { rowEveryMs, seed }: { readonly rowEveryMs: number; readonly seed: number },
): { readonly calibration: Calibration; readonly budget: BudgetCard } {
  const asked = order.alertsPerWeek;
  const options = { alertsPerWeek: asked, rowEveryMs, holdMs: order.clearAfter * rowEveryMs, seed };
  const streams = alertStreams(runs, later, order, rowEveryMs);
  const found: AlertBudget | UnsupportedBudget = thresholdForBudget(streams, options);
  if (found.reason !== null) return { calibration, budget: { asked, ...found } };
  const level = found.threshold / order.raise;
  const detectors = calibration.detectors.map((one) => ({ ...one, threshold: one.threshold * level }));
  return { calibration: { ...calibration, detectors }, budget: { asked, ...found.rate } };
}

/** What a budget lacks, as a sentence; null for one that is kept, or none. */
export function budgetShortfall(budget: BudgetCard | null | undefined): string | null {
  if (budget === null || budget === undefined || !('reason' in budget)) return null;
  const { asked, reason, weeks, weeksNeeded } = budget;
  const seen = `${weeks.toFixed(2)} weeks of judged normal operation over all assets`;
  if (reason === 'saturated' || weeksNeeded === null)
    return `A budget of ${asked} alerts per asset and week cannot be set from ${seen}: the score hardly changes there.`;
  return `A budget of ${asked} alerts per asset and week needs ${weeksNeeded.toFixed(2)} weeks of judged normal operation over all assets; there are ${weeks.toFixed(2)}.`;
}

/**
 * One stream an asset whose values are above a level where an alert would be raised at it: of the last `of` scores the
 * one that `windows` of them reach. Times without a score are NaN, as many as it takes to end an alert and no more.
 */
function alertStreams(
  runs: readonly ResidualRun[],
  later: readonly Float32Array[],
  { raiseOn, clearAfter }: BudgetOrder,
  rowEveryMs: number,
): StatisticStream[] {
  const streams = new Map<string, { values: number[]; last: number[]; at: number }>();
  for (const [i, { assetId, at }] of runs.entries()) {
    let stream = streams.get(assetId);
    if (stream === undefined) {
      stream = { values: [], last: [], at: Number.NaN };
      streams.set(assetId, stream);
    }
    const { values, last } = stream;
    for (const [window, score] of later[i].entries()) {
      if (Number.isNaN(score)) continue;
      const missed = Math.round((at[window] - stream.at) / rowEveryMs) - 1;
      for (let row = 0; row < Math.min(missed, clearAfter + 1); row++) values.push(Number.NaN);
      stream.at = at[window];
      last.push(score);
      if (last.length > raiseOn.of) last.shift();
      values.push(last.length < raiseOn.windows ? 0 : last.toSorted((a, b) => b - a)[raiseOn.windows - 1]);
    }
  }
  return [...streams.values()].map(({ values }) => values);
}
