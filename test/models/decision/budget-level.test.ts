import { describe, expect, it } from 'vitest';
import { type BudgetOrder, budgetShortfall, keepBudget } from '../../../src/models/decision/budget-level.ts';
import { calibrate } from '../../../src/models/decision/calibration.ts';
import type { Calibration } from '../../../src/models/decision/detector.ts';
import type { DetectorPlan } from '../../../src/models/decision/detector-plan.ts';
import type { ResidualRun } from '../../../src/models/decision/smoothed-run.ts';
import { scoresFrom } from '../../../src/models/normal-residuals.ts';
import { createRandom } from '../../../src/models/random.ts';
import { createEpisodeCounter } from '../../../src/models/retraining/episode-counter.ts';

const minute = 60_000;
const week = 7 * 24 * 60;
const channels = 2;
const plans: DetectorPlan[] = [
  {
    source: 'network',
    kind: 'shift',
    smoothing: 0.5,
    energySmoothing: 1,
    caution: 1.4,
    want: 40,
  },
];

/** Residuals that hang together over some minutes, as those of a model of levels do; a row a minute. */
function assetRun(assetId: string, rows: number, seed: number): ResidualRun {
  const random = createRandom(seed);
  const residuals = new Float32Array(rows * channels);
  for (let i = 0; i < residuals.length; i++)
    residuals[i] = (i < channels ? 0 : 0.7 * residuals[i - channels]) + 0.3 * random.gaussian();
  return {
    assetId,
    residuals: new Map([['network', residuals]]),
    position: Float32Array.from({ length: rows }, (_, row) => row / rows),
    at: Float64Array.from({ length: rows }, (_, row) => minute * row),
  };
}

const runsOf = (rows: number, seed: number) =>
  ['a', 'b', 'c', 'd'].map((assetId, i) => assetRun(assetId, rows, seed + i));

const order = (alertsPerWeek: number, changes: Partial<BudgetOrder> = {}): BudgetOrder => ({
  alertsPerWeek,
  raise: 1,
  raiseOn: { windows: 3, of: 5 },
  clearAfter: 10,
  ...changes,
});

function keep(runs: readonly ResidualRun[], budget: BudgetOrder) {
  const calibrated = calibrate(runs, { channels, plans, quantile: 0.99, margin: 1.5 });
  return {
    ...keepBudget(calibrated, runs, budget, { rowEveryMs: minute, seed: 1 }),
    before: calibrated.calibration,
  };
}

/** What the alert's rule makes of unseen weeks. */
function alertsPerWeek(calibration: Calibration, { raise, ...rule }: BudgetOrder, weeks: number): number {
  const counter = createEpisodeCounter({ ...rule, raise, clear: 0.7 * raise });
  const runs = runsOf(weeks * week, 500);
  for (const [asset, run] of runs.entries())
    for (const score of scoresFrom([run], 0, calibration)) counter.see(asset, score);
  return counter.counts().episodes / (weeks * runs.length);
}

describe('keepBudget', () => {
  const training = runsOf(3 * week, 1);

  it.each([2, 10])('gives as many alerts in unseen weeks as were asked for: %d', (asked) => {
    const { calibration, budget } = keep(training, order(asked));
    if ('reason' in budget) throw new Error(budget.reason);
    expect(budget.asked).toBe(asked);
    expect(budget.expected).toBeLessThanOrEqual(asked);
    expect(budget.low).toBeLessThan(budget.high);
    const realised = alertsPerWeek(calibration, order(asked), 4);
    expect(realised).toBeLessThan(1.5 * asked);
    expect(realised).toBeGreaterThan(asked / 1.5);
  });

  it('allows for the score from which a window is anomalous', () => {
    const [plain, high] = [1, 2].map((raise) => keep(training, order(5, { raise })).calibration);
    expect(plain.detectors[0].threshold / high.detectors[0].threshold).toBeCloseTo(2, 9);
  });

  it('raises all thresholds alike, the fewer alerts are wanted the more', () => {
    const [few, many] = [1, 20].map((asked) => keep(training, order(asked)));
    expect(few.calibration.detectors[0].threshold).toBeGreaterThan(many.calibration.detectors[0].threshold);
    expect(few.calibration.detectors[0].mean).toEqual(few.before.detectors[0].mean);
  });

  it('leaves the margin rule where the data is too short, and says how much it takes', () => {
    const short = runsOf(1000, 1);
    const { calibration, before, budget } = keep(short, order(0.5));
    expect(calibration).toBe(before);
    expect(budget).toMatchObject({ asked: 0.5, reason: 'too_short', weeksNeeded: 2 });
    expect(budgetShortfall(budget)).toMatch(
      /^A budget of 0.5 alerts per asset and week needs 2.00 weeks .* there are 0.3\d\.$/,
    );
    expect(budgetShortfall(keep(training, order(5)).budget)).toBeNull();
    expect(budgetShortfall(null)).toBeNull();
    expect(budgetShortfall(undefined)).toBeNull();
    // Nothing at all to judge.
    expect(keep([], order(1)).budget).toMatchObject({ reason: 'too_short', weeks: 0 });
  });

  it('does not take time without a window for normal time', () => {
    const [run] = runsOf(1000, 1);
    const gap = { ...run, at: run.at.map((at, i) => (i < 500 ? at : at + 1000 * week * minute)) };
    expect(keep([gap], order(5)).budget).toEqual(keep([run], order(5)).budget);
  });
});
