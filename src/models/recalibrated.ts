import type { Calibration } from './decision/detector.ts';
import { modelHash } from './hash.ts';
import { type Model, predictorsOf } from './model.ts';
import type { LinearSource } from './sources/linear-source.ts';

/**
 * The same network and scaling with another calibration, under a number of its own; the rest of the card tells of the training
 * that both come from.
 */
export function recalibrated(
  model: Model,
  changed: { readonly calibration: Calibration; readonly linear?: readonly LinearSource[] },
  { number, createdAt }: { readonly number: number; readonly createdAt: number },
): Model {
  const { className, channels } = model.card;
  const next = { ...model, ...changed };
  const hash = modelHash(channels, { ...predictorsOf(next), calibration: next.calibration });
  const id = `${className}-${number}-${hash.slice(0, 8)}`;
  return { ...next, card: { ...model.card, id, number, hash, createdAt } };
}
