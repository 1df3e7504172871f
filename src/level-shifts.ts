import type { ModelCommands } from './api/model-commands.ts';
import type { ClassConfig } from './config.ts';
import { messageOf } from './errors.ts';
import type { AssetRows } from './history/asset-rows.ts';
import type { History } from './history/history.ts';
import type { Logger } from './log.ts';
import { type ModelCares, viewOf } from './model-cares.ts';
import type { LevelRows } from './models/retraining/level-shift.ts';
import type { Alert, AlertRule, OperatorOrder } from './types.ts';

/** What is asked of the journal. */
interface AlertSource {
  get(id: string): Alert | null;
  list(options: { className: string; rule: AlertRule; state: 'firing'; limit: number }): {
    readonly alerts: readonly Alert[];
  };
}

export interface LevelShiftParts {
  readonly classes: readonly ClassConfig[];
  readonly journal: AlertSource;
  readonly history: Pick<History, 'read' | 'stats'>;
  readonly cares: Pick<ModelCares, 'of'>;
  /** Writes into the alert's history what became of it. */
  comment(alertId: string, order: OperatorOrder): void;
  readonly log: Logger;
}

/** Machines that run in a new way for good: after one alert, their new level becomes normal. */
export interface LevelShifts {
  /** A person says so. */
  accept: ModelCommands['acceptLevel'];
  /** Looks for alerts that have stood for as long as a class says; called every now and then. Never rejects. */
  sweep(): Promise<void>;
}

/** Rows that a level is fitted on at most. */
const mostRows = 10_000;
/** Firing alerts of a class that one sweep looks at. */
const mostAlerts = 1000;
/** Time before and after an alert's beginning that says how the asset came there, as a part of the time that it has stood. */
const onsetPart = 0.1;
/** Windows of that time at least: the first ones of a run are left out, since smoothing settles in them. */
const fewestOnsetWindows = 40;
/** A level that was refused is looked at again after this part of the time that an alert must have stood. */
const looksPerTime = 10;
const itself = 'forewarn';

export function createLevelShifts(parts: LevelShiftParts): LevelShifts {
  const { classes, journal, history, cares, log } = parts;
  /** By class, the alerts that were looked at and the time of their assets then: a refused level is looked at again later. */
  const lookedAt = new Map<string, ReadonlyMap<string, number>>();
  let sweeping = false;

  /** Time of the class's newest row. */
  const nowOf = (className: string): number =>
    history.stats().classes.find(({ name }) => name === className)?.toAt ?? Number.NEGATIVE_INFINITY;

  /** The rows of the later half of the alert's time, so that the way to the new level is no part of it. */
  const rowsOf = async (
    { assetId, startedAt }: Alert,
    { name, sampleEveryMs, windowLength }: ClassConfig,
    now: number,
    withOnset: boolean,
  ): Promise<LevelRows> => {
    const read = async (from: number, to: number): Promise<AssetRows> => {
      const [rows] = await history.read(name, { assets: [assetId], from, to });
      const none = { at: new Float64Array(), values: new Float32Array(), measured: new Uint8Array() };
      return rows ?? { assetId, ...none };
    };
    const standing = now - startedAt;
    const since = await read(Math.max(startedAt + standing / 2, now - mostRows * sampleEveryMs), now);
    if (!withOnset) return { since, onset: null };
    const fewestMs = (windowLength + fewestOnsetWindows) * sampleEveryMs;
    const onsetMs = Math.min(Math.max(onsetPart * standing, fewestMs), mostRows * sampleEveryMs);
    const before = await read(startedAt - onsetMs, startedAt - 1);
    return { since, onset: { before, after: await read(startedAt, startedAt + onsetMs) } };
  };

  const acceptOf = async (
    config: ClassConfig,
    alert: Alert,
    order: OperatorOrder,
  ): ReturnType<LevelShifts['accept']> => {
    const rows = await rowsOf(alert, config, nowOf(config.name), order.by === itself);
    const result = await cares.of(config.name).desk.acceptLevel(rows, alert.id, order);
    if (!result.ok) return result;
    const text = `Its new level is normal from model ${result.value.id} on.`;
    parts.comment(alert.id, {
      by: order.by,
      comment: order.comment === null ? text : `${text} ${order.comment}`,
    });
    return { ok: true, value: viewOf(result.value) };
  };

  const lookAt = async (config: ClassConfig, alert: Alert, now: number): Promise<void> => {
    const { desk } = cares.of(config.name);
    if (alert.handling.outcome === 'fault') return;
    // A fault that goes on in steps would be accepted step by step.
    if (desk.levelAcceptedBy(itself, alert.assetId)) return;
    const comment = `The alert has stood for ${Math.round((now - alert.startedAt) / 60_000)} minutes.`;
    const result = await acceptOf(config, alert, { by: itself, comment });
    if (result.ok) return;
    const why = result.sentence ?? result.refusal;
    log.info({ class: config.name, asset: alert.assetId, alert: alert.id }, `no new level: ${why}`);
  };

  const sweepClass = async (config: ClassConfig, afterMs: number): Promise<void> => {
    const wanted = { className: config.name, rule: 'anomaly', state: 'firing', limit: mostAlerts } as const;
    const now = nowOf(config.name);
    const before = lookedAt.get(config.name);
    const looks = new Map<string, number>();
    for (const alert of journal.list(wanted).alerts) {
      if (now - alert.startedAt < afterMs) continue;
      const last = before?.get(alert.id) ?? Number.NEGATIVE_INFINITY;
      const due = now - last >= afterMs / looksPerTime;
      looks.set(alert.id, due ? now : last);
      if (due) await lookAt(config, alert, now);
    }
    lookedAt.set(config.name, looks);
  };

  return {
    async accept(alertId, order) {
      const alert = journal.get(alertId);
      if (alert === null) return { ok: false, refusal: 'no_such_alert' };
      const config = classes.find(({ name }) => name === alert.className);
      if (config === undefined || alert.rule !== 'anomaly') return { ok: false, refusal: 'not_of_a_model' };
      if (alert.state !== 'firing') return { ok: false, refusal: 'alert_is_over' };
      return acceptOf(config, alert, order);
    },
    async sweep() {
      if (sweeping) return;
      sweeping = true;
      for (const config of classes) {
        const afterMs = config.retrain.acceptLevelAfterMs;
        if (afterMs === null) continue;
        await sweepClass(config, afterMs).catch((error: unknown) =>
          log.error({ class: config.name, error: messageOf(error) }, 'new levels were not looked at'),
        );
      }
      sweeping = false;
    },
  };
}
