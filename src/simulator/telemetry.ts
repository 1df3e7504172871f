import type { PlantPump } from './plant.ts';
import { type PumpChannel, pumpChannels } from './pump.ts';

/** Powers of ten for the decimals that an instrument of that kind shows: a tenth of its noise, not more. */
const resolution: Record<PumpChannel, number> = {
  speed: 10,
  current: 100,
  pressure: 1000,
  flow: 100,
  vibration: 1000,
  bearing_temperature: 100,
  fluid_temperature: 100,
  voltage: 10,
};

const fields = pumpChannels.map(({ name }) => ({ key: JSON.stringify(name), scale: resolution[name] }));

/** `plant/{site}/{line}/{asset}/telemetry`. */
export function topicOf(pump: PlantPump): string {
  return `plant/${pump.site}/${pump.line}/${pump.asset}/telemetry`;
}

/** The latest row of `pump` as `{"ts": <epoch ms>, "values": {"speed": <rpm>, ...}}`. */
export function payloadOf(pump: PlantPump, at: number): string {
  let values = '';
  for (let index = 0; index < fields.length; index++) {
    const { key, scale } = fields[index];
    values += `${index === 0 ? '' : ','}${key}:${Math.round(pump.values[index] * scale) / scale}`;
  }
  return `{"ts":${at},"values":{${values}}}`;
}
