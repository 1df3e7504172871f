import type { Fleet } from '../fleet.ts';
import type { Alert, AlertRule, OperatorState } from '../types.ts';
import type { KpisBody } from './kpi-schemas.ts';
import type { StatusBody } from './status-schema.ts';
import type { Timed } from './timed.ts';
import type { WhyNotBody } from './why-not-schemas.ts';

/** All times are epoch milliseconds; a filter that is left out always holds. */
export interface AlertListQuery {
  readonly assetId?: string;
  readonly className?: string;
  readonly rule?: AlertRule;
  readonly state?: Alert['state'];
  /** `open` is every state but `closed`. */
  readonly operatorState?: OperatorState | 'open';
  /** Fired at or after. */
  readonly since?: number;
  /** Fired before. */
  readonly until?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly limit?: number;
  readonly cursor?: string;
}

/** Kept alerts, newest first. */
interface AlertSource {
  list(query: AlertListQuery): { readonly alerts: readonly Alert[]; readonly nextCursor: string | null };
  get(id: string): Alert | null;
  /** Oldest first; empty for an alert that is not known. */
  transitions(id: string): readonly AlertLine[];
}

/** A line of an alert's history. */
interface AlertLine {
  readonly at: number;
  readonly recordedAt: number;
  readonly what: string;
  readonly reason: string;
  readonly by: string | null;
  readonly comment: string | null;
}

/** Everything that happens to alerts, numbered in the order of writing. */
export interface AlertEventSource {
  /** What came after the event of this number, oldest first, each with the alert as it is now. */
  events(
    after: number,
    limit: number,
  ): readonly (AlertLine & { readonly number: number; readonly alert: Alert })[];
  /** Number of the newest event. */
  lastEvent(): number;
  /** Calls `listener` after each change; gives what ends it. */
  subscribe(listener: () => void): () => void;
}

/** Figures of the alarms; times are wall time. */
export interface KpiSource {
  now(): number;
  /** Null when there are too many alerts from `since` on to be read for an answer. */
  report(since: number, until: number, siteLabel: string): Timed<Omit<KpisBody, 'since' | 'until'>> | null;
}

/**
 * What the API reads. The daemon implements it; every function is called once a request, answers at once, and
 * gives values that the API may keep. A retryable ForewarnError becomes 503 with its code, anything else 500.
 */
export interface ApiSources {
  status(): Timed<StatusBody>;
  readonly fleet: Pick<Fleet, 'assets' | 'asset'>;
  whyNot(assetId: string): Timed<WhyNotBody>;
  readonly alerts: AlertSource;
  readonly alertEvents: AlertEventSource;
  readonly kpis: KpiSource;
  readonly metrics: { readonly contentType: string; text(): Promise<string> };
  readiness(): { readonly ready: boolean; readonly reasons: readonly string[] };
}
