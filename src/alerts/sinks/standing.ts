import type { Alert } from '../../types.ts';
import type { Journal } from '../journal.ts';

const PAGE = 1000;

/** The alerts that fire and were told to the sinks, of one asset or of all. Throws a retryable `JOURNAL_FAILED`. */
export type Standing = (assetId?: string) => readonly Alert[];

/** Reads them from the journal, so that a sink which shows a state shows it after a restart as well. */
export function standingAlerts(journal: Pick<Journal, 'list'>): Standing {
  return (assetId) => {
    const filter = { state: 'firing' as const, limit: PAGE, ...(assetId === undefined ? {} : { assetId }) };
    const found: Alert[] = [];
    let cursor: string | null = null;
    do {
      const page = journal.list(cursor === null ? filter : { ...filter, cursor });
      found.push(...page.alerts.filter(({ handling }) => handling.told));
      cursor = page.nextCursor;
    } while (cursor !== null);
    return found;
  };
}
