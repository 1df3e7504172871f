import { ForewarnError } from '../errors.ts';
import type { Alert, AlertOutcome, Clock, OperatorOrder, OperatorRefusal } from '../types.ts';
import type { Episodes } from './episodes.ts';
import type { Escalation, EscalationPlan } from './escalation.ts';
import { escalationText } from './escalation-text.ts';
import { concerns, endOf, type Hold, type HoldChange, type HoldSubject, Holds, holdOf } from './holds.ts';
import type { Journal, OperatorEntry } from './journal.ts';
import type { MatchedAlarm } from './noise/matcher.ts';
import { type Mutes, muteText } from './noise/mute.ts';
import {
  move,
  movesTo,
  type OperatorMove,
  shelvingIsOver,
  type Withholding,
  withHandling,
} from './operator-state.ts';

/** Who makes a move, and why; nobody where a rule does. */
type MoveOrder = { readonly by: string | null; readonly comment: string | null };

export type CommandResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: OperatorRefusal };

/** What is taken out of service: one asset, or all of a class. */
export type ServiceSubject = Extract<HoldSubject, { readonly scope: 'asset' | 'class' }>;

export interface OperatorDeskOptions {
  readonly journal: Journal;
  readonly episodes: Episodes;
  /** Who is told of an alert. */
  readonly plan: EscalationPlan;
  readonly knows: { asset(id: string): boolean; class(name: string): boolean };
  /** Rules that keep alerts from people by what they match. */
  readonly mutes?: Mutes;
  /** Wall time. */
  readonly clock: Clock;
  /** Brings the journal up to what is in memory; false when the journal refuses. */
  readonly flush: () => boolean;
  /** After something changed that is safe in the journal. */
  readonly onCommitted: () => void;
}

/**
 * Carries out what people, and their rules, decide about alerts. Each command is on disk when it returns, in one
 * transaction with its history and with what is to be delivered because of it; all throw a retryable `JOURNAL_FAILED`
 * when the journal cannot be written, and then nothing has changed.
 */
export class OperatorDesk {
  readonly #options: OperatorDeskOptions;
  #holds = new Holds([]);
  /** What mutes has changed, and the alerts that fire do not know it yet. */
  #mutesChanged = false;

  constructor(options: OperatorDeskOptions) {
    this.#options = options;
  }

  /** Takes up the holds, and what mutes, that the journal knows. */
  start(): void {
    this.#holds = new Holds(this.#options.journal.holds());
    this.#options.mutes?.start();
  }

  /** What keeps an alarm from people that is raised now. */
  withholding(alarm: MatchedAlarm): Withholding {
    return this.#withholding(this.#holds, alarm, null).withholding;
  }

  /** Brings the alerts that fire to what mutes them from now on; the next sweep does so when the journal refuses. */
  onMutesChanged(): void {
    this.#mutesChanged = true;
    this.#flush();
    const entries: OperatorEntry[] = [];
    for (const alert of this.#options.episodes.alerts()) {
      const { withholding, order } = this.#withholding(this.#holds, alert, alert.handling.suppressedFor);
      entries.push(...this.#entriesOf(alert, withholding, order, this.#options.clock()));
    }
    if (entries.length > 0) this.#commit(entries, []);
    this.#mutesChanged = false;
  }

  holds(): readonly Hold[] {
    return this.#holds.list();
  }

  acknowledge(id: string, order: OperatorOrder): CommandResult<Alert> {
    return this.#moveOne(id, { kind: 'acknowledge' }, order);
  }

  comment(id: string, order: OperatorOrder): CommandResult<Alert> {
    return this.#moveOne(id, { kind: 'comment' }, order, true);
  }

  assign(id: string, to: string, order: OperatorOrder): CommandResult<Alert> {
    return this.#moveOne(id, { kind: 'assign', to }, order);
  }

  /** Writes down what was found at the machine; null takes back what was said. */
  judge(id: string, outcome: AlertOutcome | null, order: OperatorOrder): CommandResult<Alert> {
    const found = outcome === null ? 'not known' : outcome.replace('_', ' ');
    const comment = order.comment === null ? found : `${found}: ${order.comment}`;
    return this.#moveOne(id, { kind: 'judge', outcome }, { by: order.by, comment }, order.comment !== null);
  }

  /** Shelves the alarm of the alert, its next episodes included, until `forMs` from now. */
  shelve(id: string, forMs: number, order: OperatorOrder): CommandResult<Alert> {
    return this.#forAlert(id, (alert, now) => {
      const until = now + forMs;
      const what = move(alert.handling, alert.state === 'firing', { kind: 'shelve', until }, now);
      if (!what.ok) return what.refusal;
      const of: HoldSubject = { scope: 'alarm', assetId: alert.assetId, rule: alert.rule };
      this.#change([{ kind: 'begin', hold: holdOf('shelved', of, now, until, order) }], order);
      return null;
    });
  }

  /** Ends the shelving of the alarm of the alert. */
  unshelve(id: string, order: OperatorOrder): CommandResult<Alert> {
    return this.#forAlert(id, ({ assetId, rule }) => {
      const hold = this.#holds.get('shelved', { scope: 'alarm', assetId, rule });
      if (hold === null) return 'not_shelved';
      this.#change([endOf(hold, order)], order);
      return null;
    });
  }

  takeOutOfService(of: ServiceSubject, order: OperatorOrder): CommandResult<Hold> {
    const { knows, journal, clock } = this.#options;
    if (of.scope === 'class' && !knows.class(of.className)) return refused('no_such_class');
    // An asset that has sent nothing since the start is known by what was told of it before.
    const known = (id: string) =>
      knows.asset(id) || journal.list({ assetId: id, limit: 1 }).alerts.length > 0;
    if (of.scope === 'asset' && !known(of.assetId)) return refused('no_such_asset');
    if (this.#holds.get('out_of_service', of) !== null) return refused('already_out_of_service');
    const hold = holdOf('out_of_service', of, clock(), null, order);
    this.#change([{ kind: 'begin', hold }], order);
    return { ok: true, value: hold };
  }

  returnToService(of: ServiceSubject, order: OperatorOrder): CommandResult<Hold> {
    const hold = this.#holds.get('out_of_service', of);
    if (hold === null) return refused('not_out_of_service');
    this.#change([endOf(hold, order)], order);
    return { ok: true, value: hold };
  }

  /**
   * Tells the sinks of a step of its escalation: of that name, even if it was taken before, or the next one that was not.
   * Whoever has acknowledged an alert may still call for help.
   */
  escalate(id: string, step: string | null, order: OperatorOrder): CommandResult<Alert> {
    return this.#forAlert(id, (alert, now) => {
      const to = this.#options.plan.byHand(alert, step);
      if (typeof to === 'string') return alert.state === 'firing' ? to : 'alert_is_over';
      const entry = this.#escalation(alert, to, order, now);
      if (typeof entry === 'string') return entry;
      this.#commit([entry], []);
      return null;
    });
  }

  /** Ends what was shelved, or muted, until now, and escalates what nobody answers; call it about once a second. */
  sweep(): void {
    if (this.#options.mutes?.sweep() === true) this.#mutesChanged = true;
    if (this.#mutesChanged) this.onMutesChanged();
    const now = this.#options.clock();
    const isOver = ({ until }: Hold) => until !== null && shelvingIsOver(until, now);
    const over = this.#holds.list().filter(isOver);
    this.#change(
      over.map((hold) => ({ kind: 'end', hold, by: null, reason: 'shelving_expired' })),
      null,
    );
    this.#escalateUnanswered(now);
  }

  #escalateUnanswered(now: number): void {
    const { episodes, plan } = this.#options;
    const entries: OperatorEntry[] = [];
    for (const alert of episodes.alerts()) {
      const due = plan.due(alert, now);
      const entry = due === null ? null : this.#escalation(alert, due, null, now);
      if (entry !== null && typeof entry !== 'string') entries.push(entry);
    }
    if (entries.length > 0) this.#commit(entries, []);
  }

  /** The move that escalates an alert, as its history and its receivers get it; `order` is null where the time was over. */
  #escalation(
    alert: Alert,
    to: Escalation,
    order: OperatorOrder | null,
    now: number,
  ): OperatorEntry | OperatorRefusal {
    const result = move(alert.handling, alert.state === 'firing', { kind: 'escalate', to }, now);
    if (!result.ok) return result.refusal;
    const { unansweredSince } = alert.handling;
    const by = order?.by ?? null;
    const unansweredMs = unansweredSince === null ? null : Math.max(0, now - unansweredSince);
    const escalated = { step: to.steps.join(', '), unansweredMs, by };
    const comment = [`${escalationText(escalated)}; told ${to.sinks.join(', ')}`, order?.comment]
      .filter((part) => part)
      .join(': ');
    const next = withHandling(alert, result.handling);
    return { alert: next, move: 'escalate', by, comment, sinks: to.sinks, escalated };
  }

  /** What changes nothing is written down only with `keep`, where its words are what matters. */
  #moveOne(id: string, what: OperatorMove, order: OperatorOrder, keep = false): CommandResult<Alert> {
    return this.#forAlert(id, (alert, now) => {
      const result = move(alert.handling, alert.state === 'firing', what, now);
      if (!result.ok) return result.refusal;
      const next = withHandling(alert, result.handling);
      // Said twice is said once.
      if (result.handling === alert.handling && !keep) return null;
      this.#commit([{ alert: next, move: what.kind, ...order, sinks: [] }], []);
      return null;
    });
  }

  /** Runs a command on one alert and gives the alert as it is afterwards. */
  #forAlert(
    id: string,
    command: (alert: Alert, now: number) => OperatorRefusal | null,
  ): CommandResult<Alert> {
    this.#flush();
    const { journal, episodes, clock } = this.#options;
    const find = () => episodes.alert(id) ?? journal.get(id);
    const alert = find();
    if (alert === null) return refused('no_such_alert');
    const refusal = command(alert, clock());
    return refusal === null ? { ok: true, value: find() ?? alert } : refused(refusal);
  }

  /** Puts holds into force or ends them, with what that means for the alerts that fire. */
  #change(changes: readonly HoldChange[], order: OperatorOrder | null): void {
    if (changes.length === 0) return;
    this.#flush();
    const after = this.#holds.after(changes);
    const now = this.#options.clock();
    const entries: OperatorEntry[] = [];
    for (const alert of this.#options.episodes.alerts()) {
      if (changes.some(({ hold }) => concerns(hold.of, alert)))
        entries.push(...this.#entriesOf(alert, this.#withholdingAfter(after, alert), order, now));
    }
    this.#commit(entries, changes, after);
  }

  #withholdingAfter(holds: Holds, alert: Alert): Withholding {
    return this.#withholding(holds, alert, alert.handling.suppressedFor).withholding;
  }

  /** What withholds an alarm, and in whose name where that is a mute's or nobody's doing. */
  #withholding(holds: Holds, alarm: MatchedAlarm, before: string | null) {
    const mute = this.#options.mutes?.on(alarm, before) ?? null;
    const withholding = { ...holds.on(alarm), suppressedFor: mute === null ? null : muteText(mute) };
    const order = {
      by: mute?.by ?? null,
      comment: mute?.why ?? (before === null ? null : `${before} is over`),
    };
    return { withholding, order };
  }

  /** The moves that bring one alert to what now applies to it. */
  #entriesOf(before: Alert, withholding: Withholding, order: MoveOrder | null, now: number): OperatorEntry[] {
    const { plan } = this.#options;
    const entries: OperatorEntry[] = [];
    let alert = before;
    for (const what of movesTo(before.handling, withholding, order === null)) {
      const result = move(alert.handling, true, what, now);
      if (!result.ok) continue;
      alert = withHandling(alert, result.handling);
      if (result.tell) alert = plan.toldNow(alert);
      const sinks = result.tell ? plan.sinksOf(alert) : [];
      entries.push({ alert, move: what.kind, by: order?.by ?? null, comment: order?.comment ?? null, sinks });
    }
    return entries;
  }

  #flush(): void {
    if (this.#options.flush()) return;
    throw new ForewarnError('JOURNAL_FAILED', 'the alert journal cannot be written', {
      retryable: true,
      hint: 'GET /api/v1/status says why; try again when it can be written.',
    });
  }

  #commit(entries: readonly OperatorEntry[], changes: readonly HoldChange[], holds = this.#holds): void {
    this.#options.journal.operate(entries, changes);
    this.#holds = holds;
    for (const { alert } of entries) this.#options.episodes.handle(alert);
    this.#options.onCommitted();
  }
}

function refused(refusal: OperatorRefusal): { readonly ok: false; readonly refusal: OperatorRefusal } {
  return { ok: false, refusal };
}
