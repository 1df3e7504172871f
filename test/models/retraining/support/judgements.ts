import type { Judgement } from '../../../../src/models/retraining/judgement.ts';

const kinds = [
  'spike',
  'level_shift',
  'ramp',
  'stuck',
  'noise_burst',
  'dropout',
  'broken_correlation',
] as const;

/** A judgement on one asset-week of 5000 windows with 70 injected faults, of which 60 are found. */
export function judgementOf(options: {
  readonly model?: string;
  readonly windows?: number;
  readonly episodes?: number;
  readonly heldOutError?: number;
  readonly found?: number;
  readonly separation?: number;
}): Judgement {
  const {
    model = 'm',
    windows = 5000,
    episodes = 0,
    heldOutError = 0.5,
    found = 60,
    separation = 0.95,
  } = options;
  const byKind = Object.fromEntries(kinds.map((kind) => [kind, found / 70])) as Record<
    (typeof kinds)[number],
    number
  >;
  return {
    model,
    windows,
    anomalous: episodes * 3,
    episodes,
    episodesPerWeek: episodes,
    heldOutError,
    faults: { tried: 70, found, separation, byKind },
  };
}
