import { setTimeout as sleep } from 'node:timers/promises';
import { until } from './processes.mjs';

/** Waits until nothing is on its way any more: no message, no window, no transition, no notification. */
export async function settled(daemon, withinMs = 300_000) {
  let before = -1;
  await until(
    'everything is told',
    async () => {
      const { ingest, scoring, alerts, sinks } = await daemon.status();
      const still = ingest.messages === before;
      before = ingest.messages;
      const queued = sinks.reduce((sum, sink) => sum + sink.queued, 0);
      if (still && scoring.waiting === 0 && alerts.uncommitted === 0 && queued === 0) return true;
      await sleep(2000);
      return false;
    },
    withinMs,
  );
}
