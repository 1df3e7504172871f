/** When an asset's score becomes an alert and when the alert ends. `clear <= raise` gives the hysteresis. */
export interface AlertPolicy {
  /** A score at or above this is active; 1.0 is the model's threshold. */
  readonly raise: number;
  /** While firing, a score at or above this is still active. */
  readonly clear: number;
  /** So many of the last `of` scored windows must be active; `1 <= windows <= of`. */
  readonly raiseOn: { readonly windows: number; readonly of: number };
  /** How long that must hold before it fires; 0 fires at once. */
  readonly forMs: number;
  /** So many scored windows in a row must be clear before it resolves; at least 1. */
  readonly clearAfter: number;
  /** How long it must be clear before it resolves; 0 leaves it to `clearAfter`. */
  readonly keepFiringForMs: number;
}

/**
 * `score` is one scored window; `active` and `inactive` are of rules that know at once, and count no windows. `level` is
 * how bad it is, of rules that have several grades of it.
 */
export type AlertInput =
  | { readonly kind: 'score'; readonly value: number }
  | { readonly kind: 'active'; readonly level?: number }
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

/** One active input. */
interface Sighting {
  readonly at: number;
  readonly score: number | null;
}

interface PendingState extends Timed {
  readonly phase: 'pending';
  /** The last inputs that were not unknown, oldest first, at most `raiseOn.of`; null was inactive. */
  readonly recent: readonly (Sighting | null)[];
  /** How long enough of them have been active so far; 0 while they are too few. */
  readonly activeMs: number;
}

export interface FiringState extends Timed {
  readonly phase: 'firing';
  readonly firedAt: number;
  /** The worst level of the episode; absent without levels. */
  readonly level?: number;
  /** How many inputs in a row were clear so far; 0 while it is active. */
  readonly clearWindows: number;
  /** How long it has been clear so far; null while it is active. */
  readonly clearMs: number | null;
}

/** Why a state changed its phase, or became worse (`escalated`); also the metric label and the reason in the journal. */
export type TransitionReason = 'pending_started' | 'pending_cancelled' | 'raised' | 'escalated' | 'resolved';

export interface Step {
  readonly state: AlertState;
  readonly transition: TransitionReason | null;
}

export const inactive: InactiveState = Object.freeze({ phase: 'inactive' });

/** Most inputs are a healthy machine that stays healthy: they share one result and allocate nothing. */
const stillInactive: Step = Object.freeze({ state: inactive, transition: null });

/** What a rule that knows at once needs: its first word. */
const atOnce: AlertPolicy['raiseOn'] = Object.freeze({ windows: 1, of: 1 });

/**
 * Moves one alert by one input at event time `at` (epoch ms). Pure.
 *
 * It fires when `raiseOn.windows` of the last `raiseOn.of` scored windows were active, and that has held for `forMs`;
 * the input that fires it is active. It resolves when `clearAfter` scored windows in a row were clear, over at least
 * `keepFiringForMs`.
 *
 * Missing data must neither raise nor hide an alert: an unknown input changes nothing by itself and counts as no
 * window. Both clocks run between two inputs that agree; a stretch with unknown inputs in it counts for at most half
 * of the clock: evidence that comes in pieces still adds up, but one gap, however long, never completes a clock by
 * itself. A firing alert escalates at once at an input of a worse level than any before. A NaN score is unknown. When the asset's clock jumps back the stretch counts for nothing and both clocks go
 * on from the new time.
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
  const { windows } = input.kind === 'score' ? policy.raiseOn : atOnce;
  if (windows <= 1 && policy.forMs <= 0) return fire(timed, input, at);
  const recent = [{ at, score: timed.peakScore }];
  return { state: { phase: 'pending', ...timed, recent, activeMs: 0 }, transition: 'pending_started' };
}

function stepPending(
  state: PendingState,
  level: 'active' | 'inactive',
  input: AlertInput,
  at: number,
  policy: AlertPolicy,
): Step {
  const { windows, of } = input.kind === 'score' ? policy.raiseOn : atOnce;
  const before = sightings(state.recent);
  const newest = level === 'active' ? { at, score: peak(null, input) } : null;
  const recent = [...state.recent, newest].slice(-of);
  const seen = sightings(recent);
  if (seen.length === 0) return { state: inactive, transition: 'pending_cancelled' };
  const held = before.length >= windows && seen.length >= windows;
  const activeMs = held ? state.activeMs + stretch(state, at, policy.forMs) : 0;
  // Until enough windows are active the episode begins with the first of those that still count.
  const startedAt = held ? state.startedAt : seen[0].at;
  const timed: Timed = {
    // Nobody has seen this time yet, so after a jump back it moves with the asset's clock.
    startedAt: Math.min(startedAt, at - activeMs),
    peakScore: held ? peak(state.peakScore, input) : highest(seen),
    lastAt: at,
    unbroken: true,
  };
  if (level === 'active' && seen.length >= windows && activeMs >= policy.forMs) return fire(timed, input, at);
  return { state: { phase: 'pending', ...timed, recent, activeMs }, transition: null };
}

function sightings(recent: PendingState['recent']): Sighting[] {
  return recent.filter((one) => one !== null);
}

function highest(seen: readonly Sighting[]): number | null {
  const scores = seen.flatMap(({ score }) => (score === null ? [] : [score]));
  return scores.length === 0 ? null : Math.max(...scores);
}

function fire(timed: Timed, input: AlertInput, at: number): Step {
  const state = { phase: 'firing', ...timed, firedAt: at, clearWindows: 0, clearMs: null } as const;
  const level = levelIn(input);
  return { state: level === 0 ? state : { ...state, level }, transition: 'raised' };
}

function levelIn(input: AlertInput): number {
  return input.kind === 'active' ? (input.level ?? 0) : 0;
}

function stepFiring(
  state: FiringState,
  level: 'active' | 'inactive',
  input: AlertInput,
  at: number,
  policy: AlertPolicy,
): Step {
  const timed = { ...state, lastAt: at, unbroken: true };
  if (level === 'active') {
    const still = { ...timed, peakScore: peak(state.peakScore, input), clearWindows: 0, clearMs: null };
    const level = levelIn(input);
    if (level > (state.level ?? 0)) return { state: { ...still, level }, transition: 'escalated' };
    return { state: still, transition: null };
  }
  const clearMs = state.clearMs === null ? 0 : state.clearMs + stretch(state, at, policy.keepFiringForMs);
  const clearWindows = state.clearWindows + 1;
  const enough = input.kind !== 'score' || clearWindows >= policy.clearAfter;
  if (enough && clearMs >= policy.keepFiringForMs) return { state: inactive, transition: 'resolved' };
  return { state: { ...timed, clearWindows, clearMs }, transition: null };
}

function stretch(state: Timed, at: number, clockMs: number): number {
  const passedMs = Math.max(0, at - state.lastAt);
  return state.unbroken ? passedMs : Math.min(passedMs, clockMs / 2);
}

function peak(before: number | null, input: AlertInput): number | null {
  if (input.kind !== 'score') return before;
  return before === null ? input.value : Math.max(before, input.value);
}
