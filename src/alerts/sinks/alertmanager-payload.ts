import { createHash } from 'node:crypto';
import type { Alert } from '../../types.ts';
import { isLimitRule, type RuleKind, ruleKindOf } from '../alert-rule.ts';
import { escalationText } from '../escalation-text.ts';
import { rfc3339 } from '../rfc3339.ts';
import type { Notification, NotificationGroup } from '../sink.ts';
import { alertUrl } from './alert-document.ts';
import { groupHeadline } from './group-text.ts';

/** What Go prints for a time that is not set; receivers of Alertmanager take it for "still firing". */
const NO_TIME = '0001-01-01T00:00:00Z';

const ALERT_NAMES: Readonly<Record<RuleKind, string>> = {
  anomaly: 'ForewarnAnomaly',
  silent: 'ForewarnSilent',
  limit: 'ForewarnLimit',
  watchdog: 'ForewarnWatchdog',
};

interface AlertmanagerAlert {
  readonly status: Notification['transition'];
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
  readonly fingerprint: string;
  /** Not of Alertmanager: all that we know of the alert. */
  readonly forewarn: Alert;
}

/** The body that Alertmanager posts to a webhook (https://prometheus.io/docs/alerting/latest/configuration/#webhook_config). */
export interface AlertmanagerPayload {
  readonly version: '4';
  readonly groupKey: string;
  readonly truncatedAlerts: number;
  readonly status: Notification['transition'];
  readonly receiver: string;
  readonly groupLabels: Readonly<Record<string, string>>;
  readonly commonLabels: Readonly<Record<string, string>>;
  readonly commonAnnotations: Readonly<Record<string, string>>;
  readonly externalURL: string;
  readonly alerts: readonly AlertmanagerAlert[];
}

/** One alert is a group as well. `externalUrl` is where people reach this Forewarn, without a slash at its end. */
export function alertmanagerPayload(
  notification: Notification,
  receiver: string,
  externalUrl: string,
): AlertmanagerPayload {
  const { alert, transition, group } = notification;
  if (group !== undefined) return groupPayload(notification, group, receiver, externalUrl);
  const labels = labelsOf(alert);
  const annotations = annotationsOf(alert);
  // An asset has one alert of its model and one of its silence, and of its limits one for each side of a channel.
  const groupLabels = {
    alertname: labels.alertname,
    asset_id: labels.asset_id,
    ...(isLimitRule(alert.rule) ? { rule: labels.rule } : {}),
  };
  return {
    version: '4',
    groupKey: groupKeyOf(groupLabels),
    truncatedAlerts: 0,
    status: transition,
    receiver,
    groupLabels,
    commonLabels: labels,
    commonAnnotations: annotations,
    externalURL: externalUrl,
    alerts: [{ ...memberOf(alert, externalUrl), status: transition }],
  };
}

function groupPayload(
  { transition }: Notification,
  group: NotificationGroup,
  receiver: string,
  externalUrl: string,
): AlertmanagerPayload {
  const alerts = group.alerts.map((alert) => memberOf(alert, externalUrl));
  const groupLabels = Object.fromEntries(
    Object.entries(group.labels).map(([name, value]) => [labelName(name), value]),
  );
  return {
    version: '4',
    groupKey: groupKeyOf(groupLabels),
    truncatedAlerts: group.total - alerts.length,
    status: transition,
    receiver,
    groupLabels,
    commonLabels: commonOf(alerts.map(({ labels }) => labels)),
    // Of Alertmanager's annotations `summary` is what templates show: here it is that of the group.
    commonAnnotations: {
      ...commonOf(alerts.map(({ annotations }) => annotations)),
      summary: groupHeadline({ transition }, group),
      ...(group.incident === null ? {} : { incident: group.incident.id, first_asset: group.incident.first }),
    },
    externalURL: externalUrl,
    alerts,
  };
}

function memberOf(alert: Alert, externalUrl: string): AlertmanagerAlert {
  const labels = labelsOf(alert);
  return {
    status: alert.state,
    labels,
    annotations: annotationsOf(alert),
    startsAt: rfc3339(alert.startedAt),
    endsAt: alert.resolvedAt === null ? NO_TIME : rfc3339(alert.resolvedAt),
    generatorURL: alertUrl(alert, externalUrl),
    fingerprint: fingerprintOf(labels),
    forewarn: alert,
  };
}

function groupKeyOf(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `{}:{${pairs.join(', ')}}`;
}

/** What all have, with the same value. */
function commonOf(all: readonly Readonly<Record<string, string>>[]): Record<string, string> {
  const [first = {}, ...others] = all;
  const common = Object.entries(first).filter(([name, value]) =>
    others.every((other) => Object.hasOwn(other, name) && other[name] === value),
  );
  return Object.fromEntries(common);
}

/** The same for every episode of one asset and rule: receivers know an alert by its labels. */
export function labelsOf(alert: Alert): Record<'alertname' | 'asset_id' | 'class' | 'rule', string> {
  const own = {
    alertname: ALERT_NAMES[ruleKindOf(alert.rule)],
    asset_id: alert.assetId,
    class: alert.className,
    rule: alert.rule,
  };
  const place = Object.entries(alert.labels).map(([name, value]) => [labelName(name), value]);
  return { ...Object.fromEntries(place), ...own };
}

/** What Alertmanager shows of an alert beside its labels. */
export function annotationsOf(alert: Alert): Record<string, string> {
  const [top] = alert.channels;
  return {
    summary: alert.summary,
    alert_id: alert.id,
    priority: alert.priority,
    ...(alert.action === null ? {} : { action: alert.action }),
    ...(alert.escalated === undefined ? {} : { escalation: escalationText(alert.escalated) }),
    ...(top === undefined ? {} : { channel: top.channel }),
  };
}

/** Prometheus allows letters, digits and underscores, and no digit in front. */
function labelName(name: string): string {
  return name.replace(/[^a-zA-Z0-9_]/g, '_').replace(/^(?=\d|$)/, '_');
}

function fingerprintOf(labels: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(sorted)).digest('hex').slice(0, 16);
}
