import { ForewarnError } from '../../errors.ts';
import type { Alerting } from '../alerting.ts';
import { muteText } from './mute.ts';
import type { Silence, SilenceDraft } from './silence.ts';
import type { SilenceResult, Silences } from './silences.ts';

/** A silence, and how many alerts it keeps from people now. */
export interface SilenceView extends Silence {
  readonly inForce: boolean;
  readonly muting: number;
}

export type SilenceAnswer =
  | { readonly ok: true; readonly value: SilenceView }
  | Extract<SilenceResult, { readonly ok: false }>;

/**
 * What people do about silences. A command is on disk when it returns, and the alerts that fire know of it; both throw a
 * retryable `JOURNAL_FAILED`, and then nothing has changed.
 */
export class SilenceDesk {
  readonly #silences: Silences;
  readonly #alerting: Alerting;

  constructor(silences: Silences, alerting: Alerting) {
    this.#silences = silences;
    this.#alerting = alerting;
  }

  add(draft: SilenceDraft): SilenceAnswer {
    return this.#answer(this.#silences.add(draft));
  }

  /** Ends a silence before its time; what it kept from people is told if it still fires. */
  expire(id: string, by: string): SilenceAnswer {
    return this.#answer(this.#silences.expire(id, by));
  }

  /** Oldest first. */
  inForce(): readonly SilenceView[] {
    return this.#views(this.#silences.inForce());
  }

  /** Newest first, those that are over included. */
  all(limit: number): readonly SilenceView[] {
    return this.#views(this.#silences.all(limit));
  }

  #answer(result: SilenceResult): SilenceAnswer {
    if (!result.ok) return result;
    try {
      this.#alerting.desk.onMutesChanged();
    } catch (error) {
      // The silence is on disk, and the alerts follow at a sweep.
      if (!(error instanceof ForewarnError) || !error.retryable) throw error;
    }
    return { ok: true, value: this.#views([result.value])[0]! };
  }

  #views(silences: readonly Silence[]): readonly SilenceView[] {
    const muting = new Map<string, number>();
    for (const { handling } of this.#alerting.firing()) {
      const { suppressedFor } = handling;
      if (suppressedFor !== null) muting.set(suppressedFor, (muting.get(suppressedFor) ?? 0) + 1);
    }
    const inForce = new Set(this.#silences.inForce().map(({ id }) => id));
    return silences.map((silence) => ({
      ...silence,
      inForce: inForce.has(silence.id),
      muting: muting.get(muteText({ reason: 'silence', name: silence.id })) ?? 0,
    }));
  }
}
