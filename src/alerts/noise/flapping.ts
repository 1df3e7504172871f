import type { AlertRule, Clock } from '../../types.ts';
import type { MatchedAlarm } from './matcher.ts';
import type { Mute } from './mute.ts';

/** When an alarm flaps. `low < high`, both shares from 0 to 1. */
export interface FlapPolicy {
  /** Time between two states that are compared; 0 never calls anything flapping. */
  readonly everyMs: number;
  /** It has settled at or below this. */
  readonly low: number;
  /** It flaps at or above this. */
  readonly high: number;
}

/** States that are compared, the present one included. */
const STATES = 21;
const LEAST_WEIGHT = 0.75;
const MOST_WEIGHT = 1.25;

/**
 * The weighted share of changes among the last 21 states, from 0 to 1: a recent change weighs 1.25 and the oldest 0.75,
 * as in Nagios Core (base/flapping.c, `check_for_service_flapping`). `changed` holds the numbers of the steps of time
 * in which the state changed, `present` is the current step. Two changes within one step count once, so that the
 * result does not depend on how fast an alarm flickers.
 */
export function changeShare(changed: Iterable<number>, present: number): number {
  const comparisons = STATES - 1;
  let sum = 0;
  for (const slot of changed) {
    const age = present - slot;
    if (age < 0 || age >= comparisons) continue;
    sum += LEAST_WEIGHT + ((MOST_WEIGHT - LEAST_WEIGHT) * (comparisons - 1 - age)) / (comparisons - 1);
  }
  return sum / comparisons;
}

/** Whether it flaps now, given that it did or did not before. */
export function flapsNow(before: boolean, share: number, { low, high }: FlapPolicy): boolean {
  return before ? share > low : share >= high;
}

/** A time in which an alarm flapped. */
export interface FlapRecord {
  readonly assetId: string;
  readonly rule: AlertRule;
  readonly since: number;
}

/** Flapping alarms on disk; throws a retryable `JOURNAL_FAILED` when the disk fails. */
export interface FlapStore {
  begin(record: FlapRecord): void;
  end(assetId: string, rule: AlertRule, at: number): void;
  /** What flapped when the journal was last written. */
  flapping(): readonly FlapRecord[];
  /** When alarms were raised or over, from wall time `since` on, oldest first. */
  changes(
    since: number,
  ): readonly { readonly assetId: string; readonly rule: AlertRule; readonly at: number }[];
}

interface Track {
  readonly assetId: string;
  readonly rule: AlertRule;
  readonly slots: Set<number>;
  flapping: boolean;
  stored: boolean;
}

/** Finds alarms that are raised and over again and again. Holds those alone that changed of late. */
export class FlapDetector {
  readonly #policy: FlapPolicy;
  readonly #store: FlapStore;
  readonly #clock: Clock;
  readonly #tracks = new Map<string, Track>();
  /** Something has changed, and no sweep has said so yet. */
  #changed = false;

  constructor(policy: FlapPolicy, store: FlapStore, clock: Clock) {
    this.#policy = policy;
    this.#store = store;
    this.#clock = clock;
  }

  start(): void {
    if (this.#policy.everyMs <= 0) return;
    for (const { assetId, rule } of this.#store.flapping()) {
      const track = this.#track(assetId, rule);
      track.flapping = true;
      track.stored = true;
    }
    for (const { assetId, rule, at } of this.#store.changes(this.#clock() - STATES * this.#policy.everyMs))
      this.#track(assetId, rule).slots.add(this.#slot(at));
  }

  /** The alarm has just been raised, or is over. */
  observe({ assetId, rule }: Pick<MatchedAlarm, 'assetId' | 'rule'>): void {
    if (this.#policy.everyMs <= 0) return;
    const track = this.#track(assetId, rule);
    const present = this.#slot(this.#clock());
    track.slots.add(present);
    this.#judge(track, present);
  }

  on({ assetId, rule }: Pick<MatchedAlarm, 'assetId' | 'rule'>): Mute | null {
    if (this.#tracks.get(keyOf(assetId, rule))?.flapping !== true) return null;
    const why = 'it is raised and over again and again; it is told when it has settled';
    return { reason: 'flapping', name: null, by: null, why };
  }

  /** Alarms that flap now. */
  get count(): number {
    let count = 0;
    for (const { flapping } of this.#tracks.values()) if (flapping) count += 1;
    return count;
  }

  /** Judges all again and writes down what has begun or ended; true when something has. */
  sweep(): boolean {
    const now = this.#clock();
    const present = this.#slot(now);
    for (const [key, track] of this.#tracks) {
      this.#judge(track, present);
      const { assetId, rule, flapping, stored, slots } = track;
      if (flapping !== stored) {
        if (flapping) this.#store.begin({ assetId, rule, since: now });
        else this.#store.end(assetId, rule, now);
        track.stored = flapping;
        this.#changed = true;
      }
      if (slots.size === 0 && !track.flapping) this.#tracks.delete(key);
    }
    const changed = this.#changed;
    this.#changed = false;
    return changed;
  }

  #judge(track: Track, present: number): void {
    for (const slot of track.slots) {
      // A step ahead of the present is left from before the wall clock was put back.
      if (present - slot >= STATES || slot > present) track.slots.delete(slot);
    }
    track.flapping = flapsNow(track.flapping, changeShare(track.slots, present), this.#policy);
  }

  #slot(at: number): number {
    return Math.floor(at / this.#policy.everyMs);
  }

  #track(assetId: string, rule: AlertRule): Track {
    const key = keyOf(assetId, rule);
    let track = this.#tracks.get(key);
    if (track === undefined) {
      track = { assetId, rule, slots: new Set(), flapping: false, stored: false };
      this.#tracks.set(key, track);
    }
    return track;
  }
}

function keyOf(assetId: string, rule: AlertRule): string {
  return `${rule} ${assetId}`;
}
