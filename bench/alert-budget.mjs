import { parseArgs } from 'node:util';
import { thresholdForBudget } from '../dist/models/decision/alert-budget.js';
import { episodesAbove } from '../dist/models/decision/episode-rate.js';
import { readRecordings } from './alert-budget/recordings.mjs';
import { statisticsOf } from './alert-budget/statistics.mjs';

export const usage = `Usage: npm run bench -- budget [options]

How many alerts a week normal data gives after a threshold was set for 3, 7 or 20 a week on the week before: realised
over asked, by data set, from the simulator and from what ../shared/data has. 1 is as asked.

  --json       print one line of JSON last
  --quick      every fourth calibration only
  --sets S,T   those data sets only (smd, batadal, nitrogen, nab, skab, simulator; default all)
  --help`;

const budgets = [3, 7, 20];
const weekMs = 7 * 86_400_000;
/** Calibrations begin so many of their own lengths apart. */
const step = { full: 1 / 4, quick: 1 };
/** Shares of the rows that must be normal, or the week is left out: of a calibration, and of a week to watch. */
const least = { calibration: 0.7, watch: 0.35 };

export async function run(args) {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      sets: { type: 'string' },
    },
  });
  const trials = readRecordings(values.sets?.split(',')).flatMap((recording) =>
    trialsOf(recording, values.quick ? step.quick : step.full),
  );
  const report = summarise(trials);
  console.log(values.json ? JSON.stringify(report) : describe(report));
}

/** One trial a statistic, calibration and budget: the ratio, or the reason why there is none. */
function trialsOf(recording, every) {
  const { dataSet, asset, calibration, hold, fit, excluded } = recording;
  // A calibration counts as a week, whatever the rows' real step.
  const rowEveryMs = weekMs / calibration;
  const options = { rowEveryMs, holdMs: hold * rowEveryMs, seed: 1 };
  const trials = [];
  for (const [statistic, values] of Object.entries(statisticsOf(recording))) {
    const normal = values.map((value, row) => (excluded[row] ? Number.NaN : value));
    for (let from = fit; from + 1.4 * calibration <= normal.length; from += Math.round(every * calibration)) {
      const before = normal.subarray(from, from + calibration);
      const after = normal.subarray(from + calibration, from + 2 * calibration);
      const weeks = judged(after) / calibration;
      if (judged(before) < least.calibration * calibration || weeks < least.watch) continue;
      for (const asked of budgets) {
        const budget = thresholdForBudget([before], { ...options, alertsPerWeek: asked });
        const trial = { dataSet, series: `${asset} ${statistic}`, asked, reason: budget.reason, ratio: null };
        if (budget.reason === null) {
          trial.ratio = episodesAbove(after, budget.threshold, hold).length / weeks / asked;
        }
        trials.push(trial);
      }
    }
  }
  return trials;
}

function judged(values) {
  return values.reduce((count, value) => count + !Number.isNaN(value), 0);
}

/** For each data set and budget the mean over series (a machine's statistic) of their mean ratios, and how they spread. */
function summarise(trials) {
  return [...new Set(trials.map(({ dataSet }) => dataSet))].flatMap((dataSet) =>
    budgets.map((asked) => {
      const of = trials.filter((trial) => trial.dataSet === dataSet && trial.asked === asked);
      const supported = of.filter(({ ratio }) => ratio !== null);
      const series = [...new Set(supported.map((trial) => trial.series))].map((name) =>
        mean(supported.filter((trial) => trial.series === name).map(({ ratio }) => ratio)),
      );
      const ratios = supported.map(({ ratio }) => ratio).sort((a, b) => a - b);
      return {
        data_set: dataSet,
        asked_per_week: asked,
        realised_per_week: round(asked * mean(series)),
        ratio_mean: round(mean(series)),
        ratio_median: round(ratios[ratios.length >> 1] ?? Number.NaN),
        ratio_least_series: round(Math.min(...series)),
        ratio_greatest_series: round(Math.max(...series)),
        series: series.length,
        calibrations: ratios.length,
        without_threshold: of.length - ratios.length,
      };
    }),
  );
}

function describe(report) {
  const lines = report.map(
    (entry) =>
      `${entry.data_set.padEnd(20)} asked ${String(entry.asked_per_week).padStart(2)}: ratio ${entry.ratio_mean} in the mean, ${entry.ratio_median} in the median, series from ${entry.ratio_least_series} to ${entry.ratio_greatest_series} (${entry.series} series, ${entry.calibrations} calibrations, ${entry.without_threshold} without a threshold)`,
  );
  return lines.join('\n');
}

function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function round(value) {
  return Number(value.toFixed(2));
}
