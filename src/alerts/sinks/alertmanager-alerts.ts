import type { Alert } from '../../types.ts';
import { rfc3339 } from '../rfc3339.ts';
import { alertUrl } from './alert-document.ts';
import { annotationsOf, labelsOf } from './alertmanager-payload.ts';

/**
 * How long Alertmanager holds an alert that it hears no more of. Prometheus gives minutes; a day keeps an outage of
 * Forewarn from looking like machines that have recovered.
 */
const HELD_MS = 86_400_000;

/** A `postableAlert` of Alertmanager (https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml). */
export interface PostableAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL: string;
}

/** The body of `POST /api/v2/alerts`. `now` is wall time. */
export function postableAlerts(
  alerts: readonly Alert[],
  externalUrl: string,
  now: number,
): readonly PostableAlert[] {
  return alerts.map((alert) => ({
    labels: labelsOf(alert),
    annotations: annotationsOf(alert),
    startsAt: rfc3339(alert.startedAt),
    // Replayed alerts may be older than a day and still fire: the hold counts from now.
    endsAt: rfc3339(alert.resolvedAt ?? Math.max(now, alert.startedAt) + HELD_MS),
    generatorURL: alertUrl(alert, externalUrl),
  }));
}
