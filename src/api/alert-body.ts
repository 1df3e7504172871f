import { type Alert, confidenceOf } from '../types.ts';
import type { AlertBody } from './alert-schemas.ts';
import { iso, isoOrNull } from './timed.ts';

/** An alert as the API shows it. */
export function alertBody(alert: Alert): AlertBody {
  const { handling } = alert;
  return {
    id: alert.id,
    asset: alert.assetId,
    class: alert.className,
    labels: { ...alert.labels },
    rule: alert.rule,
    state: alert.state,
    operatorState: alert.operatorState,
    handling: {
      ...handling,
      shelvedUntil: isoOrNull(handling.shelvedUntil),
      unansweredSince: isoOrNull(handling.unansweredSince),
      escalation: {
        ...handling.escalation,
        steps: [...handling.escalation.steps],
        sinks: [...handling.escalation.sinks],
      },
    },
    priority: alert.priority,
    startedAt: iso(alert.startedAt),
    firedAt: iso(alert.firedAt),
    resolvedAt: isoOrNull(alert.resolvedAt),
    score: alert.score,
    peakScore: alert.peakScore,
    model: alert.model,
    confidence: confidenceOf(alert.model),
    channels: alert.channels.map((evidence) => ({ ...evidence })),
    summary: alert.summary,
    action: alert.action,
    incident: alert.incident === undefined ? null : { ...alert.incident },
  };
}
