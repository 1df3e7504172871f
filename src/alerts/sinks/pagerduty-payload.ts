import { createHash } from 'node:crypto';
import type { Alert } from '../../types.ts';
import { escalationText } from '../escalation-text.ts';
import { rfc3339 } from '../rfc3339.ts';
import type { Notification } from '../sink.ts';
import { alertDocument, alertUrl } from './alert-document.ts';
import { headline, shortened, told } from './alert-text.ts';
import { placeOf, worstPriority } from './group-text.ts';

const SUMMARY_LENGTH = 1024;
const FIELD_LENGTH = 255;

const severities: Readonly<Record<Alert['priority'], 'critical' | 'error' | 'warning' | 'info'>> = {
  critical: 'critical',
  high: 'error',
  medium: 'warning',
  low: 'info',
};

/**
 * An event of PagerDuty's Events API v2 (https://developer.pagerduty.com/docs/events-api-v2-overview). The alert's id is
 * the key that joins the end of an episode to its beginning, so that every episode is an incident of its own;
 * of a group it is the group, whose incident ends when none of its alerts fires.
 */
export function pagerDutyPayload(
  notification: Notification,
  externalUrl: string,
  routingKey: string,
): object {
  const { alert, transition, group } = notification;
  const url = alertUrl(alert, externalUrl);
  const details = group === undefined ? alertDocument(alert, externalUrl) : { alerts: told(notification) };
  return {
    routing_key: routingKey,
    event_action: transition === 'resolved' ? 'resolve' : 'trigger',
    dedup_key: group === undefined ? alert.id : `group:${digestOf(group.labels)}`,
    client: 'Forewarn',
    client_url: url,
    links: [{ href: url, text: 'Show the alert' }],
    payload: {
      summary: shortened(summaryOf(notification), SUMMARY_LENGTH),
      source: shortened(group === undefined ? alert.assetId : placeOf(group), FIELD_LENGTH),
      severity: severities[worstPriority(group?.alerts ?? [alert])],
      timestamp: rfc3339(alert.firedAt),
      group: alert.className,
      class: alert.rule,
      ...(group !== undefined || alert.channels[0] === undefined
        ? {}
        : { component: shortened(alert.channels[0].channel, FIELD_LENGTH) }),
      custom_details: details,
    },
  };
}

/** The incident has its priority in a field of its own; that it is an escalation has no other place. */
function summaryOf(notification: Notification): string {
  const { alert, group } = notification;
  if (group !== undefined) return headline(notification);
  return alert.escalated === undefined
    ? alert.summary
    : `${alert.summary} (${escalationText(alert.escalated)})`;
}

/** Labels may be longer than a key (255 characters). */
function digestOf(labels: Readonly<Record<string, string>>): string {
  return createHash('sha256').update(JSON.stringify(labels)).digest('hex').slice(0, 32);
}
