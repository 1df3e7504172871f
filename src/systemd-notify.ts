import { spawn } from 'node:child_process';
import { messageOf } from './errors.ts';
import type { Logger } from './log.ts';

/** Tells systemd how the daemon is; every method is a no-op where systemd did not start it. */
export interface SystemdNotifier {
  /** The daemon serves: ends the start, or the reload. */
  ready(status: string): void;
  /** One line for `systemctl status`. */
  status(text: string): void;
  /** The configuration is being read again; say {@link ready} after. */
  reloading(): void;
  /** The daemon has begun to shut down. */
  stopping(): void;
  /**
   * Asks `isHealthy` three times within each watchdog period and pings systemd when it says true; systemd ends and
   * restarts a daemon that has not pinged for a whole period. Does nothing without a watchdog.
   */
  startWatchdog(isHealthy: () => boolean): void;
  /** Ends the watchdog and resolves once the last message has been taken; nothing is sent from then on. Never rejects. */
  stop(): Promise<void>;
}

export interface SystemdNotifierOptions {
  /** `NOTIFY_SOCKET` of the environment; undefined or empty makes every method a no-op. */
  readonly socket: string | undefined;
  /** `WATCHDOG_USEC` of the environment in milliseconds; null when the unit sets no watchdog. */
  readonly watchdogMs: number | null;
  readonly log: Logger;
  /** Runs `systemd-notify` with these arguments and this whole environment; rejects when it could not. */
  readonly run?: RunNotify;
}

export type RunNotify = (args: readonly string[], env: Readonly<Record<string, string>>) => Promise<void>;

type Slot = 'state' | 'status' | 'watchdog';

// systemd-notify waits five seconds for systemd to have read the message; longer than twice that, it hangs.
const runTimeoutMs = 10_000;

/**
 * Sends through the program `systemd-notify`, since Node has no unix datagram sockets; so the unit needs
 * `NotifyAccess=all`. One program runs at a time. What is said meanwhile waits in one slot for each variable, the
 * newest value winning, and leaves together, so nothing queues up behind a slow systemd. A notification that
 * fails is dropped, and the first failure logged: the daemon is worth more than its status line.
 */
export function createSystemdNotifier(options: SystemdNotifierOptions): SystemdNotifier {
  const { socket, watchdogMs, log, run = runSystemdNotify } = options;
  const waiting = new Map<Slot, string>();
  let sending: Promise<void> | null = null;
  let timer: NodeJS.Timeout | null = null;
  let failed = false;
  let stopped = false;

  function send(messages: readonly (readonly [Slot, string])[]): void {
    if (!socket || stopped) return;
    for (const [slot, message] of messages) waiting.set(slot, message);
    sending ??= drain(socket);
  }

  async function drain(to: string): Promise<void> {
    while (waiting.size > 0) {
      const messages = [...waiting.values()];
      waiting.clear();
      try {
        // Nothing of the daemon's own environment, which may hold secrets, is handed on.
        await run(messages, { NOTIFY_SOCKET: to, PATH: '/usr/local/bin:/usr/bin:/bin' });
      } catch (error) {
        if (!failed)
          log.warn({ error: messageOf(error) }, 'systemd was not notified; further failures are not logged');
        failed = true;
      }
    }
    sending = null;
  }

  return {
    ready: (status) =>
      send([
        ['state', 'READY=1'],
        ['status', statusLine(status)],
      ]),
    status: (text) => send([['status', statusLine(text)]]),
    reloading: () => send([['state', 'RELOADING=1']]),
    stopping: () => send([['state', 'STOPPING=1']]),
    startWatchdog(isHealthy) {
      if (!socket || stopped || timer || watchdogMs === null || !(watchdogMs > 0)) return;
      // A third of the period, so that one lost ping ends nobody.
      timer = setInterval(() => isHealthy() && send([['watchdog', 'WATCHDOG=1']]), watchdogMs / 3);
      timer.unref();
    },
    async stop() {
      stopped = true;
      if (timer) clearInterval(timer);
      timer = null;
      await sending;
    },
  };
}

// A line break would begin a variable of its own.
function statusLine(text: string): string {
  return `STATUS=${text.replace(/[\r\n\0]+/g, ' ')}`;
}

function runSystemdNotify(args: readonly string[], env: Readonly<Record<string, string>>): Promise<void> {
  return new Promise((resolve, reject) => {
    // Assignments instead of --ready and --status: every version takes them, also for STOPPING and WATCHDOG.
    const child = spawn('systemd-notify', args, { env, stdio: 'ignore', timeout: runTimeoutMs });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`systemd-notify ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}
