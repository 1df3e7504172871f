import type { TransitionReason } from './state.ts';

type IgnoredReason =
  /** The journal fails and as many transitions as may wait are waiting. */
  | 'journal_failing'
  /** The time was not a finite number. */
  | 'no_time';

/** How the alerts stand. */
export interface AlertingStatus {
  readonly pending: number;
  readonly firing: number;
  /** Counted since start, by reason. */
  readonly transitions: Readonly<Record<TransitionReason, number>>;
  /** Transitions that wait for the journal. */
  readonly uncommitted: number;
  /** Inputs since start that moved no state, by reason. */
  readonly ignored: Readonly<Record<IgnoredReason, number>>;
  /** What the journal said last; null when it works. */
  readonly journalError: string | null;
}
