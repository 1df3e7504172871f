import type { Alert } from '../../types.ts';
import { escalationText, isEscalation } from '../escalation-text.ts';
import type { Notification } from '../sink.ts';
import { groupFacts, groupHeadline, groupLines } from './group-text.ts';
import { oneLine, shownDuration, shownTime } from './plain-text.ts';

/**
 * `CRITICAL pump-3 (north/1): vibration reads 4.8 mm/s where 2.1 is expected (80 % of the score)`, or `RESOLVED ...`: what
 * somebody woken at night reads first, so the word that decides whether to get up is in front.
 */
export function headline({ alert, transition, group }: Notification): string {
  if (group !== undefined) return groupHeadline({ transition }, group);
  const priority = alert.priority.toUpperCase();
  const word =
    transition === 'resolved' ? 'RESOLVED' : isEscalation(alert) ? `ESCALATED ${priority}` : priority;
  return `${word} ${oneLine(alert.summary)}`;
}

/** What people ask next, as pairs of a name and a value, in the order in which they ask it. */
export function facts({ alert, transition, group }: Notification): readonly (readonly [string, string])[] {
  if (group !== undefined) return groupFacts(group);
  const told: [string, string | null][] = [
    ['Escalation', alert.escalated === undefined ? null : escalationText(alert.escalated)],
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

/** What has happened: a sentence, or of a group one for each of its first alerts. */
export function told({ alert, group }: Notification): readonly string[] {
  return group === undefined ? [alert.summary] : groupLines(group);
}

/** Text with at most `length` characters, never ending in half of one. */
export function shortened(text: string, length: number): string {
  const characters = Array.from(text);
  return characters.length <= length ? text : `${characters.slice(0, length - 1).join('')}…`;
}

/** How bad, for receivers with colours. */
export function isUrgent({ priority }: Pick<Alert, 'priority'>): boolean {
  return priority === 'critical' || priority === 'high';
}
