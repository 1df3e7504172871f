import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AlertReplay, createAlertReplay } from '../alert-replay.ts';
import type { Preview } from '../api/preview-schemas.ts';
import type { ClassConfig } from '../config.ts';
import { ForewarnError } from '../errors.ts';
import type { AssetRows } from '../history/asset-rows.ts';
import { openSealedRows, type SealedRows } from '../history/sealed-rows.ts';
import { createLogger } from '../log.ts';
import type { Engine } from '../models/engine.ts';
import { chooseEngine } from '../models/engine-choice.ts';
import type { Model } from '../models/model.ts';
import { createRegistry } from '../models/registry.ts';
import { fits } from '../models/retraining/model-fit.ts';
import { scoreRows } from '../models/retraining/score-rows.ts';
import type { Asset } from '../types.ts';
import { configuredClass } from './configured-class.ts';
import type { CommandContext } from './context.ts';
import { previewLines, sideOf, without } from './preview-report.ts';
import { changedClass } from './preview-settings.ts';

export interface PreviewOptions {
  readonly config: string;
  /** `PATH=VALUE`, once or several times. */
  readonly set?: string | readonly string[];
  readonly days: number;
  readonly json?: boolean;
}

const dayMs = 86_400_000;
/** Values of rows in memory at a time (20 MB with what goes with them). */
const valuesAtOnce = 4_000_000;

/**
 * Says which alerts other settings of a class would have raised in the last days, and which the present ones: the stored
 * rows go through the model in use and through the limits, deviations and alert states of both. In this process and
 * without touching what a running daemon has, so that no scoring waits for it.
 * @throws ForewarnError `OPTION_INVALID`, `PREVIEW_NO_ROWS`, or the errors of the configuration, the history and the model
 */
export async function preview(
  className: string,
  options: PreviewOptions,
  context: CommandContext,
): Promise<void> {
  const { days } = options;
  if (!(typeof days === 'number' && days > 0))
    throw new ForewarnError('OPTION_INVALID', `--days cannot be ${days}`, {
      hint: 'A number above 0, such as 7.',
    });
  const { config, own } = configuredClass(className, options.config, context);
  const settings = options.set === undefined ? [] : [options.set].flat().map(String);
  const changed = changedClass(options.config, className, settings, context);
  const log = createLogger({ level: 'error', format: 'pretty' });
  const channels = own.channels.map(({ name }) => name);
  const sealed = await openSealedRows(join(config.stateDir, 'history'), className, channels, log);
  if (sealed.rows === 0)
    throw new ForewarnError('PREVIEW_NO_ROWS', `no rows of class ${className} are kept yet`, {
      hint: 'A running daemon writes them down within an hour, or when it stops.',
    });
  const champion = createRegistry(join(config.stateDir, 'models')).champion(className);
  const model = champion !== null && fits(champion.card, { ...own, channels }) ? champion : null;
  const chosen = model === null ? null : await chooseEngine(config.engine, { onFallback: () => undefined });
  const folder = mkdtempSync(join(tmpdir(), 'forewarn-preview-'));
  const lines = [own, changed].map((one, i) => {
    const directory = join(folder, String(i));
    mkdirSync(directory);
    return createAlertReplay(one, directory, Date.now);
  });
  try {
    const to = sealed.toAt;
    const from = Math.max(sealed.fromAt, to - days * dayMs);
    const counts = await replay({
      own,
      sealed,
      model,
      engine: chosen?.engine ?? null,
      lines,
      from,
      to,
      context,
    });
    const [present, then] = lines.map((line) => line.alerts()) as [
      ReturnType<AlertReplay['alerts']>,
      ReturnType<AlertReplay['alerts']>,
    ];
    const result: Preview = {
      class: className,
      model: model?.card.id ?? null,
      settings,
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      days: (to - from) / dayMs,
      ...counts,
      notes: notesOf({ days, from, to, model, own }),
      present: sideOf(present, to),
      changed: sideOf(then, to),
      come: without(then, present, to),
      go: without(present, then, to),
    };
    if (options.json) context.out(JSON.stringify(result));
    else for (const line of previewLines(result)) context.out(line);
  } finally {
    for (const line of lines) line.close();
    await chosen?.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Run {
  readonly own: ClassConfig;
  readonly sealed: SealedRows;
  readonly model: Model | null;
  readonly engine: Engine | null;
  readonly lines: readonly AlertReplay[];
  readonly from: number;
  readonly to: number;
  readonly context: CommandContext;
}

/** A few assets at a time, so that the memory does not grow with the plant. */
async function replay({ own, sealed, model, engine, lines, from, to, context }: Run) {
  const ids = await sealed.assets();
  const perAsset = Math.max(1, (sealed.rows / ids.length) * own.channels.length);
  const atOnce = Math.max(1, Math.floor(valuesAtOnce / perAsset));
  const counts = { assets: 0, rows: 0, windows: 0 };
  // A window of rows before: the first verdict is that of the first row.
  const warmUpMs = own.windowLength * own.sampleEveryMs;
  for (let i = 0; i < ids.length; i += atOnce) {
    const assets = await sealed.read({ assets: ids.slice(i, i + atOnce), from: from - warmUpMs, to });
    if (context.signal.aborted) throw new ForewarnError('PREVIEW_STOPPED', 'the preview was stopped');
    // Unique over all reads, since what watches the limits knows an asset by it.
    const known = assets.map(
      ({ assetId }, index): Asset => ({ index: i + index, id: assetId, className: own.name, labels: {} }),
    );
    for (const [index, rows] of assets.entries()) {
      counts.assets += 1;
      counts.rows += watchLimits(known[index], rows, own.channels.length, lines, from);
    }
    if (model === null || engine === null) continue;
    const last = new Map<number, number>();
    await scoreRows(model, assets, scoringOf(own), engine, ({ asset: index, row, score }) => {
      const { at } = score;
      const asset = known[index];
      if (at < from) return;
      counts.windows += 1;
      const scored = { kind: 'anomalous', asset, at, score: { ...score, asset } } as const;
      // What could not be scored in between interrupts the clocks of `for` and `keep_firing_for`, as live.
      const interrupts = row - (last.get(index) ?? row) > own.stride;
      last.set(index, row);
      for (const line of lines) {
        if (interrupts) line.onVerdict({ kind: 'unknown', asset, at, reason: 'low_coverage' });
        line.onVerdict(scored);
      }
    });
  }
  return counts;
}

/** Gives how many rows there were. */
function watchLimits(
  asset: Asset,
  { at, values, measured }: AssetRows,
  width: number,
  lines: readonly AlertReplay[],
  from: number,
): number {
  let watched = 0;
  for (let row = 0; row < at.length; row++) {
    if (at[row] < from) continue;
    watched += 1;
    const [first, end] = [row * width, (row + 1) * width];
    const one = {
      asset,
      at: at[row],
      values: values.subarray(first, end),
      measured: measured.subarray(first, end),
    };
    for (const line of lines) line.onRow(one);
  }
  return watched;
}

function scoringOf(own: ClassConfig) {
  const { windowLength, stride, sampleEveryMs, minCoverage, baseline } = own;
  return { channels: own.channels.length, windowLength, stride, sampleEveryMs, minCoverage, baseline };
}

function notesOf({
  days,
  from,
  to,
  model,
  own,
}: Pick<Run, 'from' | 'to' | 'model' | 'own'> & { days: number }) {
  const kept = (to - from) / dayMs;
  const notes = [
    'Counted is what would be raised: silences, maintenance, grouping and the silence of assets are not looked at. What fired already when the time begins is raised anew.',
  ];
  if (kept < days * 0.99)
    notes.unshift(
      `Only ${Math.round(kept * 10) / 10} of ${days} days are kept, and the last hour is not in it.`,
    );
  if (model === null)
    notes.unshift(`Class ${own.name} has no model that fits its settings: of its limits alone can be told.`);
  else if (model.card.data.toAt > from)
    notes.unshift(
      `Rows until ${new Date(model.card.data.toAt).toISOString()} are what ${model.card.id} was trained on: it scores them lower than it would have scored them then.`,
    );
  return notes;
}
