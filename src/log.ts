import { pino } from 'pino';
import pretty from 'pino-pretty';

/**
 * Levels: error = data was lost or a person must act; warn = unexpected, recovered, nothing lost;
 * info = an action that just completed; debug = never once an event. Traffic is counted in metrics, not logged.
 */
export interface Logger {
  error(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  info(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  child(bindings: object): Logger;
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'silent';

/** `pretty` is for people at a terminal, `json` (one object a line) for journals and log shippers. */
export function createLogger(options: {
  level: LogLevel;
  format: 'json' | 'pretty';
  color?: boolean;
}): Logger {
  const base = { level: options.level, base: null };
  if (options.format === 'json') {
    // Words, because journals and log shippers filter by them.
    const formatters = { level: (label: string) => ({ level: label }) };
    return pino({ ...base, formatters, timestamp: pino.stdTimeFunctions.isoTime });
  }
  return pino(
    base,
    pretty({
      colorize: options.color ?? false,
      singleLine: true,
      ignore: 'pid,hostname',
      translateTime: 'SYS:yyyy-mm-dd HH:MM:ss',
      sync: true,
    }),
  );
}

/** For tests and commands whose output is their own. */
export const silentLogger: Logger = {
  error() {},
  warn() {},
  info() {},
  debug() {},
  child: () => silentLogger,
};
