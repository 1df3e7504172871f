import type { Judgement } from '../models/retraining/judgement.ts';
import type { TunedSettings } from '../models/tuning/search-space.ts';
import type { TuningResult } from '../models/tuning/tuner.ts';
import { textTable } from './text-table.ts';

/** Trials shown; all are in the log. */
const mostShown = 12;

const head = ['', 'SETTINGS', 'FAULTS FOUND', 'ALERTS/WEEK', 'ERROR', 'SECONDS', 'AGAINST THE OWN SETTINGS'];

/** The trials of a search, the own settings first and then the best, by what they do on the rows of the search. */
export function trialTable({ own, ranked }: TuningResult): string[] {
  const rows = ranked
    .slice(0, mostShown)
    .map(({ trial, decision }, i) => [
      String(i + 1),
      settingsText(trial.settings),
      ...figures(trial.search, trial.seconds),
      decision.reason.replaceAll('_', ' '),
    ]);
  return textTable(head, [
    ['own', settingsText(own.settings), ...figures(own.search, own.seconds), '-'],
    ...rows,
  ]);
}

function figures({ faults, episodesPerWeek, heldOutError }: Judgement, seconds: number): string[] {
  return [
    faults === null ? '-' : `${faults.found} of ${faults.tried}`,
    episodesPerWeek.toFixed(1),
    heldOutError === null ? '-' : heldOutError.toFixed(3),
    seconds.toFixed(1),
  ];
}

export function settingsText(settings: TunedSettings): string {
  const { windowLength, network, hidden, latent, smoothing, quantile, margin } = settings;
  const size = network === 'lstm_forecaster' ? `${hidden}` : `${hidden}/${latent}`;
  return `${network} ${size}, window ${windowLength}, smoothing ${smoothing}, quantile ${quantile}, margin ${margin}`;
}
