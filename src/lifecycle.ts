import { messageOf } from './errors.ts';
import type { Logger } from './log.ts';

/** What must be undone at the end: steps run last in, first out, and one that fails keeps none from running. */
export interface Lifecycle {
  onStop(name: string, run: () => unknown): void;
  /**
   * Runs something again and again until the stop. What it throws is logged, once until it says something else or ends: a
   * disk that is full for an hour is no reason for 3600 lines.
   */
  every(ms: number, name: string, run: () => void): void;
  /** Runs all steps once; then throws everything that failed. */
  stop(): Promise<void>;
}

export function createLifecycle(log: Logger): Lifecycle {
  const steps: { name: string; run: () => unknown }[] = [];
  const onStop = (name: string, run: () => unknown): void => void steps.push({ name, run });

  return {
    onStop,
    every(ms, name, run) {
      let failing: string | null = null;
      const timer = setInterval(() => {
        try {
          run();
          if (failing !== null) log.info({}, `${name} works again`);
          failing = null;
        } catch (error) {
          const message = messageOf(error);
          if (message !== failing) log.error({ error: message }, `${name} failed; it is tried again`);
          failing = message;
        }
      }, ms);
      timer.unref();
      onStop(name, () => clearInterval(timer));
    },
    async stop() {
      const failures: unknown[] = [];
      for (const { name, run } of steps.splice(0).reverse()) {
        try {
          await run();
        } catch (error) {
          log.error({ part: name, error: messageOf(error) }, 'could not be stopped cleanly');
          failures.push(error);
        }
      }
      if (failures.length > 0) throw new AggregateError(failures, 'the daemon did not stop cleanly');
    },
  };
}
