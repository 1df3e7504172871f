import type { WatchdogLimits } from '../alerts/watchdog.ts';
import { durationMs } from './duration.ts';
import type { Problem } from './problem.ts';
import type { ConfigFile } from './schema.ts';

export interface WatchdogConfig {
  readonly watchdog: WatchdogLimits;
  /** null = none. */
  readonly heartbeat: { readonly url: string; readonly everyMs: number } | null;
}

export function watchdogConfig({ watchdog, heartbeat: { url, every } }: ConfigFile): WatchdogConfig {
  return {
    watchdog: {
      noDataForMs: durationMs(watchdog.no_data_for),
      sinkFailingForMs: durationMs(watchdog.sink_failing_for),
      diskFree: watchdog.disk_free,
    },
    heartbeat: url === undefined ? null : { url, everyMs: durationMs(every) },
  };
}

/** More often is of no use to anybody, and a burden to the other side. */
const SHORTEST_EVERY_MS = 1000;
/** The longest that a timer of Node can wait. */
const LONGEST_EVERY_MS = 2 ** 31 - 1;

/** Finds values that cannot work. */
export function checkHeartbeat({ heartbeat: { url, every } }: ConfigFile): Problem[] {
  const problems: Problem[] = [];
  if (url !== undefined && !URL.canParse(url)) {
    const mend = 'Write it like https://hc-ping.com/UUID.';
    problems.push({ path: 'heartbeat.url', value: url, message: 'is not a usable address', mend });
  }
  const everyMs = durationMs(every);
  if (everyMs < SHORTEST_EVERY_MS || everyMs > LONGEST_EVERY_MS) {
    const message = everyMs < SHORTEST_EVERY_MS ? 'is shorter than a second' : 'is longer than 24 days';
    problems.push({ path: 'heartbeat.every', value: every, message, mend: 'Make it a minute or so.' });
  }
  return problems;
}
