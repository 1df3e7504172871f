import type { Notification } from '../sink.ts';
import { type FieldValue, lineOf, tagSet } from './line-protocol.ts';
import { assetTags } from './point-tags.ts';

/** Channels of an alert that become fields; its summary names no more. */
const TOP_CHANNELS = 3;

/** A model that came into use. */
export interface Training {
  readonly className: string;
  readonly model: string;
  /** When it was made, epoch ms. */
  readonly at: number;
  readonly seconds: number;
  readonly steps: number;
  /** Mean squared errors in scaled units; null when it was not measured. */
  readonly fitLoss: number | null;
  readonly heldOutLoss: number | null;
  /** Value of the statistic that is score 1.0. */
  /** Share of the windows held out from fitting with a score of 1.0 or more. */
  readonly heldOutExceeded: number;
}

/**
 * Two points for one transition of an alert, at its event time. `forewarn_alert` tells all about it; in
 * `forewarn_transition` raising and resolving are one series, 1 and 0, which is what a panel over time wants.
 */
export function alertLines({ alert, transition }: Notification): readonly string[] {
  const { id, assetId, className, labels, rule, score, peakScore, priority, model, summary } = alert;
  const place = { id: assetId, className, labels };
  const at = transition === 'resolved' ? (alert.resolvedAt ?? alert.firedAt) : alert.firedAt;
  const top = alert.channels
    .slice(0, TOP_CHANNELS)
    .flatMap(({ channel, share }, rank): [string, FieldValue][] => [
      [`channel_${rank + 1}`, channel],
      [`share_${rank + 1}`, share],
    ]);
  const about: [string, FieldValue][] = [
    ['id', id],
    ['summary', summary],
    ['score', score],
    ['peak_score', peakScore],
    ['priority', priority],
    ['model', model],
    ['seconds', alert.resolvedAt === null ? null : (alert.resolvedAt - alert.startedAt) / 1000],
    ...top,
  ];
  const change: [string, FieldValue][] = [
    ['active', alert.state === 'firing' ? 1 : 0],
    ['to', transition],
    ['id', id],
  ];
  return [
    lineOf('forewarn_alert', assetTags(place, { rule, state: transition }), about, at),
    lineOf('forewarn_transition', assetTags(place, { rule }), change, at),
  ].filter((line) => line !== null);
}

/** `forewarn_training`. */
export function trainingLine(training: Training): string {
  const { className, model, at, seconds, steps, fitLoss, heldOutLoss, heldOutExceeded } = training;
  const fields: [string, FieldValue][] = [
    ['model', model],
    ['seconds', seconds],
    ['steps', steps],
    ['fit_loss', fitLoss],
    ['held_out_loss', heldOutLoss],
    ['held_out_exceeded', heldOutExceeded],
  ];
  // The model's name alone makes it a point.
  return lineOf('forewarn_training', tagSet({ class: className }), fields, at)!;
}
