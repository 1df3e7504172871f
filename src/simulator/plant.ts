import { createFault, disturb, type Fault, type FaultRequest, type FaultState, tamper } from './faults.ts';
import { createPump, type Disturbance, type Pump, pumpChannels, simulateRow, undisturbed } from './pump.ts';

/** Labels kept; the oldest is forgotten first. A plant that runs for weeks with a fault a minute stays bounded. */
const labelsKept = 10_000;

const sites = ['north', 'south', 'east', 'west'];

export interface PlantOptions {
  readonly pumps: number;
  readonly seed: number;
  /** Time of the first row, in epoch milliseconds. */
  readonly startAt: number;
  readonly sampleEveryMs?: number;
  /** See `PumpOptions.spread`. */
  readonly spread?: number;
}

/** One pump as the plant shows it. */
export interface PlantPump {
  readonly index: number;
  readonly site: string;
  readonly line: string;
  /** Unique over the plant, such as `pump-3`. */
  readonly asset: string;
  /** The latest row, in the order of `pumpChannels`; overwritten by the next `advance()`. */
  readonly values: Float64Array;
}

/** The label of a fault in this plant. `fault.endAt` is as of the call that returned the label. */
export interface FaultLabel {
  /** Unique within the plant. */
  readonly id: number;
  readonly pump: PlantPump;
  readonly fault: Fault;
}

interface Station {
  readonly shown: PlantPump;
  readonly pump: Pump;
  /** Faults that have not ended, in the order of their injection. */
  readonly faults: { id: number; state: FaultState }[];
}

/** Pumps on one simulated clock, with labelled faults. Same options and same calls give the same rows. */
export class Plant {
  /** The pumps, by index. */
  readonly pumps: readonly PlantPump[];
  readonly sampleEveryMs: number;
  readonly #seed: number;
  readonly #stations: readonly Station[];
  readonly #labels = new Map<number, FaultLabel>();
  readonly #disturbance: Disturbance = { ...undisturbed };
  #nextAt: number;
  #injected = 0;

  constructor(options: PlantOptions) {
    this.#seed = options.seed;
    this.#nextAt = options.startAt;
    this.sampleEveryMs = options.sampleEveryMs ?? 1000;
    this.#stations = Array.from({ length: options.pumps }, (_, index) => ({
      shown: { index, ...placeOf(index), values: new Float64Array(pumpChannels.length) },
      pump: createPump({
        seed: options.seed,
        stream: index,
        sampleEverySeconds: this.sampleEveryMs / 1000,
        spread: options.spread ?? 0.01,
      }),
      faults: [],
    }));
    this.pumps = this.#stations.map((station) => station.shown);
  }

  /** Time of the row that the next `advance()` gives. */
  get nextAt(): number {
    return this.#nextAt;
  }

  /** Gives the next row of every pump, in `pumps[i].values`, and returns the time of these rows. */
  advance(): number {
    const at = this.#nextAt;
    for (const station of this.#stations) {
      if (station.faults.length === 0) simulateRow(station.pump, undisturbed, station.shown.values);
      else this.#advanceFaulty(station, at);
    }
    this.#nextAt = at + this.sampleEveryMs;
    return at;
  }

  /**
   * Schedules a fault on the pump of that index; from `startAt` on, or from the next row if that is later.
   * Throws a `RangeError` when the plant has no such pump.
   */
  inject(pumpIndex: number, request: FaultRequest): FaultLabel {
    const station = this.#stations[pumpIndex];
    if (station === undefined) {
      throw new RangeError(`pump index ${pumpIndex} is not from 0 to ${this.#stations.length - 1}`);
    }
    const id = this.#injected++;
    const startAt = Math.max(request.startAt, this.#nextAt);
    const state = createFault({ ...request, startAt }, this.#seed + id);
    const label: FaultLabel = { id, pump: station.shown, fault: state.fault };
    station.faults.push({ id, state });
    this.#labels.set(id, label);
    for (const oldest of this.#labels.keys()) {
      if (this.#labels.size <= labelsKept) break;
      this.#labels.delete(oldest);
    }
    return label;
  }

  /** Ends a fault with the next row and returns its final label; without effect on one that has ended already. */
  clear(label: FaultLabel): FaultLabel {
    const active = this.#stations[label.pump.index].faults.find((fault) => fault.id === label.id);
    if (active === undefined) return this.#labels.get(label.id) ?? label;
    const { fault } = active.state;
    if (fault.endAt !== null && fault.endAt <= this.#nextAt) return this.#labels.get(label.id) ?? label;
    active.state.fault = { ...fault, endAt: Math.max(fault.startAt, this.#nextAt) };
    const cleared = { ...label, fault: active.state.fault };
    if (this.#labels.has(label.id)) this.#labels.set(label.id, cleared);
    return cleared;
  }

  /** Every fault so far, ended or not yet begun ones too, oldest injection first. */
  labels(): FaultLabel[] {
    return [...this.#labels.values()];
  }

  /** The faults that are at work at `at`. */
  labelsAt(at: number): FaultLabel[] {
    return this.labels().filter(
      ({ fault }) => fault.startAt <= at && (fault.endAt === null || at < fault.endAt),
    );
  }

  #advanceFaulty(station: Station, at: number): void {
    const disturbance = Object.assign(this.#disturbance, undisturbed);
    for (const { state } of station.faults) disturb(state, at, disturbance);
    simulateRow(station.pump, disturbance, station.shown.values);
    for (const { state } of station.faults) tamper(state, at, station.shown.values);
    for (let index = station.faults.length - 1; index >= 0; index--) {
      const { endAt } = station.faults[index].state.fault;
      if (endAt !== null && endAt <= at) station.faults.splice(index, 1);
    }
  }
}

/** Two pumps a line, two lines a site, and round the four sites again with new lines. */
function placeOf(index: number): Pick<PlantPump, 'site' | 'line' | 'asset'> {
  const pair = Math.floor(index / 2);
  const round = Math.floor(pair / (2 * sites.length));
  return {
    site: sites[Math.floor(pair / 2) % sites.length],
    line: `line-${2 * round + (pair % 2) + 1}`,
    asset: `pump-${index + 1}`,
  };
}
