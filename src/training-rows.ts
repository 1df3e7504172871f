import type { Hold } from './alerts/holds.ts';
import type { Journal } from './alerts/journal.ts';
import type { ClassConfig } from './config.ts';
import { type AssetRows, joinRows } from './history/asset-rows.ts';
import { type Exclusion, excludeRows, imputedStretches } from './history/exclusions.ts';
import type { History } from './history/history.ts';
import type { GatheredRows, RowRequest } from './models/retraining/challenge.ts';
import { evenly, thinOut } from './models/retraining/thinning.ts';
import {
  excludedRanges,
  refusal,
  reportTrainingData,
  type TrainingReport,
} from './models/training-report.ts';
import type { Alert } from './types.ts';

export interface TrainingRowsParts {
  readonly config: ClassConfig;
  readonly history: Pick<History, 'assets' | 'read' | 'stats'>;
  readonly journal: Pick<Journal, 'list' | 'holdsSince'>;
  /** Times of planned work on an asset; none when left out. */
  readonly plannedWork?: (
    className: string,
    assetId: string,
    from: number,
    to: number,
  ) => readonly { readonly from: number; readonly to: number }[];
  /** By alert, whether its rows are normal operation all the same; none when left out. */
  readonly normalAlerts?: () => ReadonlySet<string>;
}

/** Most values of one training (64 MB). */
const mostValues = 16_000_000;
/** An alert that fired up to this long before the look back may reach into it. */
const longestAlertMs = 7 * 86_400_000;

/**
 * Past rows of a class to train on: without what was alerted on, what was in maintenance or out of service, what is held
 * values only, and what the training report finds unfit. Rejects with the history's errors and JOURNAL_FAILED.
 */
export function createTrainingRows(parts: TrainingRowsParts) {
  const { config, history, journal, plannedWork } = parts;
  const channels = config.channels.map(({ name }) => name);

  const clean = (rows: AssetRows, exclusions: readonly Exclusion[]): Cleaned => {
    const width = channels.length;
    const { assetId, at } = rows;
    const planned = plannedWork?.(config.name, assetId, at[0], at[at.length - 1]) ?? [];
    const own: Exclusion[] = [
      ...planned.map(({ from, to }) => ({ assetId, from, to, reason: 'maintenance' as const })),
      ...imputedStretches(rows, width, config.windowLength),
    ];
    const normal = excludeRows([rows], [...exclusions, ...own], width).assets;
    const report = reportTrainingData(normal, { ...config, channels, holdout: config.train.holdout });
    const unfit = excludedRanges(report).map((range) => ({ ...range, reason: 'unfit' as const }));
    return { rows: excludeRows(normal, unfit, width).assets, report };
  };

  return async ({ from, to, most, withAlerted }: RowRequest): Promise<GatheredRows> => {
    const kept = history.stats().classes.find(({ name }) => name === config.name);
    if (kept === undefined) return { assets: [], refusal: 'No rows of the class are kept yet.' };
    const first = Math.max(from, kept.fromAt);
    const last = Math.min(to, kept.toAt);
    const share = Math.min(1, Math.max(0, last - first) / Math.max(1, kept.toAt - kept.fromAt));
    const bound = Math.min(most, Math.floor(mostValues / channels.length));
    const window = config.windowLength * config.sampleEveryMs;
    const thinned = thinOut({ from: first, to: last }, kept.rows * share, bound, window);
    const some =
      thinned.assets === 1 ? {} : { assets: evenly(await history.assets(config.name), thinned.assets) };
    const read: AssetRows[][] = [];
    for (const slice of thinned.slices) read.push(await history.read(config.name, { ...slice, ...some }));
    const assets = joinSlices(read, channels.length);

    const exclusions = [
      ...(withAlerted ? [] : alertedStretches(faultsOf(parts, first), config)),
      ...heldStretches(journal.holdsSince(first), config.name),
    ];
    const cleaned: Cleaned[] = [];
    for (const rows of assets) {
      // One asset after the other: between two of them the line goes on.
      await new Promise((resolve) => setImmediate(resolve));
      cleaned.push(clean(rows, exclusions));
    }
    return {
      assets: cleaned.flatMap(({ rows }) => rows),
      refusal: refusal(mergeReports(cleaned.map(({ report }) => report))),
    };
  };
}

/** What one asset has that can be trained on, and what was found of it. */
interface Cleaned {
  readonly rows: readonly AssetRows[];
  readonly report: TrainingReport;
}

/** One report of all assets, from one of each. */
function mergeReports(reports: readonly TrainingReport[]): TrainingReport {
  const sum = (of: (report: TrainingReport) => number) =>
    reports.reduce((total, report) => total + of(report), 0);
  return {
    rows: sum(({ rows }) => rows),
    assets: sum(({ assets }) => assets),
    findings: reports.flatMap(({ findings }) => findings),
    windows: sum(({ windows }) => windows),
    windowsNeeded: reports[0]?.windowsNeeded ?? 0,
  };
}

function joinSlices(slices: readonly (readonly AssetRows[])[], channels: number): AssetRows[] {
  const pieces = new Map<string, AssetRows[]>();
  for (const rows of slices.flat()) {
    const mine = pieces.get(rows.assetId);
    if (mine === undefined) pieces.set(rows.assetId, [rows]);
    else mine.push(rows);
  }
  return [...pieces]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([assetId, mine]) => (mine.length === 1 ? mine[0] : joinRows(assetId, mine, channels)));
}

/** Alerts from then on that were not about what is normal, or is by now. */
function faultsOf({ journal, config, normalAlerts }: TrainingRowsParts, from: number): Alert[] {
  const normal = normalAlerts?.() ?? new Set();
  return alertsOf(journal, config.name, from).filter(
    ({ id, handling }) => !normal.has(id) && handling.outcome !== 'false_alarm',
  );
}

/** The class's alerts of the model that may reach to `from` or later. */
export function alertsOf(journal: Pick<Journal, 'list'>, className: string, from: number): Alert[] {
  const wanted = { className, rule: 'anomaly', limit: 1000 } as const;
  const found: Alert[] = [];
  let cursor: string | null = null;
  do {
    const page = journal.list({
      ...wanted,
      since: from - longestAlertMs,
      ...(cursor === null ? {} : { cursor }),
    });
    found.push(...page.alerts);
    cursor = page.nextCursor;
  } while (cursor !== null);
  // One that fires still may have begun at any time, and may be among them.
  const all = [...found, ...journal.list({ ...wanted, state: 'firing' }).alerts];
  return [...new Map(all.map((alert) => [alert.id, alert])).values()];
}

/** From a window before each alert's first sign to a window after its end, at both of which nobody is sure. Pure. */
export function alertedStretches(
  alerts: readonly Alert[],
  { windowLength, sampleEveryMs }: Pick<ClassConfig, 'windowLength' | 'sampleEveryMs'>,
): Exclusion[] {
  const margin = windowLength * sampleEveryMs;
  return alerts.map(({ assetId, startedAt, resolvedAt }) => ({
    assetId,
    from: startedAt - margin,
    to: (resolvedAt ?? Number.POSITIVE_INFINITY) + margin,
    reason: 'alerted',
  }));
}

/** Where an asset, or all of the class, was out of service; shelving is about a nuisance, not about work. Pure. */
export function heldStretches(holds: readonly Hold[], className: string): Exclusion[] {
  return holds.flatMap(({ kind, of, since, until }): Exclusion[] => {
    if (kind === 'shelved' || of.scope === 'alarm') return [];
    if (of.scope === 'class' && of.className !== className) return [];
    const assetId = of.scope === 'class' ? null : of.assetId;
    return [{ assetId, from: since, to: until ?? Number.POSITIVE_INFINITY, reason: 'maintenance' }];
  });
}
