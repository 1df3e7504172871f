import type { AlertPriority, Channel, LimitRule } from '../types.ts';
import { priorityOf } from './priority.ts';
import { type AlertPolicy, type AlertState, inactive, step } from './state.ts';

/** Hard limits of one channel, in its unit; null where there is none. `ll < l < h < hh` among those that are there. */
export interface ChannelLimits {
  readonly hh: number | null;
  readonly h: number | null;
  readonly l: number | null;
  readonly ll: number | null;
  /** How far inside its limit a reading must be again before the limit is clear. */
  readonly deadband: number;
  /** How long a reading must be beyond a limit, and inside it again, before that counts. */
  readonly onDelayMs: number;
  readonly offDelayMs: number;
}

export type LimitName = 'hh' | 'h' | 'l' | 'll';

/** One limit of one channel of a class. */
export interface Limit {
  readonly name: LimitName;
  /** Position of the channel in a row. */
  readonly channel: number;
  /** In the channel's unit. */
  readonly place: number;
  /** The alarm it belongs to: one for each side of a channel. */
  readonly rule: LimitRule;
  /** 2 of hh and ll, 1 of h and l. */
  readonly level: 1 | 2;
  /** -1 on the low side, where readings are compared with their sign turned. */
  readonly sign: 1 | -1;
  /** Deadband and delays as {@link step} takes them, for readings with that sign. */
  readonly policy: AlertPolicy;
}

/**
 * Where one (asset, limit) stands. Plain data: that of an alert's, because an alarm with a deadband and delays is the same
 * thing as an alert with a hysteresis and clocks.
 */
export type LimitState = AlertState;

const kinds = [
  { name: 'hh', side: 'high', level: 2, sign: 1 },
  { name: 'h', side: 'high', level: 1, sign: 1 },
  { name: 'l', side: 'low', level: 1, sign: -1 },
  { name: 'll', side: 'low', level: 2, sign: -1 },
] as const;

/** All limits of a class, in the order of its channels. */
export function limitsOf(
  channels: readonly (Channel & { readonly limits: ChannelLimits | null })[],
): readonly Limit[] {
  return channels.flatMap(({ name: channelName, limits }, channel) =>
    kinds.flatMap(({ name, side, level, sign }): Limit[] => {
      const place = limits?.[name] ?? null;
      if (limits === null || place === null) return [];
      const rule: LimitRule = `limit:${channelName}:${side}`;
      const policy: AlertPolicy = {
        // Readings are 32-bit floats: compared with any other number, 8.1 would not be at its limit of 8.1.
        raise: Math.fround(sign * place),
        clear: Math.fround(sign * place - limits.deadband),
        raiseOn: { windows: 1, of: 1 },
        forMs: limits.onDelayMs,
        clearAfter: 1,
        keepFiringForMs: limits.offDelayMs,
      };
      return [{ name, channel, place, rule, level, sign, policy }];
    }),
  );
}

/**
 * Moves one limit by one reading at event time `at`. Pure. It is over (phase `firing`) from a reading at or beyond the
 * limit, for `on_delay`, to a reading inside it by more than the deadband, for `off_delay` (ANSI/ISA-18.2). A missing
 * reading is NaN: it neither raises nor clears, and lets a delay run for at most half of its time.
 */
export function stepLimit(state: LimitState, reading: number, at: number, limit: Limit): LimitState {
  const value = limit.sign * reading;
  // The usual case, without an object for the input.
  if (state.phase === 'inactive' && !(value >= limit.policy.raise)) return inactive;
  return step(state, { kind: 'score', value }, at, limit.policy).state;
}

/**
 * The priority of an alert beyond a limit. hh and ll are where a machine is protected and not watched, so they are high
 * whatever the class says, and critical where it says that.
 */
export function limitPriority(level: Limit['level'], consequence: AlertPriority): AlertPriority {
  const priority = priorityOf(consequence, null);
  return level === 2 && priority !== 'critical' ? 'high' : priority;
}
