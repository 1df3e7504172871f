import { ForewarnError } from '../../errors.ts';
import type { Clock } from '../../types.ts';
import { createIds } from '../alert-id.ts';
import { type MatchedAlarm, type Matcher, matchesAll, parseMatcher } from './matcher.ts';
import type { Mute } from './mute.ts';
import {
  isInForce,
  LONGEST_SILENCE_MS,
  MOST_SILENCES,
  type Silence,
  type SilenceDraft,
  type SilenceRefusal,
} from './silence.ts';
import type { SilenceStore } from './silence-table.ts';

export type SilenceResult =
  | { readonly ok: true; readonly value: Silence }
  | { readonly ok: false; readonly refusal: SilenceRefusal; readonly detail: string };

interface Active {
  readonly silence: Silence;
  readonly matchers: readonly Matcher[];
}

/** The silences in force; a command is on disk when it returns, or has thrown `JOURNAL_FAILED` and changed nothing. */
export class Silences {
  readonly #store: SilenceStore;
  readonly #clock: Clock;
  readonly #nextId: () => string;
  #active: readonly Active[] = [];

  constructor(store: SilenceStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
    this.#nextId = createIds('sl', clock);
  }

  start(): void {
    this.#active = this.#store.inForce(this.#clock()).map(activeOf);
  }

  on(alarm: MatchedAlarm): Mute | null {
    const now = this.#clock();
    const found = this.#active.find(
      ({ silence, matchers }) => isInForce(silence, now) && matchesAll(matchers, alarm),
    );
    if (found === undefined) return null;
    const { id, by, comment } = found.silence;
    return { reason: 'silence', name: id, by, why: comment };
  }

  /** Lets go of those that are over; true when there was one. */
  sweep(): boolean {
    const now = this.#clock();
    const still = this.#active.filter(({ silence }) => isInForce(silence, now));
    const changed = still.length < this.#active.length;
    this.#active = still;
    return changed;
  }

  add({ matchers, by, comment, forMs }: SilenceDraft): SilenceResult {
    const now = this.#clock();
    if (!(forMs > 0 && forMs <= LONGEST_SILENCE_MS)) return refused('bad_duration', `${forMs} ms`);
    if (matchers.length === 0)
      return refused('bad_matcher', 'there is none, and it would silence everything');
    const fault = faultOf(matchers);
    if (fault !== null) return refused('bad_matcher', fault);
    this.sweep();
    if (this.#active.length >= MOST_SILENCES) return refused('too_many_silences', `${MOST_SILENCES}`);
    const until = now + forMs;
    const silence = {
      id: this.#nextId(),
      matchers,
      by,
      comment,
      since: now,
      until,
      endedAt: null,
      endedBy: null,
    };
    this.#store.add(silence);
    this.#active = [...this.#active, activeOf(silence)];
    return { ok: true, value: silence };
  }

  /** Ends a silence before its time. */
  expire(id: string, by: string): SilenceResult {
    const now = this.#clock();
    const silence = this.#store.get(id);
    if (silence === null) return refused('no_such_silence', id);
    if (!isInForce(silence, now)) return refused('silence_is_over', id);
    this.#store.end(id, now, by);
    this.#active = this.#active.filter((one) => one.silence.id !== id);
    return { ok: true, value: { ...silence, endedAt: now, endedBy: by } };
  }

  inForce(): readonly Silence[] {
    const now = this.#clock();
    return this.#active.map(({ silence }) => silence).filter((silence) => isInForce(silence, now));
  }

  /** Newest first, those that are over included. */
  all(limit: number): readonly Silence[] {
    return this.#store.list(limit);
  }
}

function activeOf(silence: Silence): Active {
  return { silence, matchers: silence.matchers.map(parseMatcher) };
}

function faultOf(matchers: readonly string[]): string | null {
  try {
    matchers.forEach(parseMatcher);
    return null;
  } catch (error) {
    if (error instanceof ForewarnError) return error.message;
    throw error;
  }
}

function refused(refusal: SilenceRefusal, detail: string): SilenceResult {
  return { ok: false, refusal, detail };
}
