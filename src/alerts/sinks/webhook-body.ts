import type { Clock } from '../../types.ts';
import type { Notification } from '../sink.ts';
import { postableAlerts } from './alertmanager-alerts.ts';
import { alertmanagerPayload } from './alertmanager-payload.ts';
import { pagerDutyPayload } from './pagerduty-payload.ts';
import { slackPayload } from './slack-payload.ts';
import { teamsPayload } from './teams-payload.ts';
import { createTemplateBody } from './template-payload.ts';

/** What a receiver understands, with what it needs for that. */
export type WebhookFormat =
  | { readonly kind: 'alertmanager' | 'alertmanager_api' | 'slack' | 'teams' }
  | { readonly kind: 'pagerduty'; readonly routingKey: string }
  | { readonly kind: 'template'; readonly template: string };

interface BodyOptions {
  /** Of the receiver, which Alertmanager's webhook names. */
  readonly name: string;
  /** Where people reach this Forewarn, without a slash at its end; asked for at each request. */
  readonly externalUrl: () => string;
  /** Wall time. */
  readonly clock: Clock;
}

/** Gives the JSON that a receiver of this format gets. @throws ForewarnError `TEMPLATE_INVALID` */
export function webhookBody(
  format: WebhookFormat,
  { name, externalUrl, clock }: BodyOptions,
): (notification: Notification) => string {
  switch (format.kind) {
    case 'template': {
      const body = createTemplateBody(format.template);
      return (notification) => body(notification, externalUrl());
    }
    case 'slack':
      return (notification) => JSON.stringify(slackPayload(notification, externalUrl()));
    case 'teams':
      return (notification) => JSON.stringify(teamsPayload(notification, externalUrl()));
    case 'pagerduty':
      return (notification) =>
        JSON.stringify(pagerDutyPayload(notification, externalUrl(), format.routingKey));
    case 'alertmanager_api':
      // It is told of each alert; of a group only what waited when its format was another.
      return ({ alert, group }) =>
        JSON.stringify(postableAlerts(group?.alerts ?? [alert], externalUrl(), clock()));
    case 'alertmanager':
      return (notification) => JSON.stringify(alertmanagerPayload(notification, name, externalUrl()));
  }
}
