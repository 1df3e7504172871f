import type { Alert } from '../../types.ts';
import { escalationText, isEscalation } from '../escalation-text.ts';
import { priorities } from '../priority.ts';
import type { Notification, NotificationGroup } from '../sink.ts';
import { oneLine, shownTime } from './plain-text.ts';

/** More than these are a list that nobody reads. */
const MOST_LINES = 10;

/**
 * `CRITICAL 12 alerts, line=1: 9 fire, first north/1/pump-3`, or `FLOOD ...`, or `RESOLVED ...`: one line for all of a
 * group, with what to look at first.
 */
export function groupHeadline(
  { transition }: Pick<Notification, 'transition'>,
  group: NotificationGroup,
): string {
  const { total, firing, flood } = group;
  const priority = worstPriority(group.alerts).toUpperCase();
  const escalated = group.alerts.some(isEscalation) ? 'ESCALATED ' : '';
  const word = transition === 'resolved' ? 'RESOLVED' : `${escalated}${flood ? 'FLOOD ' : ''}${priority}`;
  const alerts = `${total} ${total === 1 ? 'alert' : 'alerts'}`;
  const state = transition === 'resolved' ? 'none fires' : `${firing} ${firing === 1 ? 'fires' : 'fire'}`;
  return oneLine(`${word} ${alerts}, ${placeOf(group)}: ${state}, first ${firstOf(group)}`);
}

/** One line an alert, up to ten, and how many more there are. */
export function groupLines({ alerts, total }: NotificationGroup): readonly string[] {
  const lines = alerts.slice(0, MOST_LINES).map((alert) => oneLine(`${wordOf(alert)} ${alert.summary}`));
  return total > lines.length ? [...lines, `and ${total - lines.length} more`] : lines;
}

/** What people ask next, as the facts of one alert are. */
export function groupFacts(group: NotificationGroup): readonly (readonly [string, string])[] {
  const { incident, alerts, total, firing } = group;
  const escalated = alerts.filter(isEscalation);
  const [longest] = escalated.toSorted((a, b) => unansweredMs(b) - unansweredMs(a));
  const since = Math.min(...alerts.map(({ startedAt }) => startedAt));
  return [
    ...(longest?.escalated === undefined
      ? []
      : [['Escalation', `${escalated.length} of them, ${escalationText(longest.escalated)}`] as const]),
    ['Group', oneLine(placeOf(group))],
    ['Alerts', `${total}, of the group ${firing} fire`],
    ['First', oneLine(firstOf(group))],
    ['Since', shownTime(since)],
    ...(incident === null ? [] : [['Incident', `${incident.id}, ${incident.alerts} alerts`] as const]),
  ];
}

/** Of those that fire, or of all when none does. */
export function worstPriority(alerts: readonly Alert[]): Alert['priority'] {
  const firing = alerts.filter(({ state }) => state === 'firing');
  const ranks = (firing.length > 0 ? firing : alerts).map(({ priority }) => priorities.indexOf(priority));
  return priorities[Math.max(0, ...ranks)] ?? 'low';
}

/** `line=1, site=north`. */
export function placeOf({ labels }: NotificationGroup): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
}

function unansweredMs({ escalated }: Alert): number {
  return escalated?.unansweredMs ?? 0;
}

/** The asset that moved first. */
function firstOf({ incident, alerts }: NotificationGroup): string {
  return incident?.first ?? alerts[0]?.assetId ?? '';
}

function wordOf(alert: Alert): string {
  if (alert.state === 'resolved') return 'RESOLVED';
  return `${isEscalation(alert) ? 'ESCALATED ' : ''}${alert.priority.toUpperCase()}`;
}
