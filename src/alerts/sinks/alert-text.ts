import type { Alert } from '../../types.ts';
import { rfc3339 } from '../rfc3339.ts';
import type { Notification } from '../sink.ts';

/**
 * `CRITICAL pump-3 (north/1): vibration reads 4.8 mm/s where 2.1 is expected (80 % of the score)`, or `RESOLVED ...`: what
 * somebody woken at night reads first, so the word that decides whether to get up is in front.
 */
export function headline({ alert, transition }: Notification): string {
  const word = transition === 'resolved' ? 'RESOLVED' : alert.priority.toUpperCase();
  return `${word} ${oneLine(alert.summary)}`;
}

/** What people ask next, as pairs of a name and a value, in the order in which they ask it. */
export function facts({ alert, transition }: Notification): readonly (readonly [string, string])[] {
  const told: [string, string | null][] = [
    ['Action', transition === 'resolved' ? null : alert.action],
    ['Asset', alert.assetId],
    ['Class', alert.className],
    ['Priority', alert.priority],
    ['Since', shownTime(alert.startedAt)],
    ['Until', alert.resolvedAt === null ? null : shownTime(alert.resolvedAt)],
    ['Lasted', alert.resolvedAt === null ? null : shownDuration(alert.resolvedAt - alert.startedAt)],
    ['Peak score', alert.peakScore === null ? null : alert.peakScore.toFixed(2)],
    ['Alert', alert.id],
  ];
  return told.flatMap(([name, value]) => (value === null ? [] : [[name, oneLine(value)] as const]));
}

/** Text with at most `length` characters, never ending in half of one. */
export function shortened(text: string, length: number): string {
  const characters = Array.from(text);
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}

/** Names come from topics, which may hold any character; a line break would make two lines of one. */
function oneLine(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must go
  return text.replace(/[\u0000-\u001f\u007f\u2028\u2029]+/g, ' ');
}

/** `2026-01-31 23:59:59 UTC`. */
function shownTime(at: number): string {
  return `${rfc3339(at).slice(0, 19).replace('T', ' ')} UTC`;
}

function shownDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (hours > 0) return `${hours} h ${minutes} min`;
  return minutes > 0 ? `${minutes} min ${seconds % 60} s` : `${seconds} s`;
}

/** How bad, for receivers with colours. */
export function isUrgent({ priority }: Alert): boolean {
  return priority === 'critical' || priority === 'high';
}
