import type { Logger } from '../log.ts';
import type { AssetRows } from './asset-rows.ts';
import { type SegmentEntry, sealedSegments, segmentFile } from './segment-folder.ts';
import { createSegmentReader, type HistoryQuery, mostValues } from './segment-reader.ts';

/**
 * Rows of one class for a process beside the daemon that writes them: what is sealed into segments, which is all but the
 * last hour. Changes nothing on disk.
 */
export interface SealedRows {
  /** Rows of all times, an estimate of what a read of a part gives; 0 when nothing is kept. */
  readonly rows: number;
  /** Times of the first and the last row; infinite when nothing is kept. */
  readonly fromAt: number;
  readonly toAt: number;
  assets(): Promise<string[]>;
  /** By asset id and time. Rejects with HISTORY_TOO_LARGE or HISTORY_UNREADABLE. */
  read(query: HistoryQuery): Promise<AssetRows[]>;
}

/** `channels` are the names of the class, in the order of a row's values. */
export async function openSealedRows(
  directory: string,
  className: string,
  channels: readonly string[],
  log: Logger,
): Promise<SealedRows> {
  let entries: readonly SegmentEntry[] = await sealedSegments(directory, className);
  const reader = createSegmentReader({
    folder: {
      list: () => entries,
      fileOf: (entry) => segmentFile(directory, entry),
      // The process that owns them sets it aside; here it is left out.
      setAside: async (damaged) => {
        entries = entries.filter((entry) => entry !== damaged);
      },
    },
    unsealed: () => [],
    mostValues,
    log,
  });
  return {
    rows: entries.reduce((sum, { rows }) => sum + rows, 0),
    fromAt: Math.min(...entries.map(({ from }) => from)),
    toAt: Math.max(...entries.map(({ to }) => to)),
    assets: () => reader.assets(className),
    read: (query) => reader.rows(className, query, channels),
  };
}
