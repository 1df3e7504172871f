import { type Alert, type AlertRule, type Asset, confidenceOf, type Verdict } from '../types.ts';
import { createAlertIds } from './alert-id.ts';
import type { AlertingOptions } from './alerting-options.ts';
import type { AlertingStatus } from './alerting-status.ts';
import { CommitQueue } from './commit-queue.ts';
import { Episodes } from './episodes.ts';
import { EscalationPlan } from './escalation.ts';
import { type ConditionDetails, describeAnomaly, evidenceOf } from './evidence.ts';
import type { JournalEntry, StoredState } from './journal.ts';
import { OperatorDesk } from './operator-desk.ts';
import { isWithheld, move, withHandling } from './operator-state.ts';
import { escalatedAlert, raisedAlert, withPeak } from './raised-alert.ts';
import { type AlertInput, type AlertState, type FiringState, inactive, interrupted, step } from './state.ts';

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
  /**
   * Ends the alerts of a class that have low confidence, since a trained model judges from here on: what it finds wrong as
   * well it raises anew, as sure as it is. Gives how many there were.
   */
  handOver(className: string): number;
  /** Brings back what was shelved for long enough, and escalates what nobody answers; call it about once a second. */
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
  readonly #plan: EscalationPlan;
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
    this.#plan = new EscalationPlan(options.escalation ?? [], options.sinks);
    this.desk = new OperatorDesk({
      ...options,
      plan: this.#plan,
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

  handOver(className: string): number {
    const doubtful = this.#episodes.ofLowConfidence(className);
    for (const { assetId, rule, at, alert } of doubtful)
      this.#move({
        assetId,
        rule,
        state: inactive,
        alert: this.#resolved(alert, at),
        at,
        reason: 'resolved',
      });
    return doubtful.length;
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
    const standing = before?.alert ?? null;
    if (transition === 'escalated') {
      this.#transitions.escalated += 1;
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
    // Without one standing the episode that ends was only pending.
    const over = standing === null ? null : this.#resolved(standing, at);
    const alert = state.phase === 'firing' ? this.#raised(rule, asset, state, cause) : over;
    this.#move({ assetId: asset.id, rule, state, alert, at, reason: transition });
  }

  /** Brings an episode to another state, which is written, and told to those who hear of the alert. */
  #move(change: Omit<JournalEntry, 'sinks'>): void {
    const { assetId, rule, state, alert, reason } = change;
    this.#transitions[reason] += 1;
    if (state.phase === 'inactive') this.#episodes.delete(rule, assetId);
    else this.#episodes.set(rule, assetId, { state, alert });
    const sinks = alert?.handling.told === true ? this.#plan.sinksOf(alert) : [];
    this.#queue.push({ ...change, sinks });
  }

  #raised(rule: AlertRule, asset: Asset, state: FiringState, cause: Cause): Alert {
    const { consequence, action } = this.#options.policies(asset.className, rule);
    const { id: assetId, className, labels } = asset;
    const withholding = this.desk.withholding({ assetId, className, labels, rule });
    const score = 'verdict' in cause && cause.verdict.kind !== 'unknown' ? cause.verdict.score : null;
    const channels = score === null ? [] : evidenceOf(score, this.#options.channels(className));
    const said =
      'describe' in cause
        ? cause.describe(asset)
        : describeAnomaly(asset, channels, confidenceOf(score?.model ?? null));
    const id = this.#nextId();
    const now = this.#options.clock();
    const alert = raisedAlert({ id, rule, asset, state, score, said, withholding, now, consequence, action });
    return alert.handling.told ? this.#plan.toldNow(alert) : alert;
  }

  #escalated(asset: Asset, before: Alert, state: AlertState, at: number, said: ConditionDetails): void {
    const alert = escalatedAlert(before, said, this.#options.clock());
    const { id, rule, handling, priority } = alert;
    const { summary } = said;
    this.#episodes.set(rule, asset.id, { state, alert });
    const sinks = handling.told && !isWithheld(handling) ? this.#plan.sinksOf(alert) : [];
    this.#queue.push({ assetId: asset.id, rule, state, alert, at, reason: 'escalated', sinks, summary });
    this.#options.log.warn({ alert: id, asset: asset.id, priority }, `alert escalates: ${summary}`);
  }

  #resolved(alert: Alert, at: number): Alert {
    const result = move(alert.handling, true, { kind: 'return_to_normal' }, this.#options.clock());
    const handling = result.ok ? result.handling : alert.handling;
    // After the asset's clock has jumped back an alert would end before it began, which receivers refuse.
    return withHandling({ ...alert, state: 'resolved', resolvedAt: Math.max(at, alert.firedAt) }, handling);
  }
}
