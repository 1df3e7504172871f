import type { Logger } from '../log.ts';
import type { Alert, AlertPriority, AlertRule, Asset, Channel, Clock, Verdict } from '../types.ts';
import { createAlertIds } from './alert-id.ts';
import { CommitQueue } from './commit-queue.ts';
import { Episodes } from './episodes.ts';
import { type ConditionDetails, describeAnomaly, evidenceOf } from './evidence.ts';
import type { Journal, StoredState } from './journal.ts';
import type { Mutes } from './noise/mute.ts';
import { OperatorDesk } from './operator-desk.ts';
import { isWithheld, move, withHandling } from './operator-state.ts';
import { escalatedAlert, raisedAlert, withPeak } from './raised-alert.ts';
import {
  type AlertInput,
  type AlertPolicy,
  type AlertState,
  type FiringState,
  inactive,
  interrupted,
  step,
  type TransitionReason,
} from './state.ts';

/** What a class says of its alerts. */
export interface ClassAlerts extends AlertPolicy {
  readonly consequence: AlertPriority;
  readonly action: string | null;
}

export interface AlertingOptions {
  readonly journal: Journal;
  /** Names of the sinks that every alert goes to. */
  readonly sinks: readonly string[];
  /** Asked at every verdict, so it must be a look-up. */
  readonly policies: (className: string, rule: AlertRule) => ClassAlerts;
  /** Channels of the class, in the order of a score's arrays. */
  readonly channels: (className: string) => readonly Channel[];
  /** Which assets have been heard of, and which classes there are. */
  readonly knows: { asset(id: string): boolean; class(name: string): boolean };
  /** Rules that keep alerts from people by what they match; none when left out. */
  readonly mutes?: Mutes;
  /** Wall time, for ids and for what operators do: alerts live in the event time of their asset. */
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
  /** What operators and their rules do about alerts. */
  readonly desk: OperatorDesk;
  /** Takes up episodes and holds that the journal knows; throws `JOURNAL_FAILED` when it cannot be read. */
  start(): void;
  onVerdict(verdict: Verdict): void;
  /**
   * Says that a condition of another rule than the model's verdict does, or does not, hold, at `at`; call it again and
   * again while it lasts. `describe` is asked when an alert is raised, and when it escalates, which it does when `level`
   * is more than it was in this episode.
   */
  onCondition(
    rule: Exclude<AlertRule, 'anomaly'>,
    asset: Asset,
    active: boolean,
    at: number,
    describe: (asset: Asset) => ConditionDetails,
    level?: number,
  ): void;
  /** Brings back what was shelved for long enough; call it about once a second. */
  sweep(): void;
  /** Writes what waits, which otherwise happens at the end of the turn; false when the journal refuses. */
  flush(): boolean;
  /** Writes clocks and peaks of the episodes in progress as well; false when the journal refuses. */
  save(): boolean;
  /** The episode of an asset in progress, with its peak up to now. */
  current(assetId: string, rule: AlertRule): StoredState | null;
  /** All alerts that fire. */
  firing(): Iterable<Alert>;
  /** Calls `listener` after each change of alerts that is safe in the journal; gives what ends it. */
  subscribe(listener: () => void): () => void;
  status(): AlertingStatus;
  /** Saves and lets go; safe to call twice. */
  stop(): void;
}

export function createAlerting(options: AlertingOptions): Alerting {
  return new JournaledAlerting(options);
}

/** A window whose deviation does not matter counts as clear, whatever the policy. */
const TOLERATED_SCORE = Number.NEGATIVE_INFINITY;

/** What is raised: by the model's verdict, or by a condition. */
type Cause = { readonly verdict: Verdict } | { readonly describe: (asset: Asset) => ConditionDetails };

class JournaledAlerting implements Alerting {
  readonly desk: OperatorDesk;
  readonly #options: AlertingOptions;
  readonly #nextId: () => string;
  readonly #queue: CommitQueue;
  readonly #episodes = new Episodes();
  readonly #listeners = new Set<() => void>();
  readonly #transitions = { pending_started: 0, pending_cancelled: 0, raised: 0, escalated: 0, resolved: 0 };
  readonly #ignored = { journal_failing: 0, no_time: 0 };

  constructor(options: AlertingOptions) {
    this.#options = options;
    this.#nextId = createAlertIds(options.clock);
    this.#queue = new CommitQueue(options.journal, options.log, (alert, reason) => {
      if (reason !== 'escalated') options.onChange?.(alert);
      this.#tell();
    });
    this.desk = new OperatorDesk({
      ...options,
      episodes: this.#episodes,
      flush: () => this.flush(),
      onCommitted: () => this.#tell(),
    });
  }

  start(): void {
    for (const { assetId, rule, state, alert } of this.#options.journal.restore()) {
      this.#episodes.set(rule, assetId, { state: interrupted(state), alert });
    }
    this.desk.start();
  }

  onVerdict(verdict: Verdict): void {
    const input: AlertInput =
      verdict.kind === 'unknown'
        ? verdict
        : { kind: 'score', value: verdict.tolerated === undefined ? verdict.score.value : TOLERATED_SCORE };
    this.#step('anomaly', verdict.asset, input, Math.round(verdict.at), { verdict });
  }

  onCondition(
    rule: Exclude<AlertRule, 'anomaly'>,
    asset: Asset,
    active: boolean,
    at: number,
    describe: (asset: Asset) => ConditionDetails,
    level = 0,
  ): void {
    const input: AlertInput = active ? { kind: 'active', level } : { kind: 'inactive' };
    this.#step(rule, asset, input, Math.round(at), { describe });
  }

  sweep(): void {
    if (this.#queue.flush()) this.#queue.attempt(() => this.desk.sweep());
  }

  flush(): boolean {
    return this.#queue.flush();
  }

  save(): boolean {
    if (!this.#queue.flush()) return false;
    const states = [...this.#episodes.all()];
    return states.length === 0 || this.#queue.attempt(() => this.#options.journal.save(states));
  }

  current(assetId: string, rule: AlertRule): StoredState | null {
    const episode = this.#episodes.get(rule, assetId);
    return episode === undefined ? null : { assetId, rule, ...episode };
  }

  firing(): Iterable<Alert> {
    return this.#episodes.alerts();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  status(): AlertingStatus {
    let pending = 0;
    let firing = 0;
    for (const { state } of this.#episodes.all()) {
      if (state.phase === 'firing') firing += 1;
      else pending += 1;
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
    this.#episodes.clear();
    this.#listeners.clear();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }

  #step(rule: AlertRule, asset: Asset, input: AlertInput, at: number, cause: Cause): void {
    const ignored = Number.isFinite(at) ? (this.#queue.full ? 'journal_failing' : null) : 'no_time';
    if (ignored !== null) {
      this.#ignored[ignored] += 1;
      return;
    }
    const policy = this.#options.policies(asset.className, rule);
    const before = this.#episodes.get(rule, asset.id);
    const { state, transition } = step(before?.state ?? inactive, input, at, policy);
    if (transition === null) {
      if (before === undefined || state.phase === 'inactive') return;
      const alert =
        before.alert === null ? null : withPeak(before.alert, state.peakScore, policy.consequence);
      this.#episodes.set(rule, asset.id, { state, alert });
      return;
    }
    this.#transitions[transition] += 1;
    const standing = before?.alert ?? null;
    if (transition === 'escalated') {
      if (standing !== null && 'describe' in cause)
        this.#escalated(asset, standing, state, at, cause.describe(asset));
      return;
    }
    if (transition === 'raised' || transition === 'resolved')
      this.#options.mutes?.observe({
        assetId: asset.id,
        rule,
        className: asset.className,
        labels: asset.labels,
      });
    const alert =
      state.phase === 'firing' ? this.#raised(rule, asset, state, cause) : this.#resolved(standing, at);
    if (state.phase === 'inactive') this.#episodes.delete(rule, asset.id);
    else this.#episodes.set(rule, asset.id, { state, alert });
    const sinks = alert?.handling.told === true ? this.#options.sinks : [];
    this.#queue.push({ assetId: asset.id, rule, state, alert, at, reason: transition, sinks });
  }

  #raised(rule: AlertRule, asset: Asset, state: FiringState, cause: Cause): Alert {
    const { consequence, action } = this.#options.policies(asset.className, rule);
    const { id: assetId, className, labels } = asset;
    const withholding = this.desk.withholding({ assetId, className, labels, rule });
    const score = 'verdict' in cause && cause.verdict.kind !== 'unknown' ? cause.verdict.score : null;
    const channels = score === null ? [] : evidenceOf(score, this.#options.channels(className));
    const said = 'describe' in cause ? cause.describe(asset) : describeAnomaly(asset, channels);
    const id = this.#nextId();
    return raisedAlert({ id, rule, asset, state, score, said, withholding, consequence, action });
  }

  #escalated(asset: Asset, before: Alert, state: AlertState, at: number, said: ConditionDetails): void {
    const alert = escalatedAlert(before, said);
    const { id, rule, handling, priority } = alert;
    const { summary } = said;
    this.#episodes.set(rule, asset.id, { state, alert });
    const sinks = handling.told && !isWithheld(handling) ? this.#options.sinks : [];
    this.#queue.push({ assetId: asset.id, rule, state, alert, at, reason: 'escalated', sinks, summary });
    this.#options.log.warn({ alert: id, asset: asset.id, priority }, `alert escalates: ${summary}`);
  }

  /** Null when the episode that ends was only pending. */
  #resolved(alert: Alert | null, at: number): Alert | null {
    if (alert === null) return null;
    const result = move(alert.handling, true, { kind: 'return_to_normal' }, this.#options.clock());
    const handling = result.ok ? result.handling : alert.handling;
    // After the asset's clock has jumped back an alert would end before it began, which receivers refuse.
    return withHandling({ ...alert, state: 'resolved', resolvedAt: Math.max(at, alert.firedAt) }, handling);
  }
}
