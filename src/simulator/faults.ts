import { type Disturbance, type PumpChannel, pumpChannels } from './pump.ts';
import { createRandom, type Random } from './random.ts';

/*
 * What each fault comes to at size 1 and the end of its ramp, at nominal speed, and the noise of the same sensors:
 *
 *   fault            ramp   effect                                                      sensor noise (1 sigma)
 *   bearing_wear     60 s   vibration +60 %, bearing +8 degC (lag 25 s), current +2 %   3 %, 0.15 degC, 0.5 %
 *   cavitation       10 s   pressure -13 +- 2.4 %, flow -7.5 +- 1.4 %,                  0.5 %, 0.6 %,
 *                           vibration +42 +- 9 %, current -19 +- 3 %                    3 %, 0.5 %
 *   blocked_filter   60 s   flow -14 %, pressure +9 %, current -5 %                     0.6 %, 0.5 %, 0.5 %
 *   leak             20 s   pressure -13 %, metered flow -8 %, current +5 %             0.5 %, 0.6 %, 0.5 %
 *   stuck_sensor      0 s   the reading stays at its last value                         shows at the next load change
 *   drifting_sensor 120 s   that reading alone moves by `driftOf[channel]`              see pump.ts
 *
 * Each is five sigma and more of what the other channels predict within a minute (a stuck sensor: of the load
 * change). A drifting fluid temperature is the hardest to find: little else in the pump depends on it.
 */
export const faultKinds = [
  'bearing_wear',
  'cavitation',
  'blocked_filter',
  'leak',
  'stuck_sensor',
  'drifting_sensor',
] as const;

export type FaultKind = (typeof faultKinds)[number];

interface FaultTiming {
  /** When it begins, in epoch milliseconds of the plant's clock. */
  readonly startAt: number;
  /** When it ends by itself; without it the fault lasts until it is cleared. */
  readonly endAt?: number;
  /** Time from its beginning to its full size; the kind's own when left out. */
  readonly rampMs?: number;
  /** Multiplies the effects of the table above; default 1. */
  readonly size?: number;
}

/** A fault as it is asked for. Only faults of a sensor choose their channel. */
export type FaultRequest = FaultTiming &
  (
    | { readonly kind: 'bearing_wear' | 'cavitation' | 'blocked_filter' | 'leak' }
    | { readonly kind: 'stuck_sensor' | 'drifting_sensor'; readonly channel?: PumpChannel }
  );

/** The ground truth of one fault. */
export interface Fault {
  readonly kind: FaultKind;
  /** The channel that the fault is about. */
  readonly channel: PumpChannel;
  /** Channels that physics couples to it, in which the fault may show as well or first. */
  readonly neighbours: readonly PumpChannel[];
  readonly startAt: number;
  /** Null while nothing has ended it. */
  readonly endAt: number | null;
  readonly rampMs: number;
  readonly size: number;
}

/** A fault at work: its label, and what it must remember from row to row. */
export interface FaultState {
  fault: Fault;
  readonly random: Random;
  /** The reading of a stuck sensor; NaN until it sticks. */
  held: number;
}

type Defaults = Pick<Fault, 'channel' | 'neighbours' | 'rampMs'>;

const defaultsOf: Record<FaultKind, Defaults> = {
  bearing_wear: { channel: 'vibration', neighbours: ['bearing_temperature', 'current'], rampMs: 60_000 },
  cavitation: { channel: 'pressure', neighbours: ['flow', 'vibration', 'current'], rampMs: 10_000 },
  blocked_filter: { channel: 'flow', neighbours: ['pressure', 'current'], rampMs: 60_000 },
  leak: { channel: 'pressure', neighbours: ['flow', 'current'], rampMs: 20_000 },
  stuck_sensor: { channel: 'flow', neighbours: [], rampMs: 0 },
  drifting_sensor: { channel: 'bearing_temperature', neighbours: [], rampMs: 120_000 },
};

/** For faults of a sensor: the channels that a model compares that sensor with. */
const coupledTo: Record<PumpChannel, readonly PumpChannel[]> = {
  speed: ['current', 'pressure', 'flow', 'vibration'],
  current: ['speed', 'pressure', 'flow', 'voltage'],
  pressure: ['speed', 'current', 'flow'],
  flow: ['speed', 'current', 'pressure'],
  vibration: ['speed', 'bearing_temperature'],
  bearing_temperature: ['vibration', 'fluid_temperature'],
  fluid_temperature: ['bearing_temperature'],
  voltage: ['current'],
};

/** How far a drifting sensor of size 1 has gone at the end of its ramp, in the channel's unit. */
const driftOf: Record<PumpChannel, number> = {
  speed: 60,
  current: 5,
  pressure: 0.8,
  flow: 12,
  vibration: 1,
  bearing_temperature: 12,
  fluid_temperature: 6,
  voltage: 25,
};

/** The state of a fault that has not begun; `seed` decides how an unsteady fault fluctuates. */
export function createFault(request: FaultRequest, seed: number): FaultState {
  const defaults = defaultsOf[request.kind];
  const chosen = 'channel' in request ? request.channel : undefined;
  const channel = chosen ?? defaults.channel;
  const ofSensor = request.kind === 'stuck_sensor' || request.kind === 'drifting_sensor';
  const fault: Fault = {
    kind: request.kind,
    channel,
    neighbours: ofSensor ? coupledTo[channel] : defaults.neighbours,
    startAt: request.startAt,
    endAt: request.endAt ?? null,
    rampMs: request.rampMs ?? defaults.rampMs,
    size: request.size ?? 1,
  };
  return { fault, random: createRandom(seed, 0x0fa017), held: Number.NaN };
}

/** How much of the fault is there at `at`: 0 before it begins and from its end on, `size` from the end of its ramp. */
function severityAt(fault: Fault, at: number): number {
  if (at < fault.startAt || (fault.endAt !== null && at >= fault.endAt)) return 0;
  const age = at - fault.startAt;
  return age >= fault.rampMs ? fault.size : (fault.size * age) / fault.rampMs;
}

/** Adds what the fault does to the physics at `at` to `disturbance`; faults of a sensor do nothing to it. */
export function disturb(state: FaultState, at: number, disturbance: Disturbance): void {
  const severity = severityAt(state.fault, at);
  if (severity === 0) return;
  switch (state.fault.kind) {
    case 'bearing_wear':
      disturbance.vibrationFactor *= 1 + 0.6 * severity;
      disturbance.bearingHeat += 8 * severity;
      disturbance.frictionShare += 0.02 * severity;
      return;
    case 'cavitation': {
      // Vapour takes a share of the head that changes from moment to moment, and its collapse shakes the casing.
      const unsteady = Math.abs(state.random.normal());
      disturbance.headFactor *= Math.max(0, 1 - severity * (0.1 + 0.04 * unsteady));
      disturbance.vibrationFactor *= 1 + severity * (0.3 + 0.15 * unsteady);
      return;
    }
    case 'blocked_filter':
      disturbance.resistanceFactor *= 1 + 0.5 * severity;
      return;
    case 'leak':
      disturbance.leakShare = 1 - (1 - disturbance.leakShare) * Math.max(0.1, 1 - 0.22 * severity);
      return;
    case 'stuck_sensor':
    case 'drifting_sensor':
      return;
  }
}

/** Changes the readings of one row (length 8, order of `pumpChannels`) as a faulty sensor would at `at`. */
export function tamper(state: FaultState, at: number, values: Float64Array): void {
  const { fault } = state;
  if (fault.kind !== 'stuck_sensor' && fault.kind !== 'drifting_sensor') return;
  const severity = severityAt(fault, at);
  if (severity === 0) return;
  const index = pumpChannels.findIndex((channel) => channel.name === fault.channel);
  if (fault.kind === 'drifting_sensor') {
    values[index] += severity * driftOf[fault.channel];
    return;
  }
  // The first row of the fault still is a true reading: the sensor repeats it from then on.
  if (Number.isNaN(state.held)) state.held = values[index];
  values[index] = state.held;
}
