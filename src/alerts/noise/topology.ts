import type { Asset, Channel, Clock, Row } from '../../types.ts';
import { type MatchedAlarm, type Matcher, matchesAll, parseMatcher } from './matcher.ts';
import { type Mute, muteText } from './mute.ts';
import { TopologySource } from './topology-source.ts';

/** One dependency between assets: while a source is down, alerts of what depends on it say nothing new. */
export interface TopologyConfig {
  readonly name: string;
  /** Which assets are sources. */
  readonly source: readonly string[];
  readonly when:
    | { readonly silentForMs: number }
    /** A reading of the source; `below` and `above` exclude the value itself, null leaves it out. */
    | { readonly channel: string; readonly below: number | null; readonly above: number | null };
  /** Which alarms are muted; all when there is none. */
  readonly mutes: readonly string[];
  /** Labels that source and muted asset have in common. */
  readonly same: readonly string[];
  /** How long it still mutes after the source is back, while what depends on it comes back too. */
  readonly keepForMs: number;
}

export interface TopologyOptions {
  readonly rules: readonly TopologyConfig[];
  readonly channels: (className: string) => readonly Channel[];
  /** All alerts that fire. */
  readonly firing: () => Iterable<MatchedAlarm>;
  readonly clock: Clock;
}

/** After a start a source may need a while to be heard of; until then what it muted stays muted. */
const UNKNOWN_FOR_MS = 300_000;

interface Rule {
  readonly config: TopologyConfig;
  readonly source: readonly Matcher[];
  readonly mutes: readonly Matcher[];
  readonly sources: Map<string, TopologySource>;
  /** By the values of the labels in `same`. */
  readonly groups: Map<string, readonly TopologySource[]>;
}

/** Mutes what depends on an asset that is down. Holds one small value a source. */
export class Topology {
  readonly #options: TopologyOptions;
  readonly #rules: readonly Rule[];
  /** By asset index; most assets are no source. */
  readonly #byIndex: (readonly TopologySource[] | undefined)[] = [];
  #listeningSince: number | null = null;
  #unknownUntil = 0;

  /** @throws what `parseMatcher` throws. */
  constructor(options: TopologyOptions) {
    this.#options = options;
    this.#rules = options.rules.map((config) => ({
      config,
      source: config.source.map(parseMatcher),
      mutes: config.mutes.map(parseMatcher),
      sources: new Map(),
      groups: new Map(),
    }));
  }

  /** Takes up the sources that were silent before the start: they may never be heard of again. */
  start(): void {
    this.#unknownUntil = this.#options.clock() + UNKNOWN_FOR_MS;
    for (const alarm of this.#options.firing()) {
      if (alarm.rule === 'silent') for (const source of this.#register(alarm)) source.wasSilent();
    }
  }

  onAsset(asset: Asset): void {
    const { id: assetId, className, labels } = asset;
    const sources = this.#register({ assetId, className, labels, rule: 'silent' });
    if (sources.length > 0) this.#byIndex[asset.index] = sources;
  }

  onRow(row: Row): void {
    const sources = this.#byIndex[row.asset.index];
    if (sources === undefined) return;
    const now = this.#options.clock();
    for (const source of sources) source.onRow(row, now);
  }

  /** Wall time since which telemetry comes in; null while it does not, and then nobody can be called silent. */
  listening(since: number | null): void {
    this.#listeningSince = since;
  }

  on(alarm: MatchedAlarm, before: string | null): Mute | null {
    for (const { config, source, mutes, groups } of this.#rules) {
      const related = groups.get(groupOf(config.same, alarm.labels) ?? '') ?? [];
      if (related.length === 0 && before === null) continue;
      if (!matchesAll(mutes, alarm) || matchesAll(source, alarm)) continue;
      const down = related.find(({ isDown }) => isDown);
      const mute = { reason: 'topology', name: config.name, by: null } as const;
      if (down !== undefined) return { ...mute, why: `${down.assetId} ${down.what}` };
      if (before !== muteText(mute) || related.some(({ isKnown }) => isKnown)) continue;
      if (this.#options.clock() < this.#unknownUntil)
        return { ...mute, why: 'what it depends on was down before the restart' };
    }
    return null;
  }

  /** Looks at all sources again; true when one went down or came back, or is no longer waited for. */
  sweep(): boolean {
    const now = this.#options.clock();
    let changed = this.#unknownUntil > 0 && now >= this.#unknownUntil;
    if (changed) this.#unknownUntil = 0;
    for (const { sources } of this.#rules) {
      for (const source of sources.values()) {
        if (source.sweep(now, this.#listeningSince)) changed = true;
      }
    }
    return changed;
  }

  #register(asset: MatchedAlarm): readonly TopologySource[] {
    const found: TopologySource[] = [];
    for (const { config, source, sources, groups } of this.#rules) {
      const group = groupOf(config.same, asset.labels);
      if (group === null || !matchesAll(source, asset)) continue;
      let one = sources.get(asset.assetId);
      if (one === undefined) {
        const channels = this.#options.channels(asset.className).map(({ name }) => name);
        one = new TopologySource(config, asset, channels);
        sources.set(asset.assetId, one);
        groups.set(group, [...(groups.get(group) ?? []), one]);
      }
      found.push(one);
    }
    return found;
  }
}

/** The values of these labels as one text; null for an asset that lacks one. */
function groupOf(names: readonly string[], labels: Readonly<Record<string, string>>): string | null {
  return names.every((name) => Object.hasOwn(labels, name))
    ? JSON.stringify(names.map((name) => labels[name]))
    : null;
}
