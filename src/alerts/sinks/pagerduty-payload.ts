import type { Alert } from '../../types.ts';
import { rfc3339 } from '../rfc3339.ts';
import type { Notification } from '../sink.ts';
import { alertDocument, alertUrl } from './alert-document.ts';
import { shortened } from './alert-text.ts';

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
 * the key that joins the end of an episode to its beginning, so that every episode is an incident of its own.
 */
export function pagerDutyPayload(
  { alert, transition }: Notification,
  externalUrl: string,
  routingKey: string,
): object {
  const url = alertUrl(alert, externalUrl);
  return {
    routing_key: routingKey,
    event_action: transition === 'resolved' ? 'resolve' : 'trigger',
    dedup_key: alert.id,
    client: 'Forewarn',
    client_url: url,
    links: [{ href: url, text: 'Show the alert' }],
    payload: {
      summary: shortened(alert.summary, SUMMARY_LENGTH),
      source: shortened(alert.assetId, FIELD_LENGTH),
      severity: severities[alert.priority],
      timestamp: rfc3339(alert.firedAt),
      group: alert.className,
      class: alert.rule,
      ...(alert.channels[0] === undefined
        ? {}
        : { component: shortened(alert.channels[0].channel, FIELD_LENGTH) }),
      custom_details: alertDocument(alert, externalUrl),
    },
  };
}
