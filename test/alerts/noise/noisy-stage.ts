import { join } from 'node:path';
import { type Alerting, createAlerting } from '../../../src/alerts/alerting.ts';
import type { ClassAlerts } from '../../../src/alerts/alerting-options.ts';
import type { EscalationConfig } from '../../../src/alerts/escalation.ts';
import type { Grouping } from '../../../src/alerts/group-table.ts';
import { type Journal, openJournal } from '../../../src/alerts/journal.ts';
import { type NoiseConfig, NoiseControl } from '../../../src/alerts/noise/noise-control.ts';
import { SilenceDesk } from '../../../src/alerts/noise/silence-desk.ts';
import type { Notification } from '../../../src/alerts/sink.ts';
import { silentLogger } from '../../../src/log.ts';
import type { Alert, Asset } from '../../../src/types.ts';
import { policy, temporaryDirectory, verdictOf } from '../support/fixtures.ts';

const quiet: NoiseConfig = {
  maintenance: [],
  topology: [],
  flapping: { everyMs: 0, low: 0.05, high: 0.2 },
};

export interface Stage {
  readonly journal: Journal;
  readonly alerting: Alerting;
  readonly noise: NoiseControl;
  readonly silences: SilenceDesk;
  raise(asset: Asset): Alert;
  resolve(asset: Asset): void;
  newest(asset: Asset): Alert;
  /** A verdict of this score. */
  verdict(asset: Asset, score: number): void;
  /** Idempotency keys of what waits for the sink, which takes them. */
  told(sink?: string): string[];
  /** What waits for the sink, which takes it. */
  notifications(sink?: string): Notification[];
  /** What the daemon does about once a second. */
  sweep(): void;
  stop(): void;
}

interface PlantOptions {
  readonly grouping?: Grouping;
  readonly sinks?: readonly string[];
  readonly escalation?: readonly EscalationConfig[];
  readonly policies?: Partial<ClassAlerts>;
}

/** A plant's alerts over restarts: each `start` opens the same journal file again. */
export function noisyPlant(now: number, config: Partial<NoiseConfig> = {}, options: PlantOptions = {}) {
  const { grouping, sinks = ['ops'], escalation = [], policies = {} } = options;
  const file = join(temporaryDirectory(), 'alerts.db');
  const wall = { now };
  const clock = () => wall.now;
  let at = 0;
  const start = (): Stage => {
    const journal = openJournal({ file, clock, ...(grouping === undefined ? {} : { grouping }) });
    const channels = [
      { name: 'speed', unit: '' },
      { name: 'pressure', unit: '' },
    ];
    const noise = new NoiseControl({
      config: { ...quiet, ...config },
      silences: journal.silences,
      flaps: journal.flaps,
      channels: () => channels,
      firing: () => alerting.firing(),
      clock,
    });
    const alerting = createAlerting({
      journal,
      sinks,
      escalation,
      policies: () => ({ ...policy, forMs: 0, keepFiringForMs: 0, ...policies }),
      channels: () => channels,
      knows: { asset: () => true, class: () => true },
      mutes: noise,
      clock,
      log: silentLogger,
    });
    alerting.start();
    const newest = (asset: Asset) => journal.list({ assetId: asset.id }).alerts[0]!;
    const verdict = (asset: Asset, value: number) => {
      at += 1;
      alerting.onVerdict(verdictOf(asset, at, value));
      alerting.flush();
    };
    const notifications = (sink = 'ops') => {
      const found: Notification[] = [];
      for (let row = journal.outbox.head(sink); row !== null; row = journal.outbox.head(sink)) {
        found.push(row.notification);
        journal.outbox.delivered(row.id);
      }
      return found;
    };
    return {
      journal,
      alerting,
      noise,
      silences: new SilenceDesk(noise.silences, alerting),
      raise(asset) {
        verdict(asset, 2);
        return newest(asset);
      },
      resolve: (asset) => verdict(asset, 0),
      newest,
      verdict,
      told: (sink) => notifications(sink).map(({ idempotencyKey }) => idempotencyKey),
      notifications,
      sweep() {
        alerting.sweep();
        journal.groups.sweep();
      },
      stop() {
        alerting.stop();
        journal.close();
      },
    };
  };
  return { wall, file, start };
}
