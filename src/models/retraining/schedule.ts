import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Clock } from '../../types.ts';
import { replaceDurably } from '../artefact.ts';
import type { CronSchedule } from './cron.ts';

/** Why a training begins. */
export type RunCause =
  | 'scheduled'
  /** It was due while the daemon was down. */
  | 'missed'
  /** What the class does has moved away from what its model knows. */
  | 'drift'
  /** A person asked. */
  | 'asked';

export interface ScheduleOptions {
  /** The class's folder in the registry; what is due is kept in `schedule.json` there. */
  readonly directory: string;
  readonly className: string;
  /** Null = only when somebody asks. */
  readonly cron: CronSchedule | null;
  readonly jitterMs: number;
  readonly clock: Clock;
  /** The next time by the schedule, from now on; null when there is none. */
  nextRun(cron: CronSchedule): number | null;
}

/** When a class trains next. It acts by nothing but files: its user asks it, again and again, what is due. */
export interface Schedule {
  /** Takes up what the last process left; a run that was due meanwhile is due within the jitter from now. */
  start(): void;
  /** What is due now; null = nothing. `driftSinceAt` (wall time, null = none) is due at most once a day. */
  due(driftSinceAt: number | null): Exclude<RunCause, 'asked'> | null;
  /** A run begins: the next one is set, on disk, before anything can go wrong with this one. */
  begin(): void;
  nextRunAt(): number | null;
  lastRunAt(): number | null;
}

interface Appointment {
  readonly cron: CronSchedule | null;
  readonly nextAt: number | null;
  readonly lastAt: number | null;
}

const dayMs = 86_400_000;

export function createSchedule(options: ScheduleOptions): Schedule {
  const { directory, className, cron, jitterMs, clock } = options;
  const file = join(directory, 'schedule.json');
  let now: Appointment = { cron, nextAt: null, lastAt: null };
  let missed = false;

  const set = (next: Appointment): void => {
    now = next;
    mkdirSync(directory, { recursive: true });
    replaceDurably(file, Buffer.from(`${JSON.stringify(next)}\n`));
  };

  const nextAt = (): number | null => {
    const next = cron === null ? null : options.nextRun(cron);
    return next === null ? null : next + jitterOf(className, next, jitterMs);
  };

  return {
    start() {
      const kept = readAppointment(file);
      const same = kept !== null && JSON.stringify(kept.cron) === JSON.stringify(cron);
      missed = same && kept.nextAt !== null && kept.nextAt < clock();
      if (!same) set({ cron, nextAt: nextAt(), lastAt: kept?.lastAt ?? null });
      else if (missed) now = { ...kept, nextAt: clock() + jitterOf(className, clock(), jitterMs) };
      else now = kept;
    },
    due(driftSinceAt) {
      if (now.nextAt !== null && clock() >= now.nextAt) return missed ? 'missed' : 'scheduled';
      if (cron === null || driftSinceAt === null) return null;
      const last = now.lastAt ?? Number.NEGATIVE_INFINITY;
      return driftSinceAt > last && clock() - last >= dayMs ? 'drift' : null;
    },
    begin() {
      missed = false;
      set({ cron, nextAt: nextAt(), lastAt: clock() });
    },
    nextRunAt: () => now.nextAt,
    lastRunAt: () => now.lastAt,
  };
}

/** A share of the jitter that is the same for the same class and time, so that the time that is told is kept. */
export function jitterOf(className: string, at: number, jitterMs: number): number {
  const digest = createHash('sha256').update(`${className} ${at}`).digest();
  return Math.floor((digest.readUInt32LE(0) / 2 ** 32) * jitterMs);
}

function readAppointment(file: string): Appointment | null {
  if (!existsSync(file)) return null;
  try {
    const { cron = null, nextAt, lastAt } = JSON.parse(readFileSync(file, 'utf8')) as Appointment;
    const isTime = (value: unknown) => value === null || typeof value === 'number';
    return isTime(nextAt) && isTime(lastAt) ? { cron, nextAt, lastAt } : null;
  } catch {
    // It is written whole or not at all; a damaged one costs no more than one catching up.
    return null;
  }
}
