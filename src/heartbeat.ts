import { post } from './alerts/sinks/http-post.ts';
import type { Logger } from './log.ts';

interface HeartbeatOptions {
  /** Absolute, `http:` or `https:`. Whoever knows it can fake life, so it is not logged. */
  readonly url: string;
  readonly version: string;
  /** False keeps the heartbeat back, so that the other side raises its alarm. */
  readonly alive: () => boolean;
  readonly log: Logger;
}

/** A sign of life to somebody who raises an alarm when it stays away. */
export interface Heartbeat {
  /** Sends one; while one is on its way, or Forewarn cannot do its work, none. Never rejects. */
  beat(): Promise<void>;
  stop(): void;
}

const TIMEOUT_MS = 10_000;

export function createHeartbeat({ url, version, alive, log }: HeartbeatOptions): Heartbeat {
  const ended = new AbortController();
  let underWay = false;
  let failing = false;
  return {
    async beat() {
      if (underWay || ended.signal.aborted || !alive()) return;
      underWay = true;
      const result = await post(
        {
          url,
          body: '',
          headers: { 'User-Agent': `forewarn/${version}` },
          timeoutMs: TIMEOUT_MS,
          tls: { ca: null, cert: null, key: null, verify: true },
          allowLinkLocal: false,
          secrets: [url],
        },
        ended.signal,
      );
      underWay = false;
      if (ended.signal.aborted) return;
      // Once each way: it is tried again for ever.
      if (!result.ok && !failing) log.warn({ reason: result.reason }, 'the heartbeat does not arrive');
      else if (result.ok && failing) log.info({}, 'the heartbeat arrives again');
      failing = !result.ok;
    },
    stop: () => ended.abort(),
  };
}
