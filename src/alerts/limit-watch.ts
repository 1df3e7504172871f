import type { AlertPriority, Asset, Channel, Clock, LimitRule, Row } from '../types.ts';
import { isLimitRule } from './alert-rule.ts';
import type { Alerting } from './alerting.ts';
import { describeLimit } from './evidence.ts';
import {
  type ChannelLimits,
  type Limit,
  type LimitState,
  limitPriority,
  limitsOf,
  stepLimit,
} from './limits.ts';
import { inactive, interrupted } from './state.ts';

export interface LimitWatchOptions {
  /** Of the class, in the order of a row. */
  readonly channels: readonly (Channel & { readonly limits: ChannelLimits | null })[];
  readonly consequence: AlertPriority;
  /** Asked for when it is needed: it may be made after the watch. */
  readonly alerting: () => Pick<Alerting, 'onCondition' | 'current' | 'firing'>;
  /** For what ends without a row of its own. */
  readonly clock: Clock;
}

/** An asset that has, or has just had, a reading beyond a limit. */
interface Over {
  /** By position of the limit. */
  readonly states: LimitState[];
  /** Rules whose alert may still fire. */
  readonly open: Set<LimitRule>;
}

/**
 * Compares the rows of one class with its limits, from the first row on and without any model. Holds those assets alone
 * that have a reading beyond a limit; a row of any other asset allocates nothing.
 */
export class LimitWatch {
  readonly #options: LimitWatchOptions;
  readonly #limits: readonly Limit[];
  readonly #rules: readonly LimitRule[];
  readonly #over = new Map<number, Over>();
  /** Rules that fired when Forewarn started, by asset id, until the asset is heard of. */
  #restored: Map<string, LimitRule[]> | null = null;

  constructor(options: LimitWatchOptions) {
    this.#options = options;
    this.#limits = limitsOf(options.channels);
    this.#rules = [...new Set(this.#limits.map(({ rule }) => rule))];
  }

  /** The alarms that the limits make. */
  get rules(): readonly LimitRule[] {
    return this.#rules;
  }

  /** Takes up the alerts of before a restart; those of limits that are no longer there are over. */
  onAsset(asset: Asset): void {
    this.#restored ??= this.#firing();
    const rules = this.#restored.get(asset.id);
    if (rules === undefined) return;
    this.#restored.delete(asset.id);
    const alerting = this.#options.alerting();
    for (const rule of rules) {
      const state = alerting.current(asset.id, rule)?.state;
      if (state?.phase !== 'firing') continue;
      if (!this.#rules.includes(rule)) {
        alerting.onCondition(rule, asset, false, this.#options.clock(), nothingToSay);
        continue;
      }
      const over = this.#overOf(asset);
      over.open.add(rule);
      for (const [i, limit] of this.#limits.entries())
        if (limit.rule === rule && limit.level <= (state.level ?? 0)) over.states[i] = interrupted(state);
    }
  }

  onRow({ asset, at, values, measured }: Row): void {
    if (this.#limits.length === 0) return;
    let over = this.#over.get(asset.index);
    for (let i = 0; i < this.#limits.length; i++) {
      const limit = this.#limits[i];
      const { channel, sign, policy } = limit;
      const reading = measured[channel] === 0 ? Number.NaN : values[channel];
      if (over === undefined) {
        if (!(sign * reading >= policy.raise)) continue;
        over = this.#overOf(asset);
      }
      over.states[i] = stepLimit(over.states[i], reading, at, limit);
    }
    if (over !== undefined) this.#report(over, asset, at, values);
  }

  #report({ states, open }: Over, asset: Asset, at: number, values: Float32Array): void {
    const alerting = this.#options.alerting();
    for (const rule of this.#rules) {
      const worst = this.#worst(rule, states);
      if (worst === null) {
        if (!open.has(rule)) continue;
        alerting.onCondition(rule, asset, false, at, nothingToSay);
        // It is said again at the next row when the journal fails and nothing was taken.
        if (alerting.current(asset.id, rule) === null) open.delete(rule);
        continue;
      }
      open.add(rule);
      const value = values[worst.channel];
      const describe = () => ({
        ...describeLimit(asset, this.#options.channels[worst.channel], value, worst),
        priority: limitPriority(worst.level, this.#options.consequence),
      });
      alerting.onCondition(rule, asset, true, at, describe, worst.level);
    }
    if (open.size === 0 && states.every(({ phase }) => phase === 'inactive')) this.#over.delete(asset.index);
  }

  /** The limit of the highest level that is over; null when none is. */
  #worst(rule: LimitRule, states: readonly LimitState[]): Limit | null {
    let worst: Limit | null = null;
    for (const [i, limit] of this.#limits.entries()) {
      if (limit.rule !== rule || states[i].phase !== 'firing') continue;
      if (worst === null || limit.level > worst.level) worst = limit;
    }
    return worst;
  }

  #overOf(asset: Asset): Over {
    let over = this.#over.get(asset.index);
    if (over === undefined) {
      over = { states: this.#limits.map(() => inactive), open: new Set() };
      this.#over.set(asset.index, over);
    }
    return over;
  }

  #firing(): Map<string, LimitRule[]> {
    const rules = new Map<string, LimitRule[]>();
    for (const { assetId, rule } of this.#options.alerting().firing())
      if (isLimitRule(rule)) rules.set(assetId, [...(rules.get(assetId) ?? []), rule]);
    return rules;
  }
}

const nothingToSay = () => ({ summary: '', channels: [] });
