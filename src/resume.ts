import type { ClassConfig } from './config.ts';
import { messageOf } from './errors.ts';
import { type AssetRows, sliceRows } from './history/asset-rows.ts';
import { unbrokenRuns } from './history/exclusions.ts';
import type { Logger } from './log.ts';
import type { Model } from './models/model.ts';
import type { ClassLine, Pipeline } from './pipeline.ts';
import { createTrainingRows, type TrainingRowsParts } from './training-rows.ts';
import type { Verdict, Window } from './types.ts';

export interface ResumeParts extends Omit<TrainingRowsParts, 'config'> {
  readonly pipeline: Pick<Pipeline, 'ingest' | 'lines' | 'alerting'>;
  readonly log: Logger;
}

/** Most windows of a class that are scored again: some ten seconds of an engine on two cores. */
const mostWindows = 200_000;
/** Rows of an asset that the online model takes up; it remembers little of what lies further back. */
const onlineRows = 1000;
/** Windows between two waits for the engine: eight batches, which it computes side by side. */
const windowsAtOnce = 2048;
/** Assets whose clocks lag this far behind the first are taken up as well, where that is not too much to read. */
const lagMs = 600_000;
const mostValues = 8_000_000;

/**
 * Goes on where a run before this one stopped, however it ended: the last rows of every asset, which the history has, go
 * through grid, window and scorer again without being counted, shown or written. So windows are full, watermarks of the
 * grids stand and running means are what they were. Verdicts reach the alerts only where an episode had not been saved up
 * to then. A class without a model takes up the rows that it had collected. To be called before the first message. Where
 * rows cannot be read the class starts anew, and says so.
 */
export async function resume(parts: ResumeParts): Promise<void> {
  for (const line of parts.pipeline.lines.values()) {
    const name = line.config.name;
    try {
      const startedAt = performance.now();
      const assets = await resumeLine(line, parts);
      const ms = Math.round(performance.now() - startedAt);
      if (assets > 0) parts.log.info({ class: name, assets, ms }, 'goes on where it stopped');
    } catch (error) {
      parts.log.warn(
        { class: name, error: messageOf(error) },
        'past rows cannot be read; windows and running means of the class start anew',
      );
    }
  }
}

async function resumeLine(line: ClassLine, parts: ResumeParts): Promise<number> {
  const { config, learner } = line;
  const model = learner.champion();
  if (model === null) learner.resume(await collectedRows(config, parts));
  const settling = model === null ? onlineRows : config.stride * settlingWindows(model);
  const found = await lastRows(config, parts.history, config.windowLength + settling);
  const most = Math.max(1, Math.floor((mostWindows * config.stride) / Math.max(1, found.length)));
  const rows = found.map((one) => newest(one, config.windowLength + Math.min(settling, most), config));
  return model === null ? resumeOnline(line, parts, rows) : await resumeScorer(line, parts, rows);
}

/** What a class that still learns has collected, without what was alerted on; rows of another sampling do not count. */
async function collectedRows(config: ClassConfig, parts: ResumeParts): Promise<AssetRows[]> {
  const { channels, windowLength, sampleEveryMs, train } = config;
  const [from, to] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const gather = createTrainingRows({ ...parts, config });
  const { assets } = await gather({ from, to, most: train.after, withAlerted: false });
  const width = channels.length;
  const complete = ({ measured }: AssetRows) =>
    channels.every((_, channel) => measured.some((one, i) => one === 1 && i % width === channel));
  return assets
    .flatMap((rows) => unbrokenRuns(rows, width, sampleEveryMs))
    .filter((run) => run.at.length >= windowLength && complete(run));
}

function resumeOnline(
  { config, online }: ClassLine,
  { pipeline }: ResumeParts,
  assets: readonly AssetRows[],
): number {
  const width = config.channels.length;
  let taken = 0;
  for (const rows of assets) {
    const asset = pipeline.ingest.restore(config.name, rows.assetId, rows, () => undefined);
    if (asset === null) continue;
    taken++;
    for (const row of rows.at.keys()) {
      const { at, values, measured } = sliceRows(rows, row, row + 1, width);
      online?.onRow({ asset, at: at[0], values, measured });
    }
  }
  return taken;
}

async function resumeScorer(
  line: ClassLine,
  { pipeline }: ResumeParts,
  assets: readonly AssetRows[],
): Promise<number> {
  const { config, scorer, gate } = line;
  const { ingest, alerting } = pipeline;
  const seen = new Map<string, { readonly firstAt: number; count: number }>();
  let taken = 0;
  let windows = 0;
  const onWindow = (window: Window): void => {
    windows++;
    scorer.accept(window);
  };
  const onVerdict = (verdict: Verdict): void => {
    const { id } = verdict.asset;
    const own = seen.get(id) ?? { firstAt: verdict.at, count: 0 };
    own.count++;
    seen.set(id, own);
    const state = alerting.current(id, 'anomaly')?.state;
    if (state === undefined || state.phase === 'inactive' || verdict.at <= state.lastAt) return;
    // Where what is replayed does not reach back to what the alert saw last, its asset's clock was set back since.
    if (own.firstAt > state.lastAt) return;
    // The first windows begin with empty running means, and say little.
    if (own.count > leastSettled) alerting.onVerdict(gate === null ? verdict : gate.judge(verdict));
  };
  await scorer.replay(async () => {
    for (const rows of assets) {
      if (ingest.restore(config.name, rows.assetId, rows, onWindow) !== null) taken++;
      if (windows < windowsAtOnce) continue;
      await scorer.settled();
      windows = 0;
    }
  }, onVerdict);
  return taken;
}

/** Windows until the running means of a model have forgotten what they began with, to the last bit of a float32. */
function settlingWindows({ calibration }: Model): number {
  const weights = calibration.detectors.flatMap(({ smoothing, energySmoothing }) => [
    smoothing,
    energySmoothing,
  ]);
  const slowest = Math.min(...weights);
  if (slowest === 1) return leastSettled;
  return leastSettled + Math.ceil((24 * Math.LN2) / -Math.log(1 - slowest));
}

/** Windows beyond that, in which what rounding left apart comes together. */
const leastSettled = 16;

/** Rows of every asset from the time on within which `count` of them lie, and some before it. */
async function lastRows(
  { name, sampleEveryMs, windowLength, channels }: ClassConfig,
  history: ResumeParts['history'],
  count: number,
): Promise<AssetRows[]> {
  const kept = history.stats().classes.find((one) => one.name === name);
  if (kept === undefined || kept.rows === 0) return [];
  const least = (count + windowLength) * sampleEveryMs;
  const share = Math.min(1, Math.max(least, lagMs) / Math.max(1, kept.toAt - kept.fromAt));
  const few = kept.rows * share * channels.length <= mostValues;
  return await history.read(name, { from: kept.toAt - (few ? Math.max(least, lagMs) : least) });
}

/** The newest of the rows that follow each other without a break, at most `count`. */
function newest(rows: AssetRows, count: number, { sampleEveryMs, channels }: ClassConfig): AssetRows {
  const { at } = rows;
  const last = at.length - 1;
  let first = last;
  while (first > 0 && last - first + 1 < count && at[first] - at[first - 1] === sampleEveryMs) first--;
  return sliceRows(rows, first, at.length, channels.length);
}
