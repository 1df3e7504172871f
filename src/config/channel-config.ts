import type { DeviationRule } from '../alerts/deviation.ts';
import type { ChannelLimits } from '../alerts/limits.ts';
import { durationMs } from './duration.ts';
import type { Problem } from './problem.ts';
import type { ConfigFile } from './schema.ts';

type ClassFile = ConfigFile['classes'][string];
type ChannelFile = ClassFile['channels'][string];

/** One channel as the daemon uses it. */
export interface ChannelConfig {
  readonly name: string;
  readonly unit: string;
  readonly path: string;
  /** null = none. */
  readonly limits: ChannelLimits | null;
  /** null = every deviation matters. */
  readonly deviation: DeviationRule | null;
}

export function channelConfigs(options: ClassFile): readonly ChannelConfig[] {
  // With one value a topic the path is what stands at `{channel}`; in a JSON object the usual place is `values`.
  const prefix = options.topic.includes('{channel}') ? '' : 'values.';
  return Object.entries(options.channels).map(([name, { unit, path, limits, deviation }]) => ({
    name,
    unit,
    path: path ?? `${prefix}${name}`,
    limits: limitsConfig(limits),
    deviation: deviationConfig(deviation),
  }));
}

function limitsConfig(limits: ChannelFile['limits']): ChannelLimits | null {
  const { hh = null, h = null, l = null, ll = null, deadband } = limits;
  if (hh === null && h === null && l === null && ll === null) return null;
  const delays = { onDelayMs: durationMs(limits.on_delay), offDelayMs: durationMs(limits.off_delay) };
  return { hh, h, l, ll, deadband, ...delays };
}

function deviationConfig(deviation: ChannelFile['deviation']): DeviationRule | null {
  const { min_absolute: minAbsolute, min_relative: minRelative } = deviation;
  const direction = deviation.direction as DeviationRule['direction'];
  if (direction === 'both' && minAbsolute === 0 && minRelative === 0) return null;
  return { direction, minAbsolute, minRelative };
}

/** What cannot work in the limits of the channels of one class. */
export function checkChannels(path: string, channels: ClassFile['channels']): Problem[] {
  return Object.entries(channels).flatMap(([name, { limits }]) => [
    ...checkOrder(`${path}.${name}.limits`, limits),
    ...checkDeadband(`${path}.${name}.limits`, limits),
  ]);
}

const inOrder = ['ll', 'l', 'h', 'hh'] as const;

function checkOrder(path: string, limits: ChannelFile['limits']): Problem[] {
  const given = inOrder.filter((name) => limits[name] !== undefined);
  return given.slice(1).flatMap((name, i): Problem[] => {
    const below = given[i];
    const value = limits[name]!;
    // Readings are 32-bit floats, to which two limits may be the same that differ in the file.
    if (Math.fround(value) > Math.fround(limits[below]!)) return [];
    const message = `is not above \`${below}\` (${limits[below]})`;
    return [{ path: `${path}.${name}`, value, message, mend: 'Order them ll < l < h < hh.' }];
  });
}

function checkDeadband(path: string, limits: ChannelFile['limits']): Problem[] {
  const { hh, h = hh, ll, l = ll, deadband, on_delay, off_delay } = limits;
  if (h === undefined && l === undefined) {
    const idle = deadband === 0 && durationMs(on_delay) === 0 && durationMs(off_delay) === 0;
    if (idle) return [];
    const mend = 'Give one of `hh`, `h`, `l`, `ll`, or remove `limits`.';
    return [{ path, value: undefined, message: 'names no limit', mend }];
  }
  if (h === undefined || l === undefined || h <= l || deadband < h - l) return [];
  const mend = `Set it to less than ${h - l}, the room between them.`;
  const message = 'leaves no reading at which the limits of both sides are clear';
  return [{ path: `${path}.deadband`, value: deadband, message, mend }];
}
