import type { ClassConfig } from './config.ts';
import type { ConfirmedFault } from './models/retraining/confirmed-faults.ts';
import { windowsBefore } from './models/retraining/fault-trials.ts';
import { alertsOf, type TrainingRowsParts } from './training-rows.ts';

/** The latest count: of more, older ones tell no more of the machines as they are. */
const mostFaults = 50;
/** Of a fault that stood for long the beginning says whether it is found. */
const longestRows = 2000;

/** Rows of the faults that operators confirmed. Rejects with the history's errors and JOURNAL_FAILED. */
export function createConfirmedFaults({
  config,
  history,
  journal,
}: Pick<TrainingRowsParts, 'history' | 'journal'> & { readonly config: ClassConfig }) {
  const { name, windowLength, sampleEveryMs } = config;

  return async (from: number, to: number): Promise<ConfirmedFault[]> => {
    const confirmed = alertsOf(journal, name, from)
      .filter(({ handling, startedAt }) => handling.outcome === 'fault' && startedAt >= from)
      .sort((a, b) => b.startedAt - a.startedAt)
      .slice(0, mostFaults);
    const faults: ConfirmedFault[] = [];
    for (const { assetId, startedAt, resolvedAt } of confirmed) {
      const end = Math.min(resolvedAt ?? to, to, startedAt + longestRows * sampleEveryMs);
      const before = startedAt - windowsBefore * windowLength * sampleEveryMs;
      const [rows] = await history.read(name, { assets: [assetId], from: before, to: end });
      // Its rows may be gone from the history by now.
      if (rows !== undefined && rows.at.length >= windowLength) faults.push({ rows, from: startedAt });
    }
    return faults;
  };
}
