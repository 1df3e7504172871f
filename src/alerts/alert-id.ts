import { randomBytes } from 'node:crypto';
import type { Clock } from '../types.ts';

/** Base 36 epoch milliseconds have 8 digits until the year 2059; the ninth keeps the order after it. */
const TIME_DIGITS = 9;
const SEQUENCE_DIGITS = 3;

/** Ids of alerts, such as `al_0mfx2k9qz000k3v9d1`. */
export function createAlertIds(clock: Clock): () => string {
  return createIds('al', clock);
}

/**
 * Makes ids of a prefix, wall time, a sequence within the millisecond, and randomness.
 * Ids of one process sort in the order of making even when the clock stands still or goes back.
 */
export function createIds(prefix: string, clock: Clock): () => string {
  let time = 0;
  let sequence = 0;
  return () => {
    const now = clock();
    if (now > time) {
      time = now;
      sequence = 0;
    } else {
      sequence += 1;
      if (sequence === 36 ** SEQUENCE_DIGITS) {
        time += 1;
        sequence = 0;
      }
    }
    const random = randomBytes(4).readUInt32BE().toString(36).padStart(7, '0');
    const order = sequence.toString(36).padStart(SEQUENCE_DIGITS, '0');
    return `${prefix}_${Math.floor(time).toString(36).padStart(TIME_DIGITS, '0')}${order}${random}`;
  };
}
