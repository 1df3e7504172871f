import { describeSilence } from './alerts/evidence.ts';
import type { ApiSources } from './api/sources.ts';
import type { DaemonParts } from './daemon-parts.ts';
import { createHeartbeat } from './heartbeat.ts';
import { keepBaselines } from './kept-baselines.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Logger } from './log.ts';
import { createSelfWatch } from './self-watch.ts';
import { version } from './version.ts';

const sweepMs = 1000;
const saveMs = 10_000;
const selfWatchMs = 5000;
const levelSweepMs = 10_000;
/** Little beside the hours in which a baseline moves. */
const baselinesMs = 300_000;
const pruneMs = 3_600_000;

/** What the daemon does every now and then, until the stop. */
export function startTimers(
  { config, clock, fleet, pipeline, cares, levels, subscriber, journal, delivery, baselines }: DaemonParts,
  { every }: Lifecycle,
): void {
  const silentAfter = (className: string) => pipeline.lines.get(className)!.config.alert.silentAfterMs;
  every(sweepMs, 'silence sweep', () => {
    const { state, since } = subscriber.status();
    const now = clock();
    pipeline.noise.listening(state === 'connected' ? since : null);
    fleet.sweepSilence(
      now,
      silentAfter,
      (asset, silent) => pipeline.alerting.onCondition('silent', asset, silent, now, describeSilence),
      state === 'connected' ? since : null,
    );
  });
  every(sweepMs, 'retraining', () => {
    for (const name of pipeline.lines.keys()) cares.of(name).retrainer.tick();
  });
  every(sweepMs, 'shelving and escalation', () => pipeline.alerting.sweep());
  every(sweepMs, 'telling groups of alerts', () => {
    if (journal.groups.sweep()) delivery.poke();
  });
  every(saveMs, 'saving alert states', () => pipeline.alerting.save());
  every(levelSweepMs, 'looking for new levels', () => void levels.sweep());
  every(baselinesMs, 'keeping baselines', () => keepBaselines(baselines, pipeline.lines));
  every(pruneMs, 'pruning alerts', () => {
    while (journal.prune(config.retention.alertsMs) > 0);
  });
}

/** Raises alerts about the daemon itself, and tells a service outside that it lives. */
export function watchSelf(
  { config, clock, pipeline: { alerting }, startedAt }: DaemonParts,
  { status }: ApiSources,
  { every, onStop }: Lifecycle,
  log: Logger,
): void {
  const { stateDir, watchdog: limits, heartbeat } = config;
  const look = createSelfWatch({ limits, stateDir, status, alerting, startedAt });
  every(selfWatchMs, 'watchdog', () => look(clock()));
  if (heartbeat === null) return;
  const { url, everyMs } = heartbeat;
  const alive = () => alerting.status().journalError === null;
  const { beat, stop } = createHeartbeat({ url, version, alive, log });
  onStop('heartbeat', stop);
  every(everyMs, 'heartbeat', () => void beat());
  void beat();
}
