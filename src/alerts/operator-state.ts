import type {
  Alert,
  AlertEscalation,
  AlertHandling,
  AlertOutcome,
  OperatorRefusal,
  OperatorState,
} from '../types.ts';
import { type Escalation, escalatedTo } from './escalation.ts';

/** Shelving is for a shift or a delivery of spare parts; what must be quiet for longer is out of service. */
export const LONGEST_SHELVING_MS = 30 * 86_400_000;

/** What keeps an alert from people, at one moment. */
export type Withholding = Pick<AlertHandling, 'shelvedUntil' | 'suppressedFor' | 'outOfService'>;

/** What can be done about one alert; `shelving_expired` and `return_to_normal` happen by themselves. */
export type OperatorMove =
  | { readonly kind: 'escalate'; readonly to: Escalation }
  | { readonly kind: 'acknowledge' | 'comment' | 'unshelve' | 'shelving_expired' | 'unsuppress' }
  | { readonly kind: 'take_out_of_service' | 'return_to_service' | 'return_to_normal' }
  | { readonly kind: 'shelve'; readonly until: number }
  | { readonly kind: 'suppress'; readonly reason: string }
  | { readonly kind: 'assign'; readonly to: string }
  | { readonly kind: 'judge'; readonly outcome: AlertOutcome | null };

type Moved =
  | {
      readonly ok: true;
      readonly handling: AlertHandling;
      /** The sinks are to be told now that it fires. */
      readonly tell: boolean;
    }
  | { readonly ok: false; readonly refusal: OperatorRefusal };

const notEscalated: AlertEscalation = { count: 0, steps: [], sinks: [] };

/** What an alert comes with that is raised at wall time `now`. */
export function handlingWhenRaised(withholding: Withholding, now: number): AlertHandling {
  return {
    told: !isWithheld(withholding),
    acknowledged: false,
    ...withholding,
    assignee: null,
    outcome: null,
    unansweredSince: isWithheld(withholding) ? null : now,
    escalation: notEscalated,
  };
}

/**
 * The handling with its clock of escalation as it must run at wall time `now`: it stops when somebody has acknowledged,
 * while something holds the alert back, and when the alert is over; it begins anew, with all steps still to be taken,
 * when none of these holds any more.
 */
export function withAnswerClock(handling: AlertHandling, firing: boolean, now: number): AlertHandling {
  const asks = firing && handling.told && !handling.acknowledged && !isWithheld(handling);
  if (asks === (handling.unansweredSince !== null)) return handling;
  if (!asks) return { ...handling, unansweredSince: null };
  return { ...handling, unansweredSince: now, escalation: { ...handling.escalation, steps: [] } };
}

export function isWithheld({ shelvedUntil, suppressedFor, outOfService }: Withholding): boolean {
  return shelvedUntil !== null || suppressedFor !== null || outOfService;
}

/** One word for it, after ISA-18.2; what a person has decided outranks what a rule has. */
export function operatorStateOf(handling: AlertHandling, firing: boolean): OperatorState {
  if (handling.outOfService) return 'out_of_service';
  if (handling.shelvedUntil !== null) return 'shelved';
  if (handling.suppressedFor !== null) return 'suppressed';
  if (firing) return handling.acknowledged ? 'acknowledged' : 'unacknowledged';
  // Nobody was told of it, so nobody has to say that he knows.
  return handling.acknowledged || !handling.told ? 'closed' : 'returned_unacknowledged';
}

/** The alert with this handling, and the operator state that follows from it. */
export function withHandling(alert: Alert, handling: AlertHandling): Alert {
  return { ...alert, handling, operatorState: operatorStateOf(handling, alert.state === 'firing') };
}

/**
 * True when shelving until `until` is over at wall time `now`. Longer than it may last means that the wall clock was
 * put back: shelving ends then, rather than hide an alert for nobody knows how long.
 */
export function shelvingIsOver(until: number, now: number): boolean {
  return now >= until || until - now > LONGEST_SHELVING_MS;
}

/**
 * Makes one move at wall time `now`. Pure. Shelving, suppression and being out of service are kept apart, as in OPC UA
 * part 9, and exist while the alert fires: when it returns to normal they go with it. A move that changes nothing, such
 * as acknowledging twice, gives the same handling.
 */
export function move(handling: AlertHandling, firing: boolean, what: OperatorMove, now: number): Moved {
  const refusal = refusalOf(handling, firing, what, now);
  if (refusal !== null) return { ok: false, refusal };
  const next = moved(handling, what);
  const fires = firing && what.kind !== 'return_to_normal';
  const tell = fires && !next.told && !isWithheld(next);
  return { ok: true, handling: withAnswerClock(tell ? { ...next, told: true } : next, fires, now), tell };
}

function refusalOf(
  handling: AlertHandling,
  firing: boolean,
  what: OperatorMove,
  now: number,
): OperatorRefusal | null {
  switch (what.kind) {
    case 'acknowledge':
    case 'comment':
    case 'assign':
    case 'judge':
      return null;
    case 'escalate':
      if (!firing) return 'alert_is_over';
      return isWithheld(handling) ? 'alert_is_withheld' : null;
    case 'shelve':
      if (!firing) return 'alert_is_over';
      return shelvingIsOver(what.until, now) ? 'bad_shelving_time' : null;
    case 'unshelve':
      return handling.shelvedUntil === null ? 'not_shelved' : null;
    case 'shelving_expired':
      if (handling.shelvedUntil === null) return 'not_shelved';
      return shelvingIsOver(handling.shelvedUntil, now) ? null : 'bad_shelving_time';
    case 'return_to_service':
      return handling.outOfService ? null : 'not_out_of_service';
    case 'suppress':
    case 'unsuppress':
    case 'take_out_of_service':
    case 'return_to_normal':
      return firing ? null : 'alert_is_over';
  }
}

function moved(handling: AlertHandling, what: OperatorMove): AlertHandling {
  switch (what.kind) {
    case 'acknowledge':
      return handling.acknowledged ? handling : { ...handling, acknowledged: true };
    case 'comment':
      return handling;
    case 'judge':
      if (handling.outcome === what.outcome && handling.acknowledged) return handling;
      // Whoever has been at the machine knows of the alert.
      return { ...handling, outcome: what.outcome, acknowledged: true };
    case 'escalate':
      return escalatedTo(handling, what.to);
    case 'assign':
      return { ...handling, assignee: what.to };
    case 'shelve':
      return { ...handling, shelvedUntil: what.until };
    case 'unshelve':
    case 'shelving_expired':
      return { ...handling, shelvedUntil: null };
    case 'suppress':
      return { ...handling, suppressedFor: what.reason };
    case 'unsuppress':
      return { ...handling, suppressedFor: null };
    case 'take_out_of_service':
      return { ...handling, outOfService: true };
    case 'return_to_service':
      return { ...handling, outOfService: false };
    case 'return_to_normal':
      return { ...handling, shelvedUntil: null, suppressedFor: null, outOfService: false };
  }
}

/**
 * The moves from one withholding to another, in the order that tells the sinks at the last one if at all; `expired` says
 * that shelving ends by itself.
 */
export function movesTo(before: Withholding, after: Withholding, expired: boolean): OperatorMove[] {
  const moves: OperatorMove[] = [];
  if (after.outOfService && !before.outOfService) moves.push({ kind: 'take_out_of_service' });
  if (after.suppressedFor !== null && after.suppressedFor !== before.suppressedFor)
    moves.push({ kind: 'suppress', reason: after.suppressedFor });
  if (after.shelvedUntil !== null && after.shelvedUntil !== before.shelvedUntil)
    moves.push({ kind: 'shelve', until: after.shelvedUntil });
  if (after.shelvedUntil === null && before.shelvedUntil !== null)
    moves.push({ kind: expired ? 'shelving_expired' : 'unshelve' });
  if (after.suppressedFor === null && before.suppressedFor !== null) moves.push({ kind: 'unsuppress' });
  if (!after.outOfService && before.outOfService) moves.push({ kind: 'return_to_service' });
  return moves;
}
