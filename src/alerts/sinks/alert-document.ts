import {
  type Alert,
  type ChannelEvidence,
  type Confidence,
  confidenceOf,
  type EscalationCause,
} from '../../types.ts';
import { escalationText } from '../escalation-text.ts';
import { rfc3339 } from '../rfc3339.ts';

/** An alert for machines that are not Forewarn: named and timed as the API does it, with a link to it. */
export interface AlertDocument {
  readonly id: string;
  readonly asset: string;
  readonly class: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly rule: Alert['rule'];
  readonly state: Alert['state'];
  readonly priority: Alert['priority'];
  readonly startedAt: string;
  readonly firedAt: string;
  readonly resolvedAt: string | null;
  readonly score: number | null;
  readonly peakScore: number | null;
  readonly model: string | null;
  readonly confidence: Confidence | null;
  readonly channels: readonly ChannelEvidence[];
  readonly summary: string;
  readonly action: string | null;
  /** Why it is told now, where that is an escalation. */
  readonly escalation: {
    readonly step: string;
    readonly unansweredSeconds: number | null;
    readonly by: string | null;
    readonly text: string;
  } | null;
  readonly url: string;
}

/** `externalUrl` is where people reach this Forewarn, without a slash at its end. */
export function alertDocument(alert: Alert, externalUrl: string): AlertDocument {
  return {
    id: alert.id,
    asset: alert.assetId,
    class: alert.className,
    labels: alert.labels,
    rule: alert.rule,
    state: alert.state,
    priority: alert.priority,
    startedAt: rfc3339(alert.startedAt),
    firedAt: rfc3339(alert.firedAt),
    resolvedAt: alert.resolvedAt === null ? null : rfc3339(alert.resolvedAt),
    score: alert.score,
    peakScore: alert.peakScore,
    model: alert.model,
    confidence: confidenceOf(alert.model),
    channels: alert.channels,
    summary: alert.summary,
    action: alert.action,
    escalation: alert.escalated === undefined ? null : escalationDocument(alert.escalated),
    url: alertUrl(alert, externalUrl),
  };
}

function escalationDocument(escalated: EscalationCause): AlertDocument['escalation'] {
  const { step, unansweredMs, by } = escalated;
  const unansweredSeconds = unansweredMs === null ? null : Math.round(unansweredMs / 1000);
  return { step, unansweredSeconds, by, text: escalationText(escalated) };
}

/** Where the API shows the alert. */
export function alertUrl(alert: Alert, externalUrl: string): string {
  return `${externalUrl}/api/v1/alerts/${alert.id}`;
}
