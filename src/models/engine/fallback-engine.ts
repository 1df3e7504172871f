import { ForewarnError } from '../../errors.ts';
import type { Engine, ScoringOptions, ScoringSession } from '../engine.ts';

/**
 * An engine that is `primary` until that one fails, and `backup` from then on, for good: a device that died once is not
 * trusted again before a restart. A batch that was in flight is scored again on the backup, so no window is lost. A
 * training that was under way rejects with `ENGINE_FAILED`; started again it runs on the backup. A network of a kind that
 * the primary does not have runs on the backup from the start, which is no failure.
 */
export function createFallbackEngine(
  primary: Engine,
  backup: Engine,
  onFallback: (reason: ForewarnError) => void,
): Engine {
  let failed = false;

  const fall = (error: unknown): void => {
    if (codeOf(error) === 'ENGINE_UNSUPPORTED') return;
    if (!isEngineFailure(error)) throw error;
    if (failed) return;
    failed = true;
    onFallback(error);
  };

  return {
    get kind() {
      return failed ? backup.kind : primary.kind;
    },
    async createScoring(model) {
      if (!failed) {
        try {
          return fallbackSession(model, await primary.createScoring(model), backup, fall);
        } catch (error) {
          fall(error);
        }
      }
      return backup.createScoring(model);
    },
    async createTraining(options) {
      if (!failed) {
        try {
          return await primary.createTraining(options);
        } catch (error) {
          fall(error);
        }
      }
      return backup.createTraining(options);
    },
  };
}

function fallbackSession(
  model: ScoringOptions,
  first: ScoringSession,
  backup: Engine,
  fall: (error: unknown) => void,
): ScoringSession {
  let current: Promise<ScoringSession> = Promise.resolve(first);
  let fallen = false;

  /** Calls that fail together share one new session. */
  const attempt = async <T>(call: (session: ScoringSession) => Promise<T>): Promise<T> => {
    const session = await current;
    try {
      return await call(session);
    } catch (error) {
      if (session !== first) throw error;
      fall(error);
      if (!fallen) {
        fallen = true;
        current = backup.createScoring(model);
      }
      return call(await current);
    }
  };

  return {
    score: (windows, batch) => attempt((session) => session.score(windows, batch)),
    reconstruct: (windows, batch) => attempt((session) => session.reconstruct(windows, batch)),
    async dispose() {
      const last = await current;
      // A dead engine has nothing left to free and may say so.
      if (last !== first) await first.dispose().catch(() => undefined);
      await last.dispose();
    },
  };
}

function isEngineFailure(error: unknown): error is ForewarnError {
  return codeOf(error) === 'ENGINE_FAILED' || codeOf(error) === 'ENGINE_UNAVAILABLE';
}

function codeOf(error: unknown): string | null {
  return error instanceof ForewarnError ? error.code : null;
}
