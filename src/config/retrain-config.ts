import { cronMistake, isTimeZone } from '../models/retraining/cron.ts';
import { durationMs } from './duration.ts';
import type { Problem } from './problem.ts';
import type { ConfigFile } from './schema.ts';

type RetrainFile = ConfigFile['classes'][string]['retrain'];

/** How the model of a class is renewed. */
export interface RetrainConfig {
  /** A cron expression; null = only when somebody asks. */
  readonly schedule: string | null;
  /** null = that of the machine. */
  readonly timeZone: string | null;
  readonly jitterMs: number;
  readonly lookBackMs: number;
  /** Most rows of one training. */
  readonly rows: number;
  /** Share of the rows, the latest, that models are compared on. */
  readonly judge: number;
  readonly warmStart: boolean;
  readonly mode: 'automatic' | 'manual';
  readonly shadowForMs: number;
  /** null = only when a person says so. */
  readonly acceptLevelAfterMs: number | null;
}

export function retrainConfig(file: RetrainFile): RetrainConfig {
  return {
    schedule: file.schedule,
    timeZone: file.time_zone,
    jitterMs: durationMs(file.jitter),
    lookBackMs: durationMs(file.look_back),
    rows: file.rows,
    judge: file.judge,
    warmStart: file.warm_start,
    mode: file.mode as RetrainConfig['mode'],
    shadowForMs: durationMs(file.shadow_for),
    acceptLevelAfterMs: file.accept_level_after === null ? null : durationMs(file.accept_level_after),
  };
}

/** Finds what the schema cannot see: schedules that no calendar has, and time zones that no map has. */
export function checkRetrain(path: string, file: RetrainFile): Problem[] {
  const problems: Problem[] = [];
  const mistake = file.schedule === null ? null : cronMistake(file.schedule);
  if (mistake !== null) {
    problems.push({
      path: `${path}.schedule`,
      value: file.schedule,
      message: `is no cron expression: ${mistake}`,
      mend: 'Write minute, hour, day of month, month and day of week, like `0 3 * * *` for every night at three.',
    });
  }
  if (file.time_zone !== null && !isTimeZone(file.time_zone)) {
    problems.push({
      path: `${path}.time_zone`,
      value: file.time_zone,
      message: 'is not a time zone that this machine knows',
      mend: 'Write an IANA name like Europe/Berlin, or null for the time zone of the machine.',
    });
  }
  if (durationMs(file.look_back) < 60_000) {
    problems.push({
      path: `${path}.look_back`,
      value: file.look_back,
      message: 'is too short to train on',
      mend: 'Make it a day or longer; weeks show more of what is normal.',
    });
  }
  return problems;
}
