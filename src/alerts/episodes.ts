import { type Alert, type AlertRule, confidenceOf } from '../types.ts';
import type { StoredState } from './journal.ts';
import type { AlertState } from './state.ts';

/** One (asset, rule) with an episode in progress. */
export interface Episode {
  readonly state: AlertState;
  /** Null while it is pending. */
  readonly alert: Alert | null;
}

/**
 * The episodes in progress; a healthy asset has none. Keyed by asset id, because an asset's index lasts no longer than
 * the process.
 */
export class Episodes {
  readonly #byRule = new Map<AlertRule, Map<string, Episode>>();
  /** Where the alerts are that fire. */
  readonly #firing = new Map<string, { readonly rule: AlertRule; readonly assetId: string }>();

  get(rule: AlertRule, assetId: string): Episode | undefined {
    return this.#byRule.get(rule)?.get(assetId);
  }

  set(rule: AlertRule, assetId: string, episode: Episode): void {
    let episodes = this.#byRule.get(rule);
    if (episodes === undefined) {
      episodes = new Map();
      this.#byRule.set(rule, episodes);
    }
    episodes.set(assetId, episode);
    if (episode.alert !== null && !this.#firing.has(episode.alert.id)) {
      this.#firing.set(episode.alert.id, { rule, assetId });
    }
  }

  delete(rule: AlertRule, assetId: string): void {
    const alert = this.get(rule, assetId)?.alert ?? null;
    if (alert !== null) this.#firing.delete(alert.id);
    this.#byRule.get(rule)?.delete(assetId);
  }

  /** The alert of this id while it fires. */
  alert(id: string): Alert | null {
    const place = this.#firing.get(id);
    return place === undefined ? null : (this.get(place.rule, place.assetId)?.alert ?? null);
  }

  /** Puts what operators did into the episode; nothing happens when the alert no longer fires. */
  handle(alert: Alert): void {
    const place = this.#firing.get(alert.id);
    const episode = place === undefined ? undefined : this.get(place.rule, place.assetId);
    if (place !== undefined && episode !== undefined)
      this.set(place.rule, place.assetId, { ...episode, alert });
  }

  /** All alerts that fire. */
  *alerts(): Generator<Alert> {
    for (const id of this.#firing.keys()) {
      const alert = this.alert(id);
      if (alert !== null) yield alert;
    }
  }

  /** The alerts of a class that fire with low confidence, each with the time of its last input. */
  ofLowConfidence(className: string): { assetId: string; rule: AlertRule; at: number; alert: Alert }[] {
    return [...this.all()].flatMap(({ assetId, rule, state, alert }) => {
      if (alert?.className !== className || confidenceOf(alert.model) !== 'low') return [];
      return [{ assetId, rule, at: state.phase === 'inactive' ? alert.firedAt : state.lastAt, alert }];
    });
  }

  *all(): Generator<StoredState> {
    for (const [rule, episodes] of this.#byRule) {
      for (const [assetId, episode] of episodes) yield { assetId, rule, ...episode };
    }
  }

  clear(): void {
    this.#byRule.clear();
    this.#firing.clear();
  }
}
