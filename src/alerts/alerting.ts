import type { Logger } from '../log.ts';
import type { Alert, AlertRule, Asset, Channel, Clock, Verdict } from '../types.ts';
import { createAlertIds } from './alert-id.ts';
import { CommitQueue } from './commit-queue.ts';
import { describeAnomaly, describeSilence, evidenceOf } from './evidence.ts';
import type { Journal, StoredState } from './journal.ts';
import {
  type AlertInput,
  type AlertPolicy,
  type FiringState,
  inactive,
  interrupted,
  step,
  type TransitionReason,
} from './state.ts';

export interface AlertingOptions {
  readonly journal: Journal;
  /** Names of the sinks that every alert goes to. */
  readonly sinks: readonly string[];
  /** Asked at every verdict, so it must be a look-up. */
  readonly policies: (className: string) => AlertPolicy;
  /** Channels of the class, in the order of a score's arrays. */
  readonly channels: (className: string) => readonly Channel[];
  /** Wall time, for ids only: alerts live in the event time of their asset. */
  readonly clock: Clock;
  readonly log: Logger;
  /** Called for every alert that was raised or resolved, once it is safe in the journal. */
  readonly onChange?: (alert: Alert) => void;
}

type IgnoredReason =
  /** The journal fails and as many transitions as may wait are waiting. */
  | 'journal_failing'
  /** The time was not a finite number. */
  | 'no_time';

interface AlertingStatus {
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

/** Turns verdicts into alerts. Nothing is written for a verdict that changes no phase. */
export interface Alerting {
  /** Takes up the episodes that the journal knows; throws `JOURNAL_FAILED` when it cannot be read. */
  start(): void;
  onVerdict(verdict: Verdict): void;
  /** Says that the asset does, or does not, publish; call it again and again while the silence lasts. */
  onSilence(asset: Asset, silent: boolean, at: number): void;
  /** Writes what waits, which otherwise happens at the end of the turn; false when the journal refuses. */
  flush(): boolean;
  /** Writes clocks and peaks of the episodes in progress as well; false when the journal refuses. */
  save(): boolean;
  /** The episode of an asset in progress, with its peak up to now. */
  current(assetId: string, rule: AlertRule): StoredState | null;
  status(): AlertingStatus;
  /** Saves and lets go; safe to call twice. */
  stop(): void;
}

/** Keyed by asset id, because an asset's index lasts no longer than the process. */
type Tracked = Pick<StoredState, 'state' | 'alert'>;

export function createAlerting(options: AlertingOptions): Alerting {
  return new JournaledAlerting(options);
}

class JournaledAlerting implements Alerting {
  readonly #options: AlertingOptions;
  readonly #nextId: () => string;
  readonly #queue: CommitQueue;
  /** Episodes in progress only: a healthy asset has no entry. */
  readonly #tracked: Readonly<Record<AlertRule, Map<string, Tracked>>> = {
    anomaly: new Map(),
    silent: new Map(),
  };
  readonly #transitions = { pending_started: 0, pending_cancelled: 0, raised: 0, resolved: 0 };
  readonly #ignored = { journal_failing: 0, no_time: 0 };

  constructor(options: AlertingOptions) {
    this.#options = options;
    this.#nextId = createAlertIds(options.clock);
    this.#queue = new CommitQueue(options.journal, options.log, (alert) => options.onChange?.(alert));
  }

  start(): void {
    for (const { assetId, rule, state, alert } of this.#options.journal.restore()) {
      this.#tracked[rule].set(assetId, { state: interrupted(state), alert });
    }
  }

  onVerdict(verdict: Verdict): void {
    const input: AlertInput =
      verdict.kind === 'unknown' ? verdict : { kind: 'score', value: verdict.score.value };
    this.#step('anomaly', verdict.asset, input, Math.round(verdict.at), verdict);
  }

  onSilence(asset: Asset, silent: boolean, at: number): void {
    this.#step('silent', asset, { kind: silent ? 'active' : 'inactive' }, Math.round(at), null);
  }

  flush(): boolean {
    return this.#queue.flush();
  }

  save(): boolean {
    if (!this.#queue.flush()) return false;
    const states = Object.entries(this.#tracked).flatMap(([rule, tracked]) =>
      Array.from(tracked, ([assetId, one]) => ({ assetId, rule: rule as AlertRule, ...one })),
    );
    return states.length === 0 || this.#queue.attempt(() => this.#options.journal.save(states));
  }

  current(assetId: string, rule: AlertRule): StoredState | null {
    const tracked = this.#tracked[rule].get(assetId);
    if (tracked === undefined) return null;
    const { state, alert } = tracked;
    if (alert === null || state.phase !== 'firing') return { assetId, rule, state, alert };
    return { assetId, rule, state, alert: { ...alert, peakScore: state.peakScore } };
  }

  status(): AlertingStatus {
    let pending = 0;
    let firing = 0;
    for (const tracked of Object.values(this.#tracked)) {
      for (const { state } of tracked.values()) {
        if (state.phase === 'firing') firing += 1;
        else pending += 1;
      }
    }
    return {
      pending,
      firing,
      transitions: { ...this.#transitions },
      uncommitted: this.#queue.length,
      ignored: { ...this.#ignored },
      journalError: this.#queue.error,
    };
  }

  stop(): void {
    this.save();
    this.#queue.stop();
    for (const tracked of Object.values(this.#tracked)) tracked.clear();
  }

  #step(rule: AlertRule, asset: Asset, input: AlertInput, at: number, verdict: Verdict | null): void {
    const ignored = Number.isFinite(at) ? (this.#queue.full ? 'journal_failing' : null) : 'no_time';
    if (ignored !== null) {
      this.#ignored[ignored] += 1;
      return;
    }
    const tracked = this.#tracked[rule];
    const before = tracked.get(asset.id);
    const next = step(before?.state ?? inactive, input, at, this.#options.policies(asset.className));
    if (next.transition === null) {
      if (before !== undefined) tracked.set(asset.id, { state: next.state, alert: before.alert });
      return;
    }
    this.#transitions[next.transition] += 1;
    const alert =
      next.state.phase === 'firing' ? this.#raised(rule, asset, next.state, verdict) : resolved(before, at);
    if (next.state.phase === 'inactive') tracked.delete(asset.id);
    else tracked.set(asset.id, { state: next.state, alert });
    const stored: StoredState = { assetId: asset.id, rule, state: next.state, alert };
    this.#queue.push({ ...stored, at, reason: next.transition, sinks: this.#options.sinks });
  }

  #raised(rule: AlertRule, asset: Asset, state: FiringState, verdict: Verdict | null): Alert {
    const score = verdict === null || verdict.kind === 'unknown' ? null : verdict.score;
    const channels = score === null ? [] : evidenceOf(score, this.#options.channels(asset.className));
    return {
      id: this.#nextId(),
      assetId: asset.id,
      className: asset.className,
      labels: asset.labels,
      rule,
      state: 'firing',
      startedAt: state.startedAt,
      firedAt: state.firedAt,
      resolvedAt: null,
      score: score?.value ?? null,
      peakScore: state.peakScore,
      model: score?.model ?? null,
      channels,
      summary: rule === 'silent' ? describeSilence(asset) : describeAnomaly(asset, channels),
    };
  }
}

/** Null when the episode that ends was only pending. */
function resolved(before: Tracked | undefined, at: number): Alert | null {
  if (before === undefined || before.alert === null || before.state.phase !== 'firing') return null;
  const { state, alert } = before;
  // After the asset's clock has jumped back an alert would end before it began, which receivers refuse.
  return { ...alert, state: 'resolved', resolvedAt: Math.max(at, alert.firedAt), peakScore: state.peakScore };
}
