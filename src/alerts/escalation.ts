import type { Alert, AlertHandling, AlertPriority } from '../types.ts';
import { type Matcher, matchesAll, parseMatcher } from './noise/matcher.ts';
import { priorities } from './priority.ts';

/** To whom an alert goes that nobody answers. */
export interface EscalationConfig {
  readonly name: string;
  /** From the alert's first notification on, in wall time; 0 tells these sinks together with the others. */
  readonly afterMs: number;
  readonly sinks: readonly string[];
  /** Matchers of the alerts it is for; none is all. */
  readonly match: readonly string[];
  /** Least priority of the alerts it is for. */
  readonly priority: AlertPriority;
}

/** One escalation: one step, or several that are due together, which are told as one. */
export interface Escalation {
  /** Names, in order. */
  readonly steps: readonly string[];
  readonly sinks: readonly string[];
}

interface Step extends Omit<EscalationConfig, 'match'> {
  readonly match: readonly Matcher[];
}

/**
 * Who is told of an alert, and when. Sinks that a step names hear of an alert by steps alone; the others hear of every
 * alert. A value: what has been done stands in the alert itself.
 */
export class EscalationPlan {
  readonly #steps: readonly Step[];
  readonly #everybody: readonly string[];
  readonly #sinks: ReadonlySet<string>;

  /** `sinks` are all there are. @throws ForewarnError `MATCHER_INVALID` */
  constructor(steps: readonly EscalationConfig[], sinks: readonly string[]) {
    this.#steps = [...steps]
      .sort((a, b) => a.afterMs - b.afterMs)
      .map((step) => ({ ...step, match: step.match.map(parseMatcher) }));
    this.#sinks = new Set(sinks);
    this.#everybody = sinks.filter((sink) => !steps.some((step) => step.sinks.includes(sink)));
  }

  /** Sinks that hear of the alert: those of every alert, and those that it was escalated to. */
  sinksOf({ handling: { escalation } }: Pick<Alert, 'handling'>): readonly string[] {
    if (escalation.sinks.length === 0) return this.#everybody;
    // One that is no longer configured would never take what is queued for it.
    const called = escalation.sinks.filter((sink) => this.#sinks.has(sink));
    return [...new Set([...this.#everybody, ...called])];
  }

  /** The alert as it is told for the first time, with the steps taken that wait for nothing. */
  toldNow(alert: Alert): Alert {
    const due = this.#steps.filter((step) => step.afterMs === 0 && isFor(step, alert));
    return due.length === 0 ? alert : { ...alert, handling: withSteps(alert.handling, joined(due)) };
  }

  /** What is due at wall time `now`; null when nothing is. */
  due(alert: Alert, now: number): Escalation | null {
    const { unansweredSince, escalation } = alert.handling;
    if (unansweredSince === null) return null;
    const due = this.#steps.filter(
      (step) =>
        hasPassed(unansweredSince, step.afterMs, now) &&
        !escalation.steps.includes(step.name) &&
        // Who was told at once was told as everybody is: once.
        !(step.afterMs === 0 && step.sinks.every((sink) => escalation.sinks.includes(sink))) &&
        isFor(step, alert),
    );
    return due.length === 0 ? null : joined(due);
  }

  /**
   * Where a person escalates it to: the step of that name, taken before or not, else the next one that is not taken yet.
   * People know better than `priority`, which is not asked.
   */
  byHand(alert: Alert, name: string | null): Escalation | 'no_such_step' | 'no_step_left' {
    if (name !== null) {
      const step = this.#steps.find((one) => one.name === name);
      return step === undefined ? 'no_such_step' : joined([step]);
    }
    const taken = alert.handling.escalation.steps;
    const next = this.#steps.find((step) => !taken.includes(step.name) && matchesAll(step.match, alert));
    return next === undefined ? 'no_step_left' : joined([next]);
  }
}

/** The handling after the escalation. */
export function escalatedTo(handling: AlertHandling, to: Escalation): AlertHandling {
  const next = withSteps(handling, to);
  return { ...next, escalation: { ...next.escalation, count: handling.escalation.count + 1 } };
}

function withSteps(handling: AlertHandling, { steps, sinks }: Escalation): AlertHandling {
  const { escalation } = handling;
  return {
    ...handling,
    escalation: {
      ...escalation,
      steps: [...new Set([...escalation.steps, ...steps])],
      sinks: [...new Set([...escalation.sinks, ...sinks])],
    },
  };
}

function joined(steps: readonly Step[]): Escalation {
  return {
    steps: steps.map(({ name }) => name),
    sinks: [...new Set(steps.flatMap(({ sinks }) => sinks))],
  };
}

function isFor({ priority, match }: Step, alert: Alert): boolean {
  return priorities.indexOf(alert.priority) >= priorities.indexOf(priority) && matchesAll(match, alert);
}

/**
 * A beginning ahead of the present is left from before the wall clock was put back. By less than `ms` it makes the wait
 * longer; by more it counts as passed, so that nothing waits for nobody knows how long.
 */
function hasPassed(since: number, ms: number, now: number): boolean {
  return Math.abs(now - since) >= ms;
}
