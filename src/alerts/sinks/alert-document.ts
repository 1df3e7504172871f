import { type Alert, type ChannelEvidence, type Confidence, confidenceOf } from '../../types.ts';
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
    url: alertUrl(alert, externalUrl),
  };
}

/** Where the API shows the alert. */
export function alertUrl(alert: Alert, externalUrl: string): string {
  return `${externalUrl}/api/v1/alerts/${alert.id}`;
}
