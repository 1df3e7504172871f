import type { Hold } from '../alerts/holds.ts';
import type { StoredState } from '../alerts/journal.ts';
import type { Mute } from '../alerts/noise/mute.ts';
import type { ClassConfig } from '../config.ts';
import type { DaemonParts } from '../daemon-parts.ts';
import type { AssetDetail } from '../fleet/view.ts';
import type { LearnerStatus } from '../models/learner.ts';
import type { Alert } from '../types.ts';

type WatchedParts = Pick<DaemonParts, 'clock' | 'subscriber' | 'fleet'> & {
  readonly pipeline: Pick<DaemonParts['pipeline'], 'lines' | 'alerting' | 'noise'>;
};

/** All that decides whether an asset alerts, at one moment. Plain data; times are epoch ms. */
export interface WhyNotSnapshot {
  readonly now: number;
  readonly assetId: string;
  readonly mqtt: { readonly state: string; readonly since: number };
  readonly journalError: string | null;
  /** Null for an asset that has sent nothing since the start. */
  readonly asset: AssetDetail | null;
  /** Of the class of the asset; null with it. */
  readonly line: {
    readonly config: Pick<ClassConfig, 'windowLength' | 'sampleEveryMs' | 'minCoverage' | 'alert'>;
    readonly learner: LearnerStatus;
  } | null;
  /** The model's episode in progress. */
  readonly episode: StoredState['state'] | null;
  /** Of all rules. */
  readonly firing: readonly Alert[];
  /** In force on the asset, its class or one of its alarms. */
  readonly holds: readonly Hold[];
  /** What keeps an alert of the model from people, beside the holds; `until` is null where nobody knows. */
  readonly mute: (Mute & { readonly until: number | null }) | null;
}

/** Takes the snapshot from the parts of a running daemon. */
export function takeSnapshot(
  { clock, subscriber, fleet, pipeline }: WatchedParts,
  assetId: string,
): WhyNotSnapshot {
  const { alerting, noise, lines } = pipeline;
  const asset = fleet.asset(assetId);
  const firing = [...alerting.firing()].filter((alert) => alert.assetId === assetId);
  // An asset that is silent since the start may have alerts from before.
  const known = asset?.asset ?? firing[0];
  const line = asset === null ? undefined : lines.get(asset.asset.className);
  const { state, since } = subscriber.status();
  return {
    now: clock(),
    assetId,
    mqtt: { state, since },
    journalError: alerting.status().journalError,
    asset,
    line: line === undefined ? null : { config: line.config, learner: line.learner.status() },
    episode: alerting.current(assetId, 'anomaly')?.state ?? null,
    firing,
    holds: alerting.desk
      .holds()
      .filter(({ of }) =>
        of.scope === 'class' ? of.className === known?.className : of.assetId === assetId,
      ),
    mute: known === undefined ? null : muteOf(noise, { ...known, assetId }, firing),
  };
}

function muteOf(
  noise: WatchedParts['pipeline']['noise'],
  { assetId, className, labels }: Pick<Alert, 'assetId' | 'className' | 'labels'>,
  firing: readonly Alert[],
): WhyNotSnapshot['mute'] {
  const before = firing.find(({ rule }) => rule === 'anomaly')?.handling.suppressedFor ?? null;
  const mute = noise.on({ assetId, className, labels, rule: 'anomaly' }, before);
  if (mute === null) return null;
  const silence =
    mute.reason === 'silence' ? noise.silences.inForce().find(({ id }) => id === mute.name) : undefined;
  return { ...mute, until: silence?.until ?? null };
}
