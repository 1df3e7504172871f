import type { Asset, Clock, Row } from '../../types.ts';
import { FlapDetector, type FlapPolicy, type FlapStore } from './flapping.ts';
import { Maintenance, type MaintenanceConfig } from './maintenance.ts';
import type { MatchedAlarm } from './matcher.ts';
import type { Mute, Mutes } from './mute.ts';
import type { Interval } from './recurrence.ts';
import type { SilenceStore } from './silence-table.ts';
import { Silences } from './silences.ts';
import { Topology, type TopologyConfig, type TopologyOptions } from './topology.ts';

export interface NoiseConfig {
  readonly maintenance: readonly MaintenanceConfig[];
  readonly topology: readonly TopologyConfig[];
  readonly flapping: FlapPolicy;
}

export interface NoiseOptions extends Pick<TopologyOptions, 'channels' | 'firing'> {
  readonly config: NoiseConfig;
  readonly silences: SilenceStore;
  readonly flaps: FlapStore;
  /** Wall time. */
  readonly clock: Clock;
}

/**
 * All that keeps alerts from people by a rule, in the order in which it is named: what a person said first, then what
 * was planned, then what follows from something else, then what cannot make up its mind.
 */
export class NoiseControl implements Mutes {
  readonly silences: Silences;
  readonly #maintenance: Maintenance;
  readonly #topology: Topology;
  readonly #flaps: FlapDetector;
  #started = false;

  /** @throws what the parts of the configuration throw that are wrong. */
  constructor({ config, silences, flaps, clock, channels, firing }: NoiseOptions) {
    this.silences = new Silences(silences, clock);
    this.#maintenance = new Maintenance(config.maintenance, clock);
    this.#topology = new Topology({ rules: config.topology, channels, firing, clock });
    this.#flaps = new FlapDetector(config.flapping, flaps, clock);
  }

  start(): void {
    this.silences.start();
    this.#topology.start();
    this.#flaps.start();
  }

  onAsset(asset: Asset): void {
    this.#topology.onAsset(asset);
  }

  onRow(row: Row): void {
    this.#topology.onRow(row);
  }

  /** See {@link Topology.listening}. */
  listening(since: number | null): void {
    this.#topology.listening(since);
  }

  observe(alarm: MatchedAlarm): void {
    this.#flaps.observe(alarm);
  }

  on(alarm: MatchedAlarm, before: string | null): Mute | null {
    return (
      this.silences.on(alarm) ??
      this.#maintenance.on(alarm) ??
      this.#topology.on(alarm, before) ??
      this.#flaps.on(alarm)
    );
  }

  sweep(): boolean {
    // What ended while nobody looked, over a restart, has changed as well.
    const first = !this.#started;
    // The flaps are first, because they alone write and may throw: what the others find must not be lost.
    const parts = [this.#flaps, this.silences, this.#maintenance, this.#topology];
    const changed = parts.map((part) => part.sweep()).includes(true);
    this.#started = true;
    return changed || first;
  }

  /** When there was, or will be, planned work on an asset: its rows of that time are no example of normal operation. */
  plannedWork(asset: Omit<MatchedAlarm, 'rule'>, from: number, to: number): readonly Interval[] {
    return this.#maintenance.during({ ...asset, rule: 'anomaly' }, from, to);
  }

  /** What mutes now, for the status. */
  status(): {
    readonly silences: number;
    readonly maintenance: readonly string[];
    readonly flapping: number;
  } {
    return {
      silences: this.silences.inForce().length,
      maintenance: this.#maintenance.current(),
      flapping: this.#flaps.count,
    };
  }
}
