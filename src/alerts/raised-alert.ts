import {
  type Alert,
  type AlertPriority,
  type AlertRule,
  type Asset,
  confidenceOf,
  type Score,
} from '../types.ts';
import type { ConditionDetails } from './evidence.ts';
import {
  handlingWhenRaised,
  operatorStateOf,
  type Withholding,
  withAnswerClock,
  withHandling,
} from './operator-state.ts';
import { priorityOf } from './priority.ts';
import type { FiringState } from './state.ts';

interface RaisedFrom {
  readonly id: string;
  readonly rule: AlertRule;
  readonly asset: Asset;
  readonly state: FiringState;
  /** Null for rules without a score. */
  readonly score: Score | null;
  readonly said: ConditionDetails;
  /** What keeps it from people from the start. */
  readonly withholding: Withholding;
  /** Wall time. */
  readonly now: number;
  readonly consequence: AlertPriority;
  readonly action: string | null;
}

/** The alert as it is raised. */
export function raisedAlert(from: RaisedFrom): Alert {
  const { asset, state, score, said } = from;
  const handling = handlingWhenRaised(from.withholding, from.now);
  const model = score?.model ?? null;
  return {
    id: from.id,
    assetId: asset.id,
    className: asset.className,
    labels: asset.labels,
    rule: from.rule,
    state: 'firing',
    operatorState: operatorStateOf(handling, true),
    handling,
    priority: said.priority ?? priorityOf(from.consequence, state.peakScore, confidenceOf(model)),
    startedAt: state.startedAt,
    firedAt: state.firedAt,
    resolvedAt: null,
    score: score?.value ?? null,
    peakScore: state.peakScore,
    model,
    channels: said.channels,
    summary: said.summary,
    action: from.action,
  };
}

/** The alert with a new peak, and the priority that follows from it. */
export function withPeak(alert: Alert, peakScore: number | null, consequence: AlertPriority): Alert {
  if (peakScore === alert.peakScore) return alert;
  const priority = priorityOf(consequence, peakScore, confidenceOf(alert.model));
  return { ...alert, peakScore, priority };
}

/** The alert after it has become worse. Its evidence stays; who has acknowledged it knew of less than this. */
export function escalatedAlert(
  alert: Alert,
  { priority = alert.priority }: ConditionDetails,
  now: number,
): Alert {
  const handling = withAnswerClock({ ...alert.handling, acknowledged: false }, true, now);
  return withHandling({ ...alert, priority }, handling);
}
