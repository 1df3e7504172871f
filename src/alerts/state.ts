/** When an asset's score becomes an alert and when the alert ends. `clear <= raise` gives the hysteresis. */
export interface AlertPolicy {
  /** A score at or above this is active; 1.0 is the model's threshold. */
  readonly raise: number;
  /** While firing, a score at or above this is still active. */
  readonly clear: number;
  /** How long it must be active before it fires; 0 fires at the first active input. */
  readonly forMs: number;
  /** How long it must be clear before it resolves; 0 resolves at the first clear input. */
  readonly keepFiringForMs: number;
}

export type AlertInput =
  | { readonly kind: 'score'; readonly value: number }
  | { readonly kind: 'active' }
  | { readonly kind: 'inactive' }
  | { readonly kind: 'unknown'; readonly reason: string };

/** Where one (asset, rule) stands. Plain data, so that it can be stored, and moved to another machine. */
export type AlertState = InactiveState | PendingState | FiringState;

export interface InactiveState {
  readonly phase: 'inactive';
}

interface Timed {
  /** First active input of the episode. */
  readonly startedAt: number;
  readonly peakScore: number | null;
  /** Time of the last input that was not unknown. */
  readonly lastAt: number;
  /** False when something unknown (missing data, a restart) lies between `lastAt` and now. */
  readonly unbroken: boolean;
}

interface PendingState extends Timed {
  readonly phase: 'pending';
  /** How long it has been active so far. */
  readonly activeMs: number;
}

export interface FiringState extends Timed {
  readonly phase: 'firing';
  readonly firedAt: number;
  /** How long it has been clear so far; null while it is active. */
  readonly clearMs: number | null;
}

/** Why a state changed its phase; also the metric label and the reason in the journal. */
export type TransitionReason = 'pending_started' | 'pending_cancelled' | 'raised' | 'resolved';

export interface Step {
  readonly state: AlertState;
  readonly transition: TransitionReason | null;
}

export const inactive: InactiveState = Object.freeze({ phase: 'inactive' });

/** Most inputs are a healthy machine that stays healthy: they share one result and allocate nothing. */
const stillInactive: Step = Object.freeze({ state: inactive, transition: null });

/**
 * Moves one alert by one input at event time `at` (epoch ms). Pure.
 *
 * Both clocks (`forMs` towards firing, `keepFiringForMs` towards resolved) run between two inputs that agree.
 * What lies between them may be unknown; missing data must neither raise nor hide an alert, so an unknown input
 * changes nothing by itself, and a stretch with unknown inputs in it counts for at most half of the clock:
 * evidence that comes in pieces still adds up, but one gap, however long, never completes a clock by itself.
 * A NaN score is unknown. When the asset's clock jumps back the stretch counts for nothing and both clocks go on
 * from the new time.
 */
export function step(state: AlertState, input: AlertInput, at: number, policy: AlertPolicy): Step {
  const level = levelOf(input, state.phase === 'firing' ? policy.clear : policy.raise);
  if (state.phase === 'inactive') return level === 'active' ? begin(input, at, policy) : stillInactive;
  if (level === 'unknown') return { state: interrupted(state), transition: null };
  return state.phase === 'pending'
    ? stepPending(state, level, input, at, policy)
    : stepFiring(state, level, input, at, policy);
}

/** The state as it must be taken up after a time without input, such as a restart. */
export function interrupted(state: AlertState): AlertState {
  return state.phase === 'inactive' || !state.unbroken ? state : { ...state, unbroken: false };
}

function levelOf(input: AlertInput, threshold: number): 'active' | 'inactive' | 'unknown' {
  if (input.kind !== 'score') return input.kind;
  if (Number.isNaN(input.value)) return 'unknown';
  return input.value >= threshold ? 'active' : 'inactive';
}

function begin(input: AlertInput, at: number, policy: AlertPolicy): Step {
  const timed: Timed = { startedAt: at, peakScore: peak(null, input), lastAt: at, unbroken: true };
  if (policy.forMs <= 0) return fire(timed, at);
  return { state: { phase: 'pending', ...timed, activeMs: 0 }, transition: 'pending_started' };
}

function stepPending(
  state: PendingState,
  level: 'active' | 'inactive',
  input: AlertInput,
  at: number,
  policy: AlertPolicy,
): Step {
  if (level === 'inactive') return { state: inactive, transition: 'pending_cancelled' };
  const activeMs = state.activeMs + stretch(state, at, policy.forMs);
  const timed: Timed = {
    // Nobody has seen this time yet, so after a jump back it moves with the asset's clock.
    startedAt: at < state.startedAt ? at - activeMs : state.startedAt,
    peakScore: peak(state.peakScore, input),
    lastAt: at,
    unbroken: true,
  };
  if (activeMs >= policy.forMs) return fire(timed, at);
  return { state: { phase: 'pending', ...timed, activeMs }, transition: null };
}

function fire(timed: Timed, at: number): Step {
  return { state: { phase: 'firing', ...timed, firedAt: at, clearMs: null }, transition: 'raised' };
}

function stepFiring(
  state: FiringState,
  level: 'active' | 'inactive',
  input: AlertInput,
  at: number,
  policy: AlertPolicy,
): Step {
  if (level === 'active') {
    const peakScore = peak(state.peakScore, input);
    return { state: { ...state, peakScore, lastAt: at, unbroken: true, clearMs: null }, transition: null };
  }
  const clearMs = state.clearMs === null ? 0 : state.clearMs + stretch(state, at, policy.keepFiringForMs);
  if (clearMs >= policy.keepFiringForMs) return { state: inactive, transition: 'resolved' };
  return { state: { ...state, lastAt: at, unbroken: true, clearMs }, transition: null };
}

function stretch(state: Timed, at: number, clockMs: number): number {
  const passedMs = Math.max(0, at - state.lastAt);
  return state.unbroken ? passedMs : Math.min(passedMs, clockMs / 2);
}

function peak(before: number | null, input: AlertInput): number | null {
  if (input.kind !== 'score') return before;
  return before === null ? input.value : Math.max(before, input.value);
}
