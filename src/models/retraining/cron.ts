import { createTask, validateDetailed } from 'node-cron';

/** When something is due again and again, as cron writes it. */
export interface CronSchedule {
  /** Five fields, minute to day of week, or six with seconds first. */
  readonly expression: string;
  /** IANA name, such as `Europe/Berlin`; null for the time zone of the machine. */
  readonly timeZone: string | null;
}

/** What is wrong with an expression, as a clause; null when nothing is. A day that never comes is a mistake. */
export function cronMistake(expression: string): string | null {
  return validateDetailed(expression).errors[0]?.message ?? null;
}

/** Whether the machine knows the time zone. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/**
 * The next time after this moment of the real clock, epoch ms. Nothing runs by itself: a timer of the library would not
 * know of the times that passed while the process was down.
 */
export function nextCronRun({ expression, timeZone }: CronSchedule): number | null {
  const task = createTask(expression, () => undefined, timeZone === null ? {} : { timezone: timeZone });
  try {
    return task.getNextRuns(1)[0]?.getTime() ?? null;
  } finally {
    void task.destroy();
  }
}
