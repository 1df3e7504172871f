import type { Channel } from '../types.ts';
import { createLoadProfile, type LoadProfile } from './load.ts';
import { createRandom, type Random } from './random.ts';

/** What a pump publishes, in the order of a row's values. */
export const pumpChannels = [
  { name: 'speed', unit: 'rpm' },
  { name: 'current', unit: 'A' },
  { name: 'pressure', unit: 'bar' },
  { name: 'flow', unit: 'm3/h' },
  { name: 'vibration', unit: 'mm/s' },
  { name: 'bearing_temperature', unit: 'degC' },
  { name: 'fluid_temperature', unit: 'degC' },
  { name: 'voltage', unit: 'V' },
] as const satisfies readonly Channel[];

export type PumpChannel = (typeof pumpChannels)[number]['name'];

/** What faults do to the physics of one sample; the neutral value of each field is in {@link undisturbed}. */
export interface Disturbance {
  /** Multiplies the head that the impeller gives. */
  headFactor: number;
  /** Multiplies the resistance of the pipe work after the pressure tap. */
  resistanceFactor: number;
  /** Share of the pumped flow that is lost between the pump and its flow meter. */
  leakShare: number;
  /** Extra shaft power, as a share of nominal shaft power at nominal speed; it scales with speed. */
  frictionShare: number;
  vibrationFactor: number;
  /** Heat at the bearing's ring, as the degrees that it would settle above the healthy temperature. */
  bearingHeat: number;
}

export const undisturbed: Readonly<Disturbance> = {
  headFactor: 1,
  resistanceFactor: 1,
  leakShare: 0,
  frictionShare: 0,
  vibrationFactor: 1,
  bearingHeat: 0,
};

export interface PumpOptions {
  readonly seed: number;
  /** Which of the pumps under that seed: pumps with different numbers differ in load, noise and parameters. */
  readonly stream?: number;
  readonly sampleEverySeconds?: number;
  /** Relative standard deviation of the pump's parameters from the type's; default 0.01. */
  readonly spread?: number;
}

// A 30 kW single-stage centrifugal pump on a frequency converter. Duty point at nominal speed: 120 m3/h at 6 bar.
const nominalSpeed = 2950;
const nominalFlow = 120;
/** Head at zero flow, bar. */
const shutoffPressure = 8;
/** Pressure that the pump's own curve loses at nominal flow, bar. */
const curveLoss = 2;
/** Pressure of the system at zero flow, and what its pipes lose at nominal flow, bar. */
const staticPressure = 0.6;
const pipeLoss = 5.4;
const pumpEfficiency = 0.72;
const motorEfficiency = 0.93;
const powerFactor = 0.87;
const nominalVoltage = 400;
const nominalShaftKw = (nominalFlow * (shutoffPressure - curveLoss)) / 36 / pumpEfficiency;
/** Inertia of rotor and impeller, kg m2. */
const inertia = 0.12;
const radiansPerSecond = (nominalSpeed * 2 * Math.PI) / 60;

// Time constants in seconds. The ring of the bearing follows its own friction much faster than the housing does.
const motorLag = 6;
const housingLag = 150;
const ringLag = 25;
const fluidLag = 200;

/** Standard deviation of each sensor's noise, in its unit; vibration's is a share of the reading. */
const noise = {
  speed: 3,
  current: 0.25,
  pressure: 0.03,
  flow: 0.7,
  vibration: 0.03,
  bearing_temperature: 0.15,
  fluid_temperature: 0.12,
  voltage: 0.8,
} as const satisfies Record<PumpChannel, number>;

/** Slow wanders (Ornstein-Uhlenbeck): standard deviation in the channel's unit and correlation time in seconds. */
const voltageWander = { deviation: 2.5, seconds: 60 };
const roomWander = { deviation: 0.15, seconds: 240 };
const inletWander = { deviation: 0.15, seconds: 240 };

/** One pump: its own parameters, and the state that the next row starts from. Advanced by {@link simulateRow}. */
export interface Pump {
  readonly seconds: number;
  readonly random: Random;
  readonly load: LoadProfile;
  readonly shutoffPressure: number;
  readonly curveLoss: number;
  readonly pipeLoss: number;
  readonly efficiency: number;
  readonly powerFactor: number;
  readonly voltage: number;
  readonly vibration: number;
  readonly bearingRise: number;
  readonly room: number;
  readonly inlet: number;
  readonly noiseFactor: number;
  /** Shaft speed as a share of nominal. */
  ratio: number;
  /** Degrees of the housing over its surroundings, of the ring over the housing, of the fluid over the inlet. */
  housing: number;
  ring: number;
  fluid: number;
  voltageOffset: number;
  roomOffset: number;
  inletOffset: number;
}

/** A healthy pump in thermal balance at its first operating point. */
export function createPump(options: PumpOptions): Pump {
  const { seed, stream = 0, sampleEverySeconds = 1, spread = 0.01 } = options;
  const parameters = createRandom(seed, 3 * stream);
  const load = createLoadProfile(createRandom(seed, 3 * stream + 1));
  const random = createRandom(seed, 3 * stream + 2);
  // Cut at 2.5 deviations: a factory's acceptance test would refuse a pump further from its type.
  const own = (share = 1) => 1 + share * spread * Math.max(-2.5, Math.min(2.5, parameters.normal()));
  const pump: Pump = {
    seconds: sampleEverySeconds,
    random,
    load,
    shutoffPressure: shutoffPressure * own(0.5),
    curveLoss: curveLoss * own(),
    pipeLoss: pipeLoss * own(),
    efficiency: pumpEfficiency * own(0.5),
    powerFactor: powerFactor * own(0.3),
    voltage: nominalVoltage * own(0.2),
    vibration: own(2),
    bearingRise: 20 * own(),
    room: 22 * own(),
    inlet: 18 * own(),
    // Sensors of one type differ more in noise than pumps do in hydraulics.
    noiseFactor: Math.max(0.4, own(5)),
    ratio: load.setPoint,
    housing: 0,
    ring: 0,
    fluid: 0,
    voltageOffset: voltageWander.deviation * random.normal(),
    roomOffset: roomWander.deviation * random.normal(),
    inletOffset: inletWander.deviation * random.normal(),
  };
  const flow = pumpedFlow(pump, undisturbed);
  const shaftKw = shaftPower(pump, flow, dischargePressure(pump, flow, undisturbed), undisturbed);
  pump.housing = settledHousing(pump, shaftKw);
  pump.fluid = settledFluid(shaftKw);
  return pump;
}

/**
 * Advances `pump` by one sample and writes its readings into `out` (length 8, order and units of
 * {@link pumpChannels}). Allocates nothing. The numbers drawn do not depend on `disturbance`, so a pump with a fault and
 * its healthy twin share load and noise and differ in the fault alone.
 */
export function simulateRow(pump: Pump, disturbance: Readonly<Disturbance>, out: Float64Array): void {
  const { random, seconds } = pump;
  const previous = pump.ratio;
  pump.ratio += lag(pump.load.advance(seconds) - previous, motorLag, seconds);
  pump.voltageOffset = wander(pump.voltageOffset, voltageWander, pump);
  pump.roomOffset = wander(pump.roomOffset, roomWander, pump);
  pump.inletOffset = wander(pump.inletOffset, inletWander, pump);

  const flow = pumpedFlow(pump, disturbance);
  const pressure = dischargePressure(pump, flow, disturbance);
  const shaftKw = shaftPower(pump, flow, pressure, disturbance);
  pump.housing += lag(settledHousing(pump, shaftKw) - pump.housing, housingLag, seconds);
  pump.ring += lag(disturbance.bearingHeat - pump.ring, ringLag, seconds);
  pump.fluid += lag(settledFluid(shaftKw) - pump.fluid, fluidLag, seconds);

  const acceleration = ((pump.ratio - previous) / seconds) * radiansPerSecond;
  const accelerationKw = (inertia * pump.ratio * radiansPerSecond * acceleration) / 1000;
  const voltage = pump.voltage + pump.voltageOffset;
  // Three-phase power: P = sqrt(3) U I cos(phi).
  const amperes =
    ((shaftKw + accelerationKw) * 1000) / motorEfficiency / (Math.sqrt(3) * voltage * pump.powerFactor);
  const fluid = pump.inlet + pump.inletOffset + pump.fluid;
  // The housing stands between the room and the fluid that it carries.
  const surroundings = 0.6 * (pump.room + pump.roomOffset) + 0.4 * fluid;

  const factor = pump.noiseFactor;
  out[0] = pump.ratio * nominalSpeed + factor * noise.speed * random.normal();
  out[1] = amperes + factor * noise.current * random.normal();
  out[2] = pressure + factor * noise.pressure * random.normal();
  out[3] = flow * (1 - disturbance.leakShare) + factor * noise.flow * random.normal();
  out[4] = vibrationOf(pump, disturbance) * (1 + factor * noise.vibration * random.normal());
  out[5] = surroundings + pump.housing + pump.ring + factor * noise.bearing_temperature * random.normal();
  out[6] = fluid + factor * noise.fluid_temperature * random.normal();
  out[7] = voltage + factor * noise.voltage * random.normal();
}

/**
 * Where pump curve and system curve meet (affinity laws: flow with speed, head with its square), in m3/h.
 * With flow q as a share of nominal: `H0 n^2 - a q^2 = Hs + R (q - leak)^2`.
 */
function pumpedFlow(pump: Pump, disturbance: Readonly<Disturbance>): number {
  const head = pump.shutoffPressure * disturbance.headFactor * pump.ratio * pump.ratio - staticPressure;
  const kept = 1 - disturbance.leakShare;
  const resistance = pump.curveLoss + pump.pipeLoss * disturbance.resistanceFactor * kept * kept;
  return nominalFlow * Math.sqrt(Math.max(0, head) / resistance);
}

/** Pressure in front of the pipe work, in bar. */
function dischargePressure(pump: Pump, flow: number, disturbance: Readonly<Disturbance>): number {
  const piped = (flow / nominalFlow) * (1 - disturbance.leakShare);
  return staticPressure + pump.pipeLoss * disturbance.resistanceFactor * piped * piped;
}

/** Hydraulic power over the efficiency, which is best at the nominal ratio of flow to speed, in kW. */
function shaftPower(pump: Pump, flow: number, pressure: number, disturbance: Readonly<Disturbance>): number {
  const off = flow / (nominalFlow * pump.ratio) - 1;
  const efficiency = pump.efficiency * (1 - 0.8 * off * off);
  // 1 m3/h at 1 bar is 1/36 kW.
  return (flow * pressure) / 36 / efficiency + disturbance.frictionShare * nominalShaftKw * pump.ratio;
}

/** Degrees over its surroundings at which the bearing housing settles: rotation and load both heat it. */
function settledHousing(pump: Pump, shaftKw: number): number {
  return pump.bearingRise * (0.45 + 0.3 * pump.ratio * pump.ratio + (0.25 * shaftKw) / nominalShaftKw);
}

/** Degrees that the losses put into the circulating fluid. */
function settledFluid(shaftKw: number): number {
  return (3 * shaftKw) / nominalShaftKw;
}

/** Unbalance grows with the square of speed; the base frame has a mild resonance at 86 % of nominal. */
function vibrationOf(pump: Pump, disturbance: Readonly<Disturbance>): number {
  const detuned = (pump.ratio - 0.86) / 0.05;
  const healthy = 0.7 + 1.2 * pump.ratio * pump.ratio + 0.12 / (1 + detuned * detuned);
  return healthy * pump.vibration * disturbance.vibrationFactor;
}

/** Exact step of a first-order lag towards a gap of `gap`. */
function lag(gap: number, timeConstant: number, seconds: number): number {
  return gap * (1 - Math.exp(-seconds / timeConstant));
}

function wander(offset: number, by: { deviation: number; seconds: number }, pump: Pump): number {
  const kept = Math.exp(-pump.seconds / by.seconds);
  return kept * offset + by.deviation * Math.sqrt(1 - kept * kept) * pump.random.normal();
}
